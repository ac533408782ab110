"""Training as plain functions: features, fit, split, gate, storage. No Prefect, no MLflow; sole owner of xgboost.

Importing this package or a module of it loads neither xgboost nor scikit-learn nor matplotlib: a training that ends
early must not pay for them.
"""
