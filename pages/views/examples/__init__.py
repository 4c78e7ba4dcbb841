"""Parts of the page examples."""
