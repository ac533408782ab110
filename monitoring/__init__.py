"""Observe and judge: no Prefect, no MLflow, no training lives here."""
