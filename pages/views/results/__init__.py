"""Parts of the page results."""
