"""A name of MLflow that its documentation does not list, in one place. `tests/contracts` checks it."""

from __future__ import annotations

from typing import Any


def described_source(source: str) -> Any:
    """Return a dataset source that is only a description: MLflow reads nothing from it."""
    from mlflow.data.code_dataset_source import CodeDatasetSource

    return CodeDatasetSource(tags={"source": source})
