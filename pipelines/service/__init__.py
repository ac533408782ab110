"""The embedded service: clock, arriving rows and HTTP requests start checks in one process."""
