"""Parts of the page own data."""
