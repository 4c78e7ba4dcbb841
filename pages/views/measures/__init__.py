"""Parts of the page All measures."""
