"""Parts of the page Own data."""
