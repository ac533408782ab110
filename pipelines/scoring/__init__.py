"""Predictions over HTTP by the champion of each model, which is followed as it changes."""
