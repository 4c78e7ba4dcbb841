"""Views of the page Studies."""
