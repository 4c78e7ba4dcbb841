"""Small live examples of where Fisher information loss is right and where it is wrong."""
