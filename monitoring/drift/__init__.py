"""Drift: distances between profiles, what they are by chance, and the verdict on each column."""
