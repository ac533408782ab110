"""Canonical rows of a window."""
