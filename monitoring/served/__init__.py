"""What a stored model needs to predict. This package travels with each model, and imports nothing of driftloop.

Its modules import the standard library, numpy, pandas, and, when a model is opened, the library of its estimator.
Checks and training use the same modules, so that a served model predicts what a check has judged.
"""
