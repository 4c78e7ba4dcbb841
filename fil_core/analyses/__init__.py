"""The analyses: one folder each, with one entry that says everything about a kind of request."""
