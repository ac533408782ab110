"""HTML pieces, style and status texts that all pages share."""
