"""A model that exists already is adopted: real MLflow, real rows, and everything that comes after."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
import xgboost
from mlflow.models import infer_signature
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import driftloop
from driftloop.monitoring.errors import AdoptionRefused
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Outcome, Window
from driftloop.pipelines import registry
from driftloop.pipelines.commands.adopt import Span
from driftloop.pipelines.config.project import load
from driftloop.pipelines.operations.adopting import Adopted, adopt_now
from driftloop.pipelines.operations.doctor import examine
from driftloop.pipelines.operations.fetching import fetch
from driftloop.pipelines.operations.retraining import retrain_now
from driftloop.pipelines.predictions.predict import predict_window
from driftloop.pipelines.registry import promotion
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.streams import day, stream

Make = Callable[..., Model]
NUMBERS, WORDS = ["amount", "speed"], ["city", "kind"]
NAMES = [*NUMBERS, *WORDS]
NEVER = [{"policy": "never"}]
SMALL: dict[str, Any] = {"training__params": {}, "policies__triggers": NEVER}


class Doubled(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined]
    """A python model: what a team without any library has."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
        rome = np.where(model_input["city"] == "rome", 5.0, 0.0)
        return 2.0 * model_input["amount"] + 3.0 * model_input["speed"] + rome


def as_pipeline(rows: pd.DataFrame, folder: Path) -> Any:
    model = make_pipeline(
        make_column_transformer(("passthrough", NUMBERS), (OneHotEncoder(), WORDS)), LogisticRegression(max_iter=200)
    ).fit(rows[NAMES], rows.y)
    signature = infer_signature(rows[NAMES], model.predict(rows[NAMES]))
    mlflow.sklearn.save_model(
        model, folder, signature=signature, serialization_format="skops", pip_requirements=["mlflow"]
    )
    return model.predict_proba


def as_booster(rows: pd.DataFrame, folder: Path) -> Any:
    def matrix(frame: pd.DataFrame, label: Any = None) -> Any:
        inputs = frame[NAMES].astype(dict.fromkeys(WORDS, "category"))
        return xgboost.DMatrix(inputs, label=label, enable_categorical=True)

    model = xgboost.train({"max_depth": 4, "eta": 0.3}, matrix(rows, rows.y), num_boost_round=25)
    mlflow.xgboost.save_model(model, folder, pip_requirements=["mlflow"])
    return lambda frame: model.predict(matrix(frame))


def as_python(rows: pd.DataFrame, folder: Path) -> Any:
    mlflow.pyfunc.save_model(
        folder, python_model=Doubled(), signature=infer_signature(rows[NAMES], rows.y), pip_requirements=["mlflow"]
    )
    return lambda frame: Doubled().predict(None, frame)


def adopted(made: Model, uri: str | Path, now: datetime, until: datetime | None = None) -> Adopted:
    config = load(made.file)
    span = Window(start=min(day(0), until - timedelta(days=7)), end=until) if until else None
    return adopt_now(config, fetch(config, str(uri)), now, span)


