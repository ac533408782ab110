"""What MLflow's documentation does not promise and `pipelines/registry` uses, and where an upgrade shows."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from driftloop.pipelines import registry
from driftloop.pipelines.registry.mlflow_parts import described_source
from driftloop.pipelines.runtime.copies import local_path
from tests.registered import registered


def test_a_source_may_be_a_description() -> None:
    """A dataset takes a source that is only text, and keeps it."""
    from mlflow.data.pandas_dataset import from_pandas

    rows = pd.DataFrame({"n": [1.0, 2.0]})
    kept = from_pandas(rows, source=described_source("taxi trips"), name="rows", digest="d1").to_dict()
    assert json.loads(kept["source"]) == {"tags": {"source": "taxi trips"}}, "mlflow: CodeDatasetSource changed"
    assert (kept["source_type"], kept["name"], kept["digest"]) == ("code", "rows", "d1")


@pytest.mark.usefixtures("_home")
def test_a_store_is_a_path_or_a_file_uri(tmp_path: Path) -> None:
    """The place of an experiment is a path or a `file:` URI of it, with blanks encoded."""
    folder = tmp_path / "my models"
    client = registry.client()
    made = client.create_experiment("place", artifact_location=folder.as_uri())
    location = client.get_experiment(made).artifact_location
    assert local_path(location) == folder, f"mlflow: a store is now written as {location!r}"
    assert local_path(str(folder)) == folder


@pytest.mark.usefixtures("_home")
def test_a_missing_alias_has_a_known_code() -> None:
    """An alias that is not there is reported from an unreachable server by MLflow's error code."""
    from mlflow.exceptions import MlflowException

    registered("coded")
    for model in ("coded", "never registered"):
        with pytest.raises(MlflowException) as error:
            registry.client().get_model_version_by_alias(model, "nobody")
        codes = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}
        assert error.value.error_code in codes, "mlflow: registry.aliased must know the new code"
    with pytest.raises(MlflowException) as error:
        registry.client().create_registered_model("coded")
    assert error.value.error_code == "RESOURCE_ALREADY_EXISTS", "mlflow: registry.register must know the new code"


def test_an_mlmodel_file_takes_any_type(tmp_path: Path) -> None:
    """A column of the signature may be of any type: otherwise MLflow refuses rows that a check reads."""
    from mlflow.models import Model, ModelSignature
    from mlflow.types import ColSpec, Schema
    from mlflow.types.schema import AnyType

    inputs = Schema([ColSpec(AnyType(), "fare", required=False)])
    Model(signature=ModelSignature(inputs=inputs)).save(str(tmp_path / "MLmodel"))
    written = yaml.safe_load((tmp_path / "MLmodel").read_text())["signature"]["inputs"]
    assert json.loads(written) == [{"type": "any", "name": "fare", "required": False}], "mlflow: AnyType changed"


@pytest.mark.usefixtures("_home")
def test_a_stored_model_is_pending_until_it_is_finalized() -> None:
    """A broken training is found by the status PENDING of what it had begun to store."""
    client = registry.client()
    place = registry.experiment("pending")
    made = client.create_logged_model(experiment_id=place, name="pending")
    assert str(client.get_logged_model(made.model_id).status) == "PENDING", "mlflow: LoggedModelStatus changed"
    client.finalize_logged_model(made.model_id, "FAILED")
    assert str(client.get_logged_model(made.model_id).status) == "FAILED"
