"""Names of MLflow that its documentation does not list, in one place. `tests/contracts` checks them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow.entities import Run


def described_source(source: str) -> Any:
    """Return a dataset source that is only a description: MLflow reads nothing from it."""
    from mlflow.data.code_dataset_source import CodeDatasetSource

    return CodeDatasetSource(tags={"source": source})


def erase_run(run: Run) -> None:
    """Remove rows and artifacts of a deleted run, as `mlflow gc` does. Behind a server they stay."""
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
    from mlflow.tracking._tracking_service.utils import _get_store

    store: Any = _get_store()  # type: ignore[no-untyped-call]
    if hasattr(store, "_hard_delete_run"):
        with suppress(Exception):  # a deleted run whose rows stay is hidden
            artifacts: Any = get_artifact_repository(run.info.artifact_uri)
            artifacts.delete_artifacts()
            store._hard_delete_run(run.info.run_id)  # noqa: SLF001