def lives_on(
    model: Make, tmp_path: Path, save: Callable[..., Any], task: str, copied: bool, *, trusted: bool = False
) -> None:
    """A model of a library goes through its whole life. `trusted` ones are stored as pickles."""
    frame = stream(63, task=task)
    rows = frame[frame.ts < day(28)]
    predict = save(rows, tmp_path / "theirs")
    made = model(frame, task=task, training__allow_pickle=trusted or not copied, **SMALL)
    done = adopted(made, tmp_path / "theirs", day(42), day(28))
    assert (done.promoted, done.version, done.code) == (True, "1", "adopted"), done.reason
    assert "rows after those that it was trained on" in done.reason

    champion = registry.champion(made.name)
    reference = registry.reference(champion)
    assert champion.trained_on == (Window(start=day(0), end=day(28)),)
    assert day(27) < reference.window.end <= day(28)
    assert reference.rows == len(rows)
    later = frame[(frame.ts >= day(28)) & (frame.ts < day(33))]
    assert reference.loss_rows == len(later)
    expected = np.asarray(predict(later))
    own = registry.scorer(champion, load(made.file).training).predict(later)
    assert np.allclose(own, expected, atol=1e-5)
    served = mlflow.pyfunc.load_model(f"models:/{made.name}@champion").predict(later)
    assert np.allclose(np.asarray(served), expected, atol=1e-5)
    assert adopted(made, tmp_path / "theirs", day(42), day(28)).request_id == done.request_id, "once is enough"
    assert len(registry.versions(made.name)) == 1

    check = made.check(day(42))
    assert (check.outcome, check.champion) == (Outcome.STEADY, "1"), check.reason
    assert check.performance.standing != "worse"
    assert not any(finding.code == "in_sample_reference" for finding in check.findings)
    assert predict_window(load(made.file), day(42)).scored == check.window.rows

    made.given(frame, training__estimator="as_adopted" if copied else "xgboost", gate__margin=0.0)
    again = retrain_now(load(made.file), day(49))
    assert again.challenger_loss is not None, again.reason
    assert again.champion_loss is not None
    assert np.isclose(again.challenger_loss, again.champion_loss, rtol=0.25)
    if not again.promoted:
        return  # a tie: the champion is as good, and stays
    assert made.champion() == "2"
    with closing(Ledger(home.ledger_url())) as ledger:
        promotion.rollback(ledger, made.name, day(49))
    assert made.check(day(56)).champion == "1"


@pytest.mark.parametrize(
    ("save", "task", "copied"),
    [(as_pipeline, "binary", True), (as_booster, "regression", True), (as_python, "regression", False)],
)
def test_an_adopted_model_lives_on_as_any_champion(
    model: Make, tmp_path: Path, save: Callable[..., Any], task: str, copied: bool
) -> None:
    """Adopted, checked, logged, served by MLflow, followed by a retrain of the same class, and restored."""
    lives_on(model, tmp_path, save, task, copied)


