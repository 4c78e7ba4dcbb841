"""Parts of the page Mitigations."""
