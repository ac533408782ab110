"""Deleted runs are erased with their artifacts, other runs stay."""

from __future__ import annotations

import pytest
from mlflow.exceptions import MlflowException

from driftloop.pipelines import registry
from driftloop.pipelines.registry.erasing import erase_runs
from driftloop.pipelines.runtime.copies import local_path


@pytest.mark.usefixtures("_home")
def test_rows_and_artifacts_of_a_deleted_run_go() -> None:
    """A deleted run keeps both until then; one that was not deleted stays."""
    client = registry.client()
    gone, kept = (client.create_run(registry.experiment("erased")).info.run_id for _ in range(2))
    for run in (gone, kept):
        client.log_text(run, "text", "note.txt")
        client.log_metric(run, "loss", 1.0)
    files = [local_path(client.get_run(run).info.artifact_uri) / "note.txt" for run in (gone, kept)]
    assert all(file.is_file() for file in files)
    client.delete_run(gone)
    erase_runs([gone])
    assert [file.is_file() for file in files] == [False, True]
    with pytest.raises(MlflowException):
        client.get_run(gone)
    assert client.get_run(kept).data.metrics == {"loss": 1.0}
