"""Parts of the page mitigations."""