class Fires:
    """A pickle that leaves a trace when it is opened."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return (Path.touch, (self.trace,))


def test_nothing_that_runs_code_is_opened_without_permission(model: Make, tmp_path: Path) -> None:
    """A pickle is refused by what its MLmodel file states, before any of it is read, with the way out."""
    as_pipeline(stream(14, task="binary"), tmp_path / "theirs")
    mlmodel = tmp_path / "theirs" / "MLmodel"
    mlmodel.write_text(mlmodel.read_text().replace("serialization_format: skops", "serialization_format: cloudpickle"))
    import pickle

    trace = tmp_path / "opened"
    (tmp_path / "theirs" / "model.skops").write_bytes(pickle.dumps(Fires(trace)))
    made = model(stream(42, task="binary"), task="binary", **SMALL)
    with pytest.raises(AdoptionRefused, match="stored by cloudpickle") as caught:
        adopted(made, tmp_path / "theirs", day(42))
    assert "training.allow_pickle: true" in caught.value.remedy
    assert "skops" in caught.value.remedy
    as_python(stream(14), tmp_path / "python")
    with pytest.raises(AdoptionRefused, match="it is a python model"):
        adopted(made, tmp_path / "python", day(42))
    assert not trace.exists()
    assert made.champion() is None


def test_without_the_training_rows_the_loss_is_in_sample_and_every_check_reports_it(
    model: Make, tmp_path: Path
) -> None:
    """The training window of the config is the reference; rows up to now may have been learned from."""
    frame = stream(49)
    as_booster(frame, tmp_path / "theirs")
    made = model(frame, **SMALL)
    done = adopted(made, tmp_path / "theirs", day(42))
    assert "rows that it may have learned from" in done.reason
    assert any("in-sample" in note for note in done.notes)
    assert any("without --trained-on" in note for note in done.notes)
    champion = registry.champion(made.name)
    assert champion.trained_on[0].end == day(42)
    check = made.check(day(49))
    assert [finding.code for finding in check.findings if finding.severity == "warning"] == ["in_sample_reference"]
    assert not check.estimated.applicable


def test_a_model_that_does_not_fit_leaves_the_champion_in_place(model: Make, tmp_path: Path) -> None:
    """The request fails with the reason, and the next check goes on with the champion that there was."""
    frame = stream(49)
    as_booster(frame[frame.ts < day(28)], tmp_path / "theirs")
    made = model(frame, **SMALL)
    assert made.check(day(35)).outcome is Outcome.BOOTSTRAPPED
    made.given(frame, columns__categorical=["kind"])
    with pytest.raises(AdoptionRefused, match="it takes 'city'"):
        adopted(made, tmp_path / "theirs", day(42))
    assert made.champion() == "1"
    with closing(Ledger(home.ledger_url())) as ledger:
        assert "it takes 'city'" in ledger.requests(made.name)[0]["error"]
    assert made.check(day(42)).outcome is Outcome.STEADY


def test_an_adoption_replaces_a_champion_and_can_be_rolled_back(model: Make, tmp_path: Path) -> None:
    """It is a user's decision: neither the gate nor `promotion: manual` holds it, and both losses are reported."""
    frame = stream(49)
    as_booster(frame[frame.ts < day(14)], tmp_path / "theirs")
    made = model(frame, promotion="manual", **SMALL)
    assert made.check(day(35)).outcome is Outcome.BOOTSTRAPPED
    done = adopted(made, tmp_path / "theirs", day(42), day(14))
    assert (done.promoted, done.version) == (True, "2")
    assert done.champion_loss is not None
    assert made.champion() == "2"
    with closing(Ledger(home.ledger_url())) as ledger:
        promotion.rollback(ledger, made.name, day(42))
    back = adopted(made, tmp_path / "theirs", day(42), day(14))
    assert (back.promoted, back.version, made.champion()) == (True, "3", "3")
    about = [found for found in examine(datetime.now(UTC)) if made.name in found.what]
    assert [found.state for found in about if found.state != "note"] == ["ok"] * len(about)


def test_a_day_is_the_end_of_a_span_with_all_its_hours() -> None:
    """As a user reads it; a time is exact."""
    assert Span().convert("2026-01-01..2026-06-30", None, None)[1] == datetime(2026, 7, 1, tzinfo=UTC)
    assert Span().convert("2026-01-01..2026-06-30T12:00", None, None)[1] == datetime(2026, 6, 30, 12, tzinfo=UTC)


def test_a_span_without_rows_or_labels_is_refused(model: Make, tmp_path: Path) -> None:
    """With where the rows are."""
    frame = stream(28)
    as_booster(frame, tmp_path / "theirs")
    made = model(frame.assign(y=frame.y.where(frame.ts >= day(14))), **SMALL)
    with pytest.raises(AdoptionRefused, match="its reference would be empty: no rows in"):
        adopt_now(
            load(made.file),
            fetch(load(made.file), str(tmp_path / "theirs")),
            day(28),
            Window(start=day(-9), end=day(-3)),
        )
    assert made.champion() is None
    made.given(frame.assign(y=np.nan))
    with pytest.raises(AdoptionRefused, match="nothing to measure its loss on"):
        adopted(made, tmp_path / "theirs", day(28))


def test_the_python_function_takes_a_path_and_times(model: Make, tmp_path: Path) -> None:
    """`driftloop.adopt` is the command as a function."""
    frame = stream(42)
    as_booster(frame[frame.ts < day(28)], tmp_path / "theirs")
    made = model(frame, **SMALL)
    done = driftloop.adopt(made.file, str(tmp_path / "theirs"), trained_on=(day(0), day(28)), now=day(42))
    assert json.loads(done.model_dump_json())["version"] == "1"
    assert done.notes
