"""Parts of the page leakage."""
