"""Parts of the page Attacks."""
