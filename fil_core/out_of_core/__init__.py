"""Training sets larger than memory: read, summed and measured in blocks of rows."""
