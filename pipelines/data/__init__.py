"""Fresh rows of a time span, and their storage."""
