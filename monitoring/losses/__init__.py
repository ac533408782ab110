"""Losses on labelled rows."""
