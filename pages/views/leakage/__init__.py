"""Parts of the page Leakage."""
