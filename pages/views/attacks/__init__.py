"""Parts of the page attacks."""
