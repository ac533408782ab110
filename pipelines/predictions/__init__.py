"""Predictions: made, logged, matched to rows."""
