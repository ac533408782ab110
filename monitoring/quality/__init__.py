"""Quality of the fresh rows, before any statistics."""
