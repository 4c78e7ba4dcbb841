"""The part of the page about attacks that are run on trained models."""
