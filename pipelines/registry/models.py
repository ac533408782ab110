"""Versions of models in MLflow: store, register, find by alias. The only user of MLflow's registry."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from driftloop.monitoring.errors import NoChampion
from driftloop.pipelines.registry.connection import client, experiment
from driftloop.pipelines.registry.files import MANIFEST, sha256
from driftloop.pipelines.registry.version import Version

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

# In the description of a version, before the reason why its promotion was taken back.
TAKEN_BACK = "\n\nTaken back: "
# Start of the description of a model that driftloop writes.
DESCRIBED = "Kept by driftloop"
log = logging.getLogger("driftloop.registry")
CHAMPION, PREVIOUS, CHALLENGER, SHADOW = "champion", "previous", "challenger", "shadow"
# Models that are asked for one by one: a server may have many more that are not ours. Models of a page.
ONE_BY_ONE, A_PAGE = 20, 1000


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


def champions(models: Collection[str]) -> dict[str, Version]:
    """The champion of each of many models, without those that have none."""
    if len(models) <= ONE_BY_ONE:
        return {model: found for model in models if (found := aliased(model, CHAMPION)) is not None}
    known: dict[str, Version] = {}
    wanted, token = set(models), None
    while True:
        page = client().search_registered_models(max_results=A_PAGE, page_token=token)
        for one in page:
            number = one.aliases.get(CHAMPION)
            if one.name not in wanted or number is None:
                continue
            newest = next((found for found in one.latest_versions if str(found.version) == str(number)), None)
            version = _version(newest) if newest is not None else aliased(one.name, CHAMPION)
            if version is not None:
                known[one.name] = version
        token = page.token
        if not token:
            return known


def champion(model: str) -> Version:
    """The version that serves."""
    found = aliased(model, CHAMPION)
    if found is None:
        raise NoChampion(model)
    return found


@dataclass(frozen=True)
class Stored:
    """A stored model that is not registered yet. `sealed` is the sha256 of the list of its files."""

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
    """Store what `fill` writes into a folder as one model; the sha256 of every file goes into its manifest.

    `describe` writes the MLmodel file once the model's id is known.
    """
    logged = client().create_logged_model(
        experiment_id=experiment(model), name=model, source_run_id=run_id, params=params, model_type="driftloop"
    )
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        fill(place)
        describe(place, logged.model_id)
        files = {str(f.relative_to(place)): sha256(f.read_bytes()) for f in sorted(place.rglob("*")) if f.is_file()}
        (place / MANIFEST).write_text(json.dumps(files, indent=1))
        sealed = sha256((place / MANIFEST).read_bytes())
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
    """Make a version of a stored model. MLflow would make a second one as well: the caller takes care of that.

    Its description in MLflow is the result of the gate.
    """
    _ensure_registered(model)
    made = client().create_model_version(
        name=model,
        source=f"models:/{stored.model_id}",
        run_id=run_id,
        tags={**tags, "driftloop.model_id": stored.model_id, "driftloop.manifest_sha256": stored.sealed},
        model_id=stored.model_id,
        description=tags.get("driftloop.gate_reason"),
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
    """Move an alias. Who moves `champion` or `previous` does it inside the ledger's lock: MLflow compares nothing.

    The description of the model in MLflow follows the champion.
    """
    client().set_registered_model_alias(version.model, alias, version.number)
    if alias == CHAMPION:
        _describe(version)


def unpoint(model: str, alias: str) -> None:
    """Take an alias away."""
    client().delete_registered_model_alias(model, alias)


def settings(version: Version) -> dict[str, str]:
    """Return the parameters of the run that trained a version; none where that run is gone."""
    from mlflow.exceptions import MlflowException

    if version.run_id is None:
        return {}
    try:
        return dict(client().get_run(version.run_id).data.params)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return {}


def tag(version: Version, key: str, value: str) -> None:
    """Write down on a version what became of it."""
    client().set_model_version_tag(version.model, version.number, key, value[:4000])


def take_back(model: str, number: str, reason: str) -> None:
    """Write on a version, in its tag and its description, why its promotion was taken back; nothing if it is gone."""
    from mlflow.exceptions import MlflowException

    try:
        found = client().get_model_version(model, number)
        client().set_model_version_tag(model, number, "driftloop.taken_back", reason[:4000])
        gate = (found.description or "").split(TAKEN_BACK)[0]
        client().update_model_version(model, number, f"{gate}{TAKEN_BACK}{reason}"[:4000])
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise


def _describe(version: Version) -> None:
    """Write into the model's description which version serves, and why; a text of the user's own stays as it is."""
    from mlflow.exceptions import MlflowException

    try:
        text = client().get_registered_model(version.model).description or ""
        if not text or text.startswith(DESCRIBED):
            client().update_registered_model(version.model, _description(version))
    except MlflowException as error:
        # The alias has moved: the description follows at the next promotion.
        log.warning("%s: the description in MLflow was not written: %s", version.model, type(error).__name__)


def _description(version: Version) -> str:
    """Return what MLflow's page of the model shows."""
    spans = version.fitted_on
    learned = f", trained on rows from {min(w.start for w in spans):%Y-%m-%d}" if spans else ""
    learned += f" to {max(w.end for w in spans):%Y-%m-%d}" if spans else ""
    rows = version.tags.get("driftloop.learned_rows")
    learned += f" ({int(rows):,} rows)" if rows else ""
    loss = version.tags.get("driftloop.loss", "").replace("=", " ")
    lines = [
        f"{DESCRIBED}: checked for drift, retrained when that pays. The version with the alias `champion` serves.",
        f"Version {version.number} serves{learned}.",
        f"Why: {version.tags['driftloop.gate_reason']}" if version.tags.get("driftloop.gate_reason") else "",
        f"Loss on its held-out rows: {loss}." if loss else "",
    ]
    return "\n\n".join(line for line in lines if line)[:4000]


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
