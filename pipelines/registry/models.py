"""Versions of models in MLflow: store, register, load, find by alias. The only user of MLflow's registry.

Everything goes through `MlflowClient` with explicit run ids: MLflow's active run belongs to a thread, and a metric that
is logged in another thread silently opens a run that stays RUNNING.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from driftloop.monitoring.errors import FileMissing, ForeignVersion, HomeCopied, HomeMoved, NoChampion, Tampered
from driftloop.monitoring.records import Reference, Window
from driftloop.pipelines.runtime import copies, home

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

    from driftloop.pipelines.config.project import Training
    from driftloop.pipelines.training.scorer import Scorer

CHAMPION, PREVIOUS, CHALLENGER = "champion", "previous", "challenger"
MANIFEST, ARTIFACTS = "manifest.json", "mlartifacts"


@dataclass(frozen=True)
class Version:
    """One registered version. Its artifacts never change, so they are fetched once."""

    model: str
    number: str
    model_id: str
    run_id: str | None
    tags: dict[str, str] = field(hash=False)

    @property
    def trained_on(self) -> tuple[Window, ...]:
        """The spans whose rows this version has learned from."""
        return tuple(Window.model_validate(w) for w in json.loads(self.tags.get("driftloop.trained_on", "[]")))

    @property
    def newest_row(self) -> Any:
        """The end of the newest span it has learned from, or None."""
        return max((window.end for window in self.trained_on), default=None)


@functools.cache
def _client(uri: str) -> MlflowClient:
    from mlflow import MlflowClient

    # A fresh database is migrated by its first user; two first users at once lose one of them.
    with FileLock(str(home.home() / "mlflow.lock")):
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        for found in client.search_experiments(max_results=10):
            _refuse_if_moved(found.artifact_location)
        client.search_registered_models(max_results=1)
    return client


def client() -> MlflowClient:
    """The client of this process for the configured tracking URI."""
    if "MLFLOW_TRACKING_URI" not in os.environ:
        home.prepare()
    return _client(os.environ["MLFLOW_TRACKING_URI"])


def experiment(model: str) -> str:
    """The id of the model's experiment, made where there is none."""
    from mlflow.exceptions import MlflowException

    known = client().get_experiment_by_name(model)
    if known is not None:
        if known.lifecycle_stage == "deleted":
            client().restore_experiment(known.experiment_id)
        _refuse_if_moved(known.artifact_location)
        return str(known.experiment_id)
    # A server knows where artifacts belong; a database that MLFLOW_TRACKING_URI names directly does not.
    local = os.environ["MLFLOW_TRACKING_URI"].startswith(("sqlite", "postgresql"))
    place = (home.home() / ARTIFACTS / model).as_uri() if local else None
    try:
        return str(client().create_experiment(model, artifact_location=place))
    except MlflowException:
        made = client().get_experiment_by_name(model)
        if made is None:
            raise
        return str(made.experiment_id)


def versions(model: str) -> list[Version]:
    """All versions of a model, newest first."""
    found = client().search_model_versions(f"name = '{model}'", max_results=1000)
    return sorted((_version(one) for one in found), key=lambda v: -int(v.number))


def aliased(model: str, alias: str) -> Version | None:
    """The version behind an alias."""
    from mlflow.exceptions import MlflowException

    try:
        return _version(client().get_model_version_by_alias(model, alias))
    except MlflowException as error:
        if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            return None
        raise


def champion(model: str) -> Version:
    """The version that serves."""
    found = aliased(model, CHAMPION)
    if found is None:
        raise NoChampion(model)
    return found


def reference(version: Version) -> Reference:
    """What the version remembers of the rows it was made from."""
    return Reference.model_validate_json(checked(version, "reference.json"))


def reference_rows(version: Version) -> pd.DataFrame:
    """The version's own sample of its reference: canonical columns and `prediction`."""
    return table(version, "reference.parquet")


def table(version: Version, name: str) -> pd.DataFrame:
    """A parquet file of the version."""
    import pandas as pd

    return pd.read_parquet(io.BytesIO(checked(version, name)))


def scorer(version: Version, trust: Training | None = None) -> Scorer:
    """The version's model, after every file of it has proved to be the registered one.

    `trust` says what may be built beyond the known types; without it nothing may.
    """
    from driftloop.pipelines.training.storage import load

    files = {
        name: sha
        for name, sha in manifest(version).items()
        if "/" not in name and name.startswith(("scorer", "model."))
    }
    if trust is None:
        return load(folder(version), manifest=files)
    return load(folder(version), manifest=files, trusted_types=trust.trusted_types, allow_pickle=trust.allow_pickle)


@dataclass(frozen=True)
class Stored:
    """A model whose files lie in MLflow and that is no version yet. `sealed` is the sha256 of the list of its files."""

    model_id: str
    sealed: str


def store(
    model: str,
    *,
    run_id: str,
    fill: Callable[[Path], None],
    describe: Callable[[Path, str], None],
    params: dict[str, str],
) -> Stored:
    """Store what `fill` writes into a folder as one model; the sha256 of every file goes into a manifest beside it.

    `describe` writes the MLmodel file once the model's id is known.
    """
    logged = client().create_logged_model(
        experiment_id=experiment(model), name=model, source_run_id=run_id, params=params, model_type="driftloop"
    )
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        fill(place)
        describe(place, logged.model_id)
        files = {str(f.relative_to(place)): _sha256(f.read_bytes()) for f in sorted(place.rglob("*")) if f.is_file()}
        (place / MANIFEST).write_text(json.dumps(files, indent=1))
        sealed = _sha256((place / MANIFEST).read_bytes())
        client().log_model_artifacts(logged.model_id, str(place))
    client().finalize_logged_model(logged.model_id, "READY")
    return Stored(logged.model_id, sealed)


