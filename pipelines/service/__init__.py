"""The embedded service: the clock, arriving rows and HTTP requests start checks in one process, side by side."""
