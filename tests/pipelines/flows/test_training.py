"""A training ends in a typed answer or in an error reported everywhere; the champion moves only when proven."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter

from driftloop.monitoring.errors import TrainingRaised
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Outcome, Retrain, Window
from driftloop.pipelines import registry
from driftloop.pipelines.flows.training import training_flow
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.pipelines.conftest import SMALL
from tests.streams import day, flow_config, stream

Make = Callable[..., Model]
WINDOW = Window(start=day(14), end=day(35))


def train(made: Model, request_id: str, champion: str | None = "1", window: Window = WINDOW) -> Retrain:
    return training_flow(
        config=flow_config(made.file),
        request_id=f"{made.name}-{request_id}",
        window=window,
        champion=champion,
        now=day(35),
    )


def run_of(retrain: Retrain) -> Any:
    return registry.client().get_run(str(retrain.mlflow_run_id))


def asked(made: Model) -> dict[str, Any]:
    return Ledger(home.ledger_url()).requests(made.name, most=1)[0]


def runs(made: Model) -> list[Any]:
    return list(registry.client().search_runs([registry.experiment(made.name)]))


@pytest.fixture
def other(trained: Make, tmp_path: Any) -> Callable[..., Model]:
    """The shared champion, with rows and a config of the test's own."""

    def make(frame: pd.DataFrame | None = None, **changes: Any) -> Model:
        twin = Model(tmp_path)
        twin.name = trained().name
        return twin.given(stream() if frame is None else frame, **{**SMALL, **changes})

    return make


def test_a_request_is_trained_to_its_end_once(trained: Make) -> None:
    """The same request gives the same answer again: no run, no version, no alias moves."""
    made = trained()
    first = train(made, "once")
    assert first.challenger_loss is not None
    before = (len(runs(made)), len(registry.versions(made.name)), made.champion())
    assert train(made, "once") == first
    assert before == (len(runs(made)), len(registry.versions(made.name)), made.champion())
    assert asked(made)["state"] == ("promoted" if first.promoted else "rejected")


def nothing(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["ts"] < day(14)]


def unlabeled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(y=frame["y"].where(frame["ts"] < day(14)))


