"""Predictions: computed, logged, matched to rows."""
