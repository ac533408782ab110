"""A model is found by every URI of MLflow, in the server that the user names, and copied."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pytest
from sklearn.linear_model import LinearRegression

from driftloop.monitoring.errors import AdoptionRefused
from driftloop.pipelines.registry import locating, origins


def test_a_model_is_named_by_alias_version_and_run_of_another_mlflow(tmp_path: Path) -> None:
    """An alias is replaced by its version; nothing of the other registry is changed."""
    uri = f"sqlite:///{tmp_path}/theirs.db"
    client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    place = tmp_path / "artifacts"
    run = client.create_run(client.create_experiment("theirs", artifact_location=place.as_uri())).info
    mlflow.sklearn.save_model(
        LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), tmp_path / "saved", pip_requirements=["mlflow"]
    )
    client.log_artifacts(run.run_id, str(tmp_path / "saved"), "model")
    client.log_param(run.run_id, "max_depth", 4)
    client.create_registered_model("sales")
    client.create_model_version("sales", f"{run.artifact_uri}/model", run.run_id)
    client.set_registered_model_alias("sales", "prod", "1")
    names = ("models:/sales/1", "models:/sales@prod", "models:/sales/latest", f"runs:/{run.run_id}/model")
    pins = [locating.pinned(one, uri) for one in names]
    assert pins == ["models:/sales/1"] * 3 + [names[3]]
    for at, one in enumerate(pins):
        locating.fetch(one, tmp_path / f"copy{at}", uri)
    assert len({origins.digest(tmp_path / f"copy{at}") for at in range(4)}) == 1
    assert locating.training_params("xgboost", run.run_id, uri) == {"max_depth": 4}
    assert locating.training_params("xgboost", "nothing", uri) == {}
    with pytest.raises(AdoptionRefused, match="no such model"):
        locating.pinned("models:/sales@nobody", uri)
    with pytest.raises(AdoptionRefused, match="there is no such database"):
        locating.pinned("models:/sales@prod", f"sqlite:///{tmp_path}/nothing.db")
    assert not (tmp_path / "nothing.db").exists()


def test_a_folder_is_copied_whole_or_refused(tmp_path: Path) -> None:
    """It must have been written by MLflow."""
    mlflow.sklearn.save_model(
        LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]), tmp_path / "saved", pip_requirements=["mlflow"]
    )
    pinned = locating.pinned(str(tmp_path / "saved"), None)
    locating.fetch(pinned, tmp_path / "copy")
    assert origins.digest(tmp_path / "copy") == origins.digest(tmp_path / "saved")
    with pytest.raises(AdoptionRefused, match="no such folder"):
        locating.fetch(str(tmp_path / "nothing"), tmp_path / "other")
    with pytest.raises(AdoptionRefused, match="no file MLmodel"):
        locating.fetch(str(tmp_path), tmp_path.parent / "other")
    assert not (tmp_path / "other").exists()