def few(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[(frame["ts"] < day(14)) | (np.arange(len(frame)) % 20 == 0)]


def moments(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(speed=frame["ts"])


def empty_feature(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(speed=frame["speed"].where(frame["ts"] < day(14)))


@pytest.mark.parametrize(
    ("broken", "code", "message"),
    [
        (nothing, "no_data", "no rows in"),
        (unlabeled, "no_labels", "none of them labeled"),
        (few, "too_few_rows", "at least 200"),
        (empty_feature, "empty_feature", "'speed'"),
        (
            moments,
            "empty_feature",
            "'speed': no value is a number: speed is numeric in the config and arrived as datetime64",
        ),
    ],
)
def test_nothing_to_learn_from_is_an_answer(
    other: Callable[..., Model], broken: Callable[[pd.DataFrame], pd.DataFrame], code: str, message: str
) -> None:
    """The end has a code and a sentence, the run is FINISHED, the ledger knows, and the champion is untouched."""
    made = other(broken(stream()))
    champion = made.champion()
    request = f"{code} {broken.__name__}"
    retrain = train(made, request)
    assert (retrain.code, retrain.promoted, retrain.challenger_loss) == (code, False, None)
    assert message in retrain.reason
    run = run_of(retrain)
    assert (run.info.status, run.data.tags["driftloop.code"]) == ("FINISHED", code)
    assert (asked(made)["state"], asked(made)["error"].split(":")[0]) == ("impossible", code)
    assert made.champion() == champion
    made.given(stream())
    again = train(made, request)
    assert again.challenger_loss is not None, "the same request is open once the rows are there"


def test_one_class_is_an_answer_too(trained: Make, tmp_path: Any) -> None:
    """A window in which every label is the same trains nothing."""
    frame = stream(task="binary")
    twin = Model(tmp_path)
    twin.name = trained(task="binary").name
    twin.given(frame.assign(y=frame["y"].where(frame["ts"] < day(14), "yes")), **SMALL, task="binary")
    retrain = train(twin, "one class")
    assert (retrain.code, run_of(retrain).info.status) == ("one_class", "FINISHED")
    assert "'yes'" in retrain.reason


def test_a_tie_keeps_the_champion(model: Make) -> None:
    """The very same model again is no different on a single row: no version, the champion stays."""
    made = model(stream(), **SMALL, training__refit=False)
    window = Window(start=day(0), end=day(21))
    assert train(made, "first", None, window).promoted
    retrain = train(made, "tie", "1", window)
    assert (retrain.code, retrain.version, made.champion()) == ("tie", None, "1")


def test_a_champion_that_was_fitted_on_all_rows_is_compared_on_newer_ones_alone(model: Make) -> None:
    """Right after a refit both models know every row, and the answer gives the reason and what to do."""
    made = model(stream(), **SMALL)
    window = Window(start=day(0), end=day(21))
    assert train(made, "first", None, window).promoted
    retrain = train(made, "again", "1", window)
    assert (retrain.code, retrain.version, made.champion()) == ("too_few_rows", None, "1")
    assert "the champion was trained on the other held-out rows" in retrain.reason


def test_a_second_fit_that_leaves_its_judged_model_is_dropped(model: Make) -> None:
    """One that fits something else on more rows does not serve: the judged model does; the tags give the reason."""
    made = model(stream(), training__window="21d", training__estimator="moody:fit", training__params={})
    (made.folder / "moody.py").write_text(
        "import xgboost\n"
        "def fit(frame, target, *, task, params, seed):\n"
        "    sign = -1 if len(frame) > 2200 else 1\n"
        "    return xgboost.XGBRegressor(n_estimators=20, enable_categorical=True).fit(frame, sign * target)\n"
    )
    retrain = train(made, "moody", None, Window(start=day(0), end=day(21)))
    assert retrain.promoted, retrain.reason
    version = registry.champion(made.name)
    assert version.tags["driftloop.refit"] == "false"
    assert "held-out rows that it has learned from, where the judged" in version.tags["driftloop.refit_refused"]
    assert version.newest_row < day(17)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"gate__max_loss": 0.01}, "above_max_loss"),
        ({"gate__min_rows": 100_000}, "too_few_rows"),
        ({"gate__max_latency": 1e-6}, "too_slow"),
        ({"training__params": {"n_estimators": 1}}, "not_better"),
        ({"training__params": {"n_estimators": 1}, "slices": ["city"], "gate__no_slice_worse": True}, "slice_worse"),
        ({"columns__numeric": ["amount", "speed", "leak"]}, "leak"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_gate_keeps_the_champion(other: Callable[..., Model], changes: dict[str, Any], code: str) -> None:
    """Above a limit, too slow, on too few rows, no better, or with a leak: rejected, nothing registered."""
    frame = stream(seed=3)
    made = other(frame.assign(leak=frame["y"] * 2), **changes)
    before = (made.champion(), len(registry.versions(made.name)))
    retrain = train(made, f"gate {code}")
    assert (retrain.code, retrain.promoted, retrain.version) == (code, False, None)
    assert retrain.challenger_loss is not None or code == "too_few_rows"
    assert (made.champion(), len(registry.versions(made.name))) == before
    assert run_of(retrain).data.tags["driftloop.outcome"] == "rejected"


def test_both_are_compared_on_rows_that_neither_has_seen(trained: Make) -> None:
    """Holdout rows from the champion's training window are left out of the comparison."""
    made = trained()
    (learned,) = registry.champion(made.name).trained_on
    window = Window(start=day(0), end=learned.end + (day(2) - day(0)))
    retrain = train(made, "unseen", made.champion(), window)
    client, run_id = registry.client(), str(retrain.mlflow_run_id)
    gate = json.loads(Path(client.download_artifacts(run_id, "gate.json")).read_text())
    times = stream()["ts"]
    assert gate["rows"] == ((times >= learned.end) & (times < window.end)).sum()
    assert gate["rows"] < client.get_run(run_id).data.metrics["holdout_rows"]


def test_another_champion_than_the_one_asked_for_is_left_unchanged(trained: Make) -> None:
    """A request that was made for another champion trains nothing and reports it."""
    made = trained()
    for wanted, message in (("77", "the request replaces version 77"), (None, "the request replaces no champion")):
        retrain = train(made, f"stale {wanted}", wanted)
        assert retrain.code == "champion_changed"
        assert message in retrain.reason


def test_a_refit_is_in_the_tags_and_learns_the_holdout_too(model: Make) -> None:
    """The version has seen all labeled rows of the window, and its tags have their number and the recipe."""
    made = model(stream(), **SMALL)
    assert train(made, "refit", None, Window(start=day(0), end=day(21))).promoted
    version = registry.champion(made.name)
    assert version.tags["driftloop.refit"] == "true"
    assert version.trained_on[0].end > day(20.9)


def test_a_reference_is_counted_from_the_newest_row(model: Make) -> None:
    """However short it is, and whatever gap the window ends in: a champion has a reference of at least one row."""
    made = model(stream(), **SMALL, windows={"current": "7d", "reference": "0.001s"})
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
    assert registry.reference(registry.champion(made.name)).rows >= 1


def test_any_scikit_learn_estimator_by_its_path(model: Make) -> None:
    """It is trained, stored without pickle, proven after loading, and serves the next check."""
    made = model(
        stream(),
        policies__triggers=[{"policy": "never"}],
        training__estimator="sklearn.linear_model.Ridge",
        training__params={"alpha": 0.1},
    )
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
    assert made.check(day(35)).outcome is Outcome.STEADY


RAISES = "def train(frame, target, *, task, params, seed):\n    raise RuntimeError('disk <full>')\n"
WORKS = (
    "import xgboost\n"
    "def train(frame, target, *, task, params, seed):\n"
    "    print('training', len(frame))\n"
    "    return xgboost.XGBRegressor(enable_categorical=True, random_state=seed).fit(frame, target)\n"
)


def test_a_function_that_raises_is_reported_everywhere_and_may_be_repaired(model: Make) -> None:
    """The reason is in Prefect, MLflow and the ledger, nothing stays RUNNING, and a later try works."""
    made = model(stream(), training__estimator="mytrain:train", training__params={})
    (made.folder / "mytrain.py").write_text(RAISES)
    with pytest.raises(TrainingRaised, match=r"mytrain:train.*disk <full>"):
        made.check(day(21))
    check = Ledger(home.ledger_url()).checks(made.name)[0]
    assert check.outcome is Outcome.FAILED
    assert asked(made)["state"] == "failed"
    ended = runs(made)
    assert len(ended) == 2, "one of the check, one of the training"
    (kept,) = [run.info.run_id for run in ended if run.data.tags["driftloop.kind"] == "training"]
    frames = Path(registry.client().download_artifacts(kept, "traceback.txt")).read_text()
    assert "mytrain.py" in frames
    assert "in train" in frames
    for run in ended:
        assert run.info.status == "FAILED"
        assert "disk <full>" in run.data.tags["driftloop.error"]
    with get_client(sync_client=True) as client:
        flows = client.read_flow_runs(flow_run_filter=FlowRunFilter(id={"any_": [check.prefect_flow_run_id]}))
    assert flows[0].state.is_failed()
    assert "disk <full>" in str(flows[0].state.message)
    # In a process of its own it would be read afresh; here the module is known already.
    (made.folder / "mytrain2.py").write_text(WORKS)
    made.given(training__estimator="mytrain2:train")
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED


def test_an_error_after_the_decision_keeps_what_was_decided(trained: Make) -> None:
    """When the training breaks, the record of the check still has its scores, votes and report, in one MLflow run."""
    made = trained(training__seed=9)
    (made.folder / "breaks.py").write_text(RAISES)
    made.given(training__estimator="breaks:train", policies__triggers=[{"policy": "always"}])
    before = len(runs(made))
    with pytest.raises(TrainingRaised):
        made.check(day(35))
    check = Ledger(home.ledger_url()).checks(made.name)[0]
    assert (check.outcome, check.decision) == (Outcome.FAILED, "retrain")
    assert check.columns
    assert check.votes
    assert check.report is not None
    assert len(runs(made)) == before + 2
    assert {run.info.status for run in runs(made)} == {"FINISHED", "FAILED"}
    made.given(training__estimator="xgboost")
    assert made.check(day(35)).outcome in {Outcome.PROMOTED, Outcome.REJECTED}, "the window was not settled"


def test_rows_that_come_later_are_another_request(model: Make) -> None:
    """A first training that had too little is tried again as soon as there is more, for the same window."""
    frame = stream()
    made = model(frame.iloc[:0], **SMALL)
    assert made.check(day(21)).outcome is Outcome.NO_DATA
    made.given(frame.iloc[::30])
    assert made.check(day(21)).outcome is Outcome.TOO_FEW_ROWS
    made.given(frame)
    check = made.check(day(21))
    assert check.outcome is Outcome.BOOTSTRAPPED
    assert check.window.rows > 0
    assert made.check(day(21)).outcome is Outcome.ALREADY_CHECKED
