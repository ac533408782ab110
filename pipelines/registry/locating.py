"""Models of MLflow found by URI, in any tracking server or database, and fetched. Nothing of a model is opened."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from driftloop.monitoring.errors import AdoptionRefused, clipped
from driftloop.monitoring.sources.places import scrubber
from driftloop.pipelines.runtime import copies
from driftloop.pipelines.training.as_adopted import known_params

MODELS, RUNS = "models:", "runs:"


def pinned(uri: str, tracking_uri: str | None) -> str:
    """Return a URI that names the same model tomorrow: an alias becomes its version, a folder its absolute path."""
    if not uri.startswith(MODELS):
        return uri if uri.startswith(RUNS) or "://" in uri else str(Path(uri).expanduser().resolve())
    client, path = _client(tracking_uri), uri.removeprefix(f"{MODELS}/")
    name, _, alias = path.partition("@")
    if alias:
        return f"{MODELS}/{name}/{_asked(uri, tracking_uri, client.get_model_version_by_alias, name, alias).version}"
    name, _, number = path.partition("/")
    if not number or number.isdigit():
        return uri
    there = _asked(uri, tracking_uri, client.search_model_versions, f"name = '{name}'")
    stages = {number.lower()} if number.lower() != "latest" else {str(one.current_stage).lower() for one in there}
    numbers = [int(one.version) for one in there if str(one.current_stage).lower() in stages]
    if not numbers:
        raise _unknown(uri, tracking_uri, f"{name or 'it'} has no such version")
    return f"{MODELS}/{name}/{max(numbers)}"


def fetch(uri: str, place: Path, tracking_uri: str | None = None) -> None:
    """Copy the files of a model into a folder, whole or not at all; one that cannot be found is refused.

    `uri` is one that `pinned` returned. MLflow itself would look in the registry of this process alone.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".fetching-") as scratch:
        whole = Path(scratch) / "model"
        location = _location(uri, tracking_uri)
        local = location.startswith(("/", "file:"))
        if local:
            _copied(uri, location, whole, tracking_uri)
        else:
            from mlflow.artifacts import download_artifacts

            whole.mkdir()
            server = tracking_uri or os.environ["MLFLOW_TRACKING_URI"]
            options = {"dst_path": str(whole), "tracking_uri": server, "registry_uri": server}
            whole = Path(_asked(uri, tracking_uri, partial(download_artifacts, artifact_uri=location, **options)))
        if not (whole / "MLmodel").is_file():
            raise _unknown(uri, tracking_uri, "its folder has no file MLmodel")
        shutil.rmtree(place, ignore_errors=True)
        whole.rename(place)


def _copied(uri: str, location: str, whole: Path, tracking_uri: str | None) -> None:
    source = copies.local_path(location)
    if not source.is_dir():
        raise _unknown(uri, tracking_uri, "there is no such folder")
    shutil.copytree(source, whole)


def _location(uri: str, tracking_uri: str | None) -> str:
    """Return where the files of a model are: a folder, or the address of a store."""
    client = _client(tracking_uri)
    if uri.startswith(MODELS):
        name, _, number = uri.removeprefix(f"{MODELS}/").partition("/")
        if not number:
            return str(_asked(uri, tracking_uri, client.get_logged_model, name).artifact_location)
        version = _asked(uri, tracking_uri, client.get_model_version, name, number)
        if version.model_id:
            return str(_asked(uri, tracking_uri, client.get_logged_model, version.model_id).artifact_location)
        return str(_asked(uri, tracking_uri, client.get_model_version_download_uri, name, number))
    if uri.startswith(RUNS):
        run_id, _, path = uri.removeprefix(f"{RUNS}/").partition("/")
        run = _asked(uri, tracking_uri, client.get_run, run_id)
        logged = client.search_logged_models([run.info.experiment_id], f"source_run_id = '{run_id}'")
        found = next((one for one in logged if one.name == path), None)
        return str(found.artifact_location) if found else f"{run.info.artifact_uri}/{path}"
    return uri


def training_params(flavor: str, run_id: str | None, tracking_uri: str | None) -> dict[str, Any]:
    """Return the parameters that the model's file does not keep and its run has logged; none where there is no run."""
    if flavor != "xgboost" or run_id is None:
        return {}
    try:
        logged = _client(tracking_uri).get_run(run_id).data.params
    except Exception:
        return {}  # the run may be gone, or on another server
    return known_params(logged)


def _client(tracking_uri: str | None) -> Any:
    from mlflow import MlflowClient

    server = tracking_uri or os.environ["MLFLOW_TRACKING_URI"]
    file = server.removeprefix("sqlite:///")
    if tracking_uri is not None and file != server and not Path(file).is_file():
        # MLflow would make an empty database there.
        raise AdoptionRefused(
            tracking_uri,
            "there is no such database",
            expected="the address of the MLflow that has the model, such as http://host:5000 or sqlite:///mlflow.db",
            remedy="correct --tracking-uri; a relative path starts in the working folder",
        )
    return MlflowClient(tracking_uri=server, registry_uri=server)


def _asked(uri: str, tracking_uri: str | None, call: Callable[..., Any], *given: Any) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        return call(*given)
    except (MlflowException, FileNotFoundError) as error:
        raise _unknown(uri, tracking_uri, clipped(str(error).splitlines()[0], 300)) from error


def _unknown(uri: str, tracking_uri: str | None, why: str) -> AdoptionRefused:
    server = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI", "")
    return AdoptionRefused(
        uri,
        f"no such model: {why}",
        expected="models:/NAME/VERSION, models:/NAME@ALIAS, runs:/RUN/PATH, or a folder with a file MLmodel",
        remedy="correct it, or name the MLflow that has it by --tracking-uri (looked in "
        f"{scrubber(server, server)(server)})",
    )
