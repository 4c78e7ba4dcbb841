"""Parts of single pages, one folder per page."""