def fail_unfinished_models(run_id: str) -> None:
    """Mark the models that a run had begun to store as failed: MLflow would show them as PENDING for good."""
    experiment_id = client().get_run(run_id).info.experiment_id
    for logged in client().search_logged_models([experiment_id], f"source_run_id = '{run_id}'"):
        if str(logged.status) == "PENDING":
            client().finalize_logged_model(logged.model_id, "FAILED")


def register(model: str, stored: Stored, *, run_id: str, tags: dict[str, str]) -> Version:
    """Make a version of a stored model. MLflow would make a second one as well: the caller takes care of that."""
    _ensure_registered(model)
    made = client().create_model_version(
        name=model,
        source=f"models:/{stored.model_id}",
        run_id=run_id,
        tags={**tags, "driftloop.model_id": stored.model_id, "driftloop.manifest_sha256": stored.sealed},
        model_id=stored.model_id,
    )
    return _version(made)


def of_request(model: str, request_id: str) -> Version | None:
    """The version that a request has led to, if it was registered.

    One at most: of two that an answer lost on its way has led to, the later one is deleted. Asked inside the lock.
    """
    found = [one for one in versions(model) if one.tags.get("driftloop.request_id") == request_id]
    for twin in found[:-1]:
        client().delete_model_version(model, twin.number)
    return found[-1] if found else None


def point(version: Version, alias: str) -> None:
    """Move an alias. Who moves `champion` or `previous` does it inside the ledger's lock: MLflow compares nothing."""
    client().set_registered_model_alias(version.model, alias, version.number)


def unpoint(model: str, alias: str) -> None:
    """Take an alias away."""
    client().delete_registered_model_alias(model, alias)


def tag(version: Version, key: str, value: str) -> None:
    """Write down on a version what became of it."""
    client().set_model_version_tag(version.model, version.number, key, value[:4000])


def verify(version: Version) -> None:
    """Hold every file of the version against what was registered; one that differs raises `Tampered`."""
    for name in manifest(version):
        checked(version, name)


def _ensure_registered(model: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client().create_registered_model(model)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _version(found: ModelVersion) -> Version:
    tags = dict(found.tags)
    model_id = found.model_id or tags.get("driftloop.model_id", "")
    return Version(model=found.name, number=str(found.version), model_id=model_id, run_id=found.run_id, tags=tags)


@functools.cache
def _location(_uri: str, model_id: str) -> str:
    return str(client().get_logged_model(model_id).artifact_location)


def folder(version: Version) -> Path:
    """The local folder of the version's files."""
    if "driftloop.manifest_sha256" not in version.tags:
        raise ForeignVersion(version.model, version.number)
    return copies.local(_location(client().tracking_uri, version.model_id), version.model_id)


def manifest(version: Version) -> dict[str, str]:
    """The sha256 of each file of the version, itself held against the version's tag."""
    content = _bytes(version, MANIFEST)
    if _sha256(content) != version.tags.get("driftloop.manifest_sha256"):
        raise _tampered(version, MANIFEST)
    told: dict[str, str] = json.loads(content)
    return told


def checked(version: Version, name: str) -> bytes:
    """The content of a file, read once: just those bytes that were checked are interpreted."""
    content = _bytes(version, name)
    if _sha256(content) != manifest(version).get(name):
        raise _tampered(version, name)
    return content


def _bytes(version: Version, name: str) -> bytes:
    try:
        return (folder(version) / name).read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        # A store that is away or closed to us is another matter: it says nothing about the version.
        _refuse_if_moved(_location(client().tracking_uri, version.model_id))
        copies.discard(version.model_id)
        raise FileMissing(f"{version.model} version {version.number}", name, str(folder(version))) from error


def _refuse_if_moved(location: str) -> None:
    """Raise `HomeMoved` or `HomeCopied` if MLflow has its files in another folder than the state folder of now.

    A database that is not in the state folder may have its files anywhere, as long as they are there.
    """
    if not location.startswith(("file:", "/")):
        return
    from mlflow.utils.file_utils import local_file_uri_to_path

    place = Path(str(local_file_uri_to_path(location)))  # type: ignore[no-untyped-call]
    if ARTIFACTS not in place.parts:
        return
    at = len(place.parts) - 1 - place.parts[::-1].index(ARTIFACTS)
    here, before = home.home(), Path(*place.parts[:at])
    if not place.exists() and here.joinpath(*place.parts[at:]).exists():
        raise HomeMoved(str(here), str(before))
    own = os.environ.get("MLFLOW_TRACKING_URI") == home.sqlite_url(here / "mlflow.db")
    if own and before.exists() and not before.samefile(here):
        raise HomeCopied(str(here), str(before))


def _tampered(version: Version, name: str) -> Tampered:
    copies.discard(version.model_id)
    return Tampered(f"{version.model} version {version.number}", name)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
