"""What the pages share: the sidebar, the way to results, charts, tiles and words."""
