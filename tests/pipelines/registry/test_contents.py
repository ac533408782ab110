"""A version carries all that a user looks up later, and nothing that runs code when it is read."""

from __future__ import annotations

import io
import json
import pickletools
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.data.pandas_dataset import from_pandas

from driftloop.monitoring.drift.reference import PREDICTION
from driftloop.monitoring.errors import StoredModelDiffers, Untrusted
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Outcome, Window
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.data.fresh import content_digest
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.flows.reading import read
from driftloop.pipelines.registry.contents import _schema_rows
from driftloop.pipelines.runtime import home
from driftloop.pipelines.training.steps import divide
from tests.conftest import Model
from tests.streams import day, stream

Make = Callable[..., Model]


def training_run(name: str) -> Any:
    return registry.client().get_run(str(registry.champion(name).run_id))


def files(run_id: str, path: str | None = None) -> set[str]:
    return {file.path for file in registry.client().list_artifacts(run_id, path)}


def test_a_version_states_where_it_comes_from(trained: Make) -> None:
    """Request, training rows, gate and loss are tags of the version; the request is the one in the ledger."""
    made = trained()
    version = registry.champion(made.name)
    asked = Ledger(home.ledger_url()).requests(made.name)[-1]
    assert version.tags["driftloop.request_id"] == asked["request_id"]
    assert version.tags["driftloop.gate"] == "better"
    assert version.tags["driftloop.refit"] == "true"
    assert json.loads(version.tags["driftloop.recipe"])["estimator"] == "xgboost"
    assert version.tags["driftloop.loss"].startswith("mae=")
    (window,) = version.trained_on
    assert day(0) <= window.start < day(16) < window.end <= day(21), "the holdout was learned from after the gate"
    assert version.newest_row == window.end


def test_the_version_has_signature_and_example_under_its_own_id(trained: Make) -> None:
    """MLflow knows the columns and their kinds, and the example predicts."""
    version = registry.champion(trained().name)
    info = mlflow.models.get_model_info(f"models:/{version.model}/{version.number}")
    assert info.model_id == version.model_id
    assert info.signature.inputs.input_names() == ["amount", "speed", "city", "kind"]
    assert info.metadata == {"target": "y", "numeric": ["amount", "speed"], "categorical": ["city", "kind"]}
    example = json.loads((registry.folder(version) / "input_example.json").read_text())
    frame = pd.DataFrame(example["data"], columns=example["columns"])
    assert len(frame) == 5
    assert np.isfinite(mlflow.pyfunc.load_model(f"models:/{version.model}@champion").predict(frame)).all()


def test_the_run_shows_rows_parameters_and_pictures(trained: Make) -> None:
    """Lineage with a digest over every row, parameters, gate numbers, importances and plots are in the training run."""
    made = trained()
    run = training_run(made.name)
    project = load(made.file)
    inputs = {one.tags[0].value: one.dataset for one in run.inputs.dataset_inputs}
    assert set(inputs) == {"training", "holdout"}
    whole = Window(start=day(0), end=day(21))
    judged = divide(project, read.fn(Query(project, whole, project.folder)).frame, whole).train
    assert inputs["training"].digest == content_digest(judged)
    assert json.loads(inputs["training"].profile)["num_rows"] == len(judged)
    assert run.data.metrics["train_rows"] == len(judged) < run.data.metrics["learned_rows"]
    assert run.data.metrics["learned_days"] == pytest.approx(21, abs=0.2)
    assert "rows.parquet" in inputs["training"].source
    expected = {"estimator": "xgboost", "chosen": "xgboost", "n_estimators": "10", "learning_rate": "0.1"}
    assert run.data.params == expected
    assert {"challenger_loss", "baseline_loss", "gate_low", "gate_high", "train_rows", "holdout_rows"} <= set(
        run.data.metrics
    )
    assert {"config.json", "gate.json", "importances.json", "plots"} <= files(run.info.run_id)
    assert files(run.info.run_id, "plots") == {"plots/importances.png", "plots/residuals.png"}


def test_a_few_rows_give_the_schema_of_all() -> None:
    """What MLflow infers of a column is in its first value and its first hole: the schema is that of every row."""
    rows = stream(5).astype({"city": object})
    rows.loc[40:, "amount"], rows.loc[:39, "city"] = np.nan, None
    rows["whole"] = range(len(rows))
    few = _schema_rows(rows)
    assert len(few) <= 2 * rows.shape[1]
    assert from_pandas(few).schema == from_pandas(rows).schema
    assert len(_schema_rows(rows.head(0))) == 0


def test_classes_get_a_confusion_matrix(trained: Make) -> None:
    """A model of classes shows which it takes for which."""
    run = training_run(trained(task="multiclass").name)
    assert "plots/confusion.png" in files(run.info.run_id, "plots")


