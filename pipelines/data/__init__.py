"""Fresh rows of a span and where they are kept."""
