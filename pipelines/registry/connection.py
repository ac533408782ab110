"""Connection to MLflow: the client of this process, and the experiment of each model.

Everything goes through `MlflowClient` with explicit run ids: MLflow's active run belongs to a thread, and a metric that
is logged in another thread silently opens a run that stays RUNNING.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from driftloop.monitoring.errors import HomeCopied, HomeMoved
from driftloop.pipelines.registry.relocating import relocate
from driftloop.pipelines.runtime import copies, home

if TYPE_CHECKING:
    from mlflow import MlflowClient

ARTIFACTS = "mlartifacts"
# Tag by which MLflow's pages know an experiment of trained models.
TRAINED = {"mlflow.experimentKind": "custom_model_development"}


@functools.cache
def _client(uri: str) -> MlflowClient:
    from mlflow import MlflowClient

    # A fresh database is migrated by its first user; of two simultaneous first users one would fail.
    with FileLock(str(home.home() / "mlflow.lock")):
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        places = [experiment.artifact_location for experiment in client.search_experiments(max_results=10)]
        if not any(map(_relocated, places)):
            for place in places:
                refuse_if_moved(place)
        client.search_registered_models(max_results=1)
    return client


def client() -> MlflowClient:
    """Return the client of this process for the configured tracking URI."""
    if "MLFLOW_TRACKING_URI" not in os.environ:
        home.prepare()
    return _client(os.environ["MLFLOW_TRACKING_URI"])


def experiment(model: str) -> str:
    """Return the id of the model's experiment; create it if there is none."""
    from mlflow.exceptions import MlflowException

    known = client().get_experiment_by_name(model)
    if known is not None:
        if known.lifecycle_stage == "deleted":
            client().restore_experiment(known.experiment_id)
        refuse_if_moved(known.artifact_location)
        return str(known.experiment_id)
    # A server knows where artifacts belong; a database that MLFLOW_TRACKING_URI names directly does not.
    local = os.environ["MLFLOW_TRACKING_URI"].startswith(("sqlite", "postgresql"))
    place = (home.home() / ARTIFACTS / model).as_uri() if local else None
    try:
        number = str(client().create_experiment(model, artifact_location=place, tags=TRAINED))
    except MlflowException:
        made = client().get_experiment_by_name(model)
        if made is None:
            raise
        return str(made.experiment_id)
    client().set_experiment_tag(number, "mlflow.note.content", _description(model, number))
    return number


def _description(model: str, number: str) -> str:
    """Return what MLflow's page of an experiment shows: in its GenAI view, which it begins with, no run is listed."""
    runs = f"#/experiments/{number}/runs?workflowType=machine_learning"
    return f"Checks and retrains of the model `{model}` by driftloop: [runs in the view *Model training*]({runs})."


def _relocated(location: str) -> bool:
    """Update the paths of a state folder that was moved with its own database; return whether it was moved."""
    before = _moved_from(location)
    if before is None or not _is_own():
        return False
    relocate(before, home.home(), ARTIFACTS)
    return True


def refuse_if_moved(location: str) -> None:
    """Raise `HomeMoved` or `HomeCopied` if MLflow has its files in another folder than the current state folder.

    A database that is not in the state folder may have its files anywhere, as long as they are there.
    """
    here, before = home.home(), _before(location)
    if before is None:
        return
    if _moved_from(location) is not None:
        raise HomeMoved(str(here), str(before))
    if _is_own() and before.exists() and not before.samefile(here):
        raise HomeCopied(str(here), str(before))


def _is_own() -> bool:
    """Return whether MLflow's database is the one in the state folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") == home.sqlite_url(home.home() / "mlflow.db")


def _before(location: str) -> Path | None:
    """Return the state folder in which MLflow has its files; None if they are elsewhere."""
    if not location.startswith(("file:", "/")):
        return None
    parts = copies.local_path(location).parts
    if ARTIFACTS not in parts:
        return None
    return Path(*parts[: len(parts) - 1 - parts[::-1].index(ARTIFACTS)])


def _moved_from(location: str) -> Path | None:
    """Return the former state folder if the files are no longer there, and are in the current one."""
    before = _before(location)
    if before is None:
        return None
    place = copies.local_path(location)
    here = home.home() / place.relative_to(before)
    return before if not place.exists() and here.exists() else None
