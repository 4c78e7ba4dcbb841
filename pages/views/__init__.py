"""What only one page draws, a folder a page."""