def test_the_reference_is_the_versions_own(trained: Make) -> None:
    """The sample holds the config's columns and the prediction that the stored model gives for each row."""
    made = trained()
    version = registry.champion(made.name)
    rows, reference = registry.reference_rows(version), registry.reference(version)
    assert list(rows.columns) == ["ts", "amount", "speed", "city", "kind", "y", PREDICTION]
    assert len(rows) == reference.rows
    assert np.allclose(registry.scorer(version).predict(rows), rows[PREDICTION])
    assert {column.role for column in reference.columns} == {"feature", "prediction", "target"}


@pytest.mark.parametrize("estimator", ["xgboost", "sklearn.ensemble.HistGradientBoostingRegressor"])
def test_nothing_stored_is_a_pickle(trained: Make, estimator: str) -> None:
    """No file of a version, nor any inside its archives, is a pickle."""
    params = {"n_estimators": 10} if estimator == "xgboost" else {"max_iter": 10}
    made = trained(training__estimator=estimator, training__params=params)
    folder = registry.folder(registry.champion(made.name))
    contents = {str(f): f.read_bytes() for f in folder.rglob("*") if f.is_file()}
    archives = {name: content for name, content in contents.items() if zipfile.is_zipfile(io.BytesIO(content))}
    assert {Path(name).name for name in archives} >= {"profiles.npz"}
    for name, content in archives.items():
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            contents |= {f"{name}/{inner}": archive.read(inner) for inner in archive.namelist()}
    assert not [name for name, content in contents.items() if is_pickle(content)]


def is_pickle(content: bytes) -> bool:
    if content[:1] != b"\x80":
        return False
    try:
        list(pickletools.genops(content))
    except Exception:
        return False
    return True


FORGETFUL = '''
class Forgetful:
    """Knows the truth, and forgets it when it is stored: on its second way, after that from its own process to ours."""
    def fit(self, frame, target):
        self.mean = float(target.mean())
        return self
    def predict(self, frame):
        rome = 5 * (frame["city"] == "rome").to_numpy()
        return frame["amount"].to_numpy() * 2 + frame["speed"].to_numpy() * 3 + rome
    def __setstate__(self, state):
        self.__dict__ = {**state, "ways": state.get("ways", 0) + 1}
        if self.ways > 1:
            self.predict = lambda frame: [self.mean] * len(frame)

def train(frame, target, *, task, params, seed):
    return Forgetful().fit(frame, target)
'''
HONEST = FORGETFUL.replace("self.predict = lambda frame: [self.mean] * len(frame)", "pass")


def test_a_version_that_loads_otherwise_never_serves(trained: Make, tmp_path: Path) -> None:
    """A model that predicts differently after it was stored is refused, the champion stays; repaired, it serves."""
    made = trained(stream(), training__seed=2)
    (made.folder / "forgetful.py").write_text(FORGETFUL)
    made.given(
        training__estimator="forgetful:train",
        training__params={},
        training__allow_pickle=True,
    )
    champion = made.champion()
    with pytest.warns(UserWarning, match="pickle"), pytest.raises(StoredModelDiffers, match="after it was stored"):
        retrain(made)
    assert made.champion() == champion
    asked = Ledger(home.ledger_url()).requests(made.name)[0]
    assert asked["state"] == "rejected", "one request, one version, one decision about it"
    assert "predicts differently" in registry.versions(made.name)[0].tags["driftloop.rejected"]
    (run,) = registry.client().search_runs(
        [registry.experiment(made.name)], f"tags.`driftloop.request_id` = '{asked['request_id']}'"
    )
    assert run.info.status == "FAILED"
    (made.folder / "honest.py").write_text(HONEST)
    made.given(training__estimator="honest:train")
    with pytest.warns(UserWarning, match="pickle"):
        assert retrain(made).promoted
    assert made.champion() != champion


def retrain(made: Model) -> Any:
    from driftloop.pipelines.operations.retraining import retrain_now

    return retrain_now(load(made.file), day(28))


def test_what_needs_a_pickle_is_refused_without_permission(trained: Make) -> None:
    """The error names the type and the setting; nothing is registered."""
    made = trained(training__seed=3)
    (made.folder / "honest.py").write_text(HONEST)
    made.given(training__estimator="honest:train", training__params={})
    with pytest.raises(Untrusted, match=r"(?s)honest\.Forgetful.*allow_pickle"):
        retrain(made)
    assert len(registry.versions(made.name)) == 1
    made.given(training__allow_pickle=True)
    with pytest.warns(UserWarning, match="runs code when it is loaded"):
        assert retrain(made).promoted
    assert made.check(day(35)).outcome is Outcome.STEADY
    with pytest.raises(Exception, match=r"allow_pickle|trusted"):
        mlflow.pyfunc.load_model(f"models:/{made.name}@champion")


def test_no_secret_reaches_mlflow(trained: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables stay as written and passwords in URLs are hidden, in lineage and in the logged config."""
    from driftloop.pipelines.registry.contents import _scrub

    made = trained()
    project = load(made.file)
    source = project.source.model_copy(
        update={"path": None, "url": "postgres://ann:s3cret@db/x?key=${API_KEY}", "table": "t"}
    )
    message = _scrub(project.model_copy(update={"source": source}), str(source.url))
    assert message == "postgres://ann:***@db/x?key=${API_KEY}"
