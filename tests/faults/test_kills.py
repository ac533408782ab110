"""A process is killed at every point of a check and of a retrain; the next process finishes its work, once."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.operations.retraining import retrain_now
from driftloop.pipelines.runtime import home
from driftloop.pipelines.runtime.failpoints import POINTS
from tests.conftest import Model
from tests.faults import lives
from tests.streams import day, stream

Make = Callable[..., Model]
Killed = Callable[[str, Callable[..., None], str, datetime], None]
# A training function in the middle of whose fit the process that waits for it dies, if it is asked to.
DIES = """
import os, signal
import xgboost

def train(frame, target, *, task, params, seed):
    model = xgboost.XGBRegressor(n_estimators=5, enable_categorical=True, random_state=seed).fit(frame, target)
    if os.environ.get("DRIFTLOOP_KILL_AT") == "in the fit":
        os.kill(os.getppid(), signal.SIGKILL)
    return xgboost.XGBRegressor(n_estimators=10, enable_categorical=True, random_state=seed).fit(frame, target)
"""
# Those that only a challenger in shadow reaches: tests/faults/test_shadow_kills.py.
SHADOW_POINTS = ("judged shadow", "pointed shadow", "left shadow")
# Those of a training run, from its claim to its end.
OF_A_TRAINING = (
    "claimed request",
    *(one for one in POINTS[POINTS.index("fitted") : POINTS.index("closed check")] if one not in SHADOW_POINTS),
)
BEFORE = day(21)
NOW = day(42)
IN_A_CHECK: tuple[str, ...] = (
    *("claimed check", "read rows", "saved report", "wrote decision", "claimed request", "in the fit"),
    *(point for point in POINTS[POINTS.index("fitted") :] if point not in SHADOW_POINTS),
)
IN_A_RETRAIN = tuple(point for point in IN_A_CHECK[4:] if not point.endswith("check"))


@pytest.fixture
def drifted(shifted: Make, either_ledger: None) -> Model:
    """A model whose champion is wrong from day 21 on: a check of day 42 retrains and promotes."""
    made = shifted(training__estimator="dies:train", training__params={})
    (made.folder / "dies.py").write_text(DIES)
    assert made.check(BEFORE).outcome is Outcome.BOOTSTRAPPED
    return made


def running(made: Model) -> list[str]:
    """What is RUNNING in MLflow and Prefect, and still is once the server has written down all."""
    until = time.monotonic() + 4
    while (left := _running(made)) and time.monotonic() < until:
        time.sleep(0.2)
    return left


def _running(made: Model) -> list[str]:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter

    live = {"state": {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}}
    left = registry.client().search_runs([registry.experiment(made.name)], "attributes.status = 'RUNNING'")
    with get_client(sync_client=True) as client:
        flows = client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(live))
        tasks = client.read_task_runs(task_run_filter=TaskRunFilter.model_validate(live))
    return [run.info.run_name for run in left] + [run.name for run in flows] + [run.name for run in tasks]


def state(made: Model) -> tuple[Any, ...]:
    """All that a further run must leave as it is."""
    with closing(Ledger(home.ledger_url())) as ledger:
        ends = [(row["request_id"], row["state"]) for row in ledger.requests(made.name)]
        moves = [event.kind for event in ledger.events(made.name, kinds=(Kind.PROMOTED, Kind.HEALED))]
    aliases = [registry.aliased(made.name, name) for name in (registry.CHAMPION, registry.PREVIOUS)]
    return ends, moves, [one.number if one else None for one in aliases], len(registry.versions(made.name))


def assert_one_end(made: Model) -> None:
    """One promotion for the one request, a champion that loads with its own reference, and nothing RUNNING."""
    ends, moves, aliases, versions = state(made)
    assert [end for _, end in ends] == ["promoted", "promoted"]
    assert moves == [Kind.PROMOTED, Kind.PROMOTED]
    assert (aliases, versions) == (["2", "1"], 2)
    champion = registry.champion(made.name)
    registry.scorer(champion, load(made.file).training)
    assert registry.reference(champion).window.end > BEFORE
    assert running(made) == []


@pytest.mark.parametrize("point", IN_A_CHECK)
def test_a_check_that_was_killed_is_finished_once(drifted: Model, killed: Killed, point: str) -> None:
    """Wherever the check dies, the next one brings its request to one promotion, and a further one changes nothing."""
    killed(point, lives.check, str(drifted.file), NOW)
    again = drifted.check(NOW)
    assert again.outcome in {Outcome.PROMOTED, Outcome.ALREADY_CHECKED}, again.reason
    assert_one_end(drifted)
    with closing(Ledger(home.ledger_url())) as ledger:
        outcomes = [check.outcome for check in ledger.checks(drifted.name)]
    assert outcomes.count(Outcome.PROMOTED) == 1
    before = state(drifted)
    assert drifted.check(NOW).outcome is Outcome.ALREADY_CHECKED
    assert state(drifted) == before
    later = drifted.check(day(49))
    assert (later.outcome, later.champion) == (Outcome.STEADY, "2"), later.reason


@pytest.mark.parametrize("point", IN_A_RETRAIN)
def test_a_retrain_that_was_killed_is_finished_once(drifted: Model, killed: Killed, point: str) -> None:
    """Asked for again it is carried on from where it came to: one version, one promotion, whatever died."""
    killed(point, lives.retrain, str(drifted.file), NOW)
    retrain_now(load(drifted.file), NOW)
    ends, moves, aliases, versions = state(drifted)
    # Where the first try had promoted already, the second is a request against the new champion: a tie, and no version.
    assert [end for _, end in ends if end == "promoted"] == ["promoted", "promoted"]
    assert moves == [Kind.PROMOTED, Kind.PROMOTED]
    assert (aliases, versions) == (["2", "1"], 2)
    assert running(drifted) == []
    assert drifted.check(day(49)).outcome is Outcome.STEADY


def test_a_first_training_that_was_killed_leaves_one_champion(model: Make, killed: Killed) -> None:
    """Before there is any champion too: the alias had moved, and the next check writes the word that was missing."""
    made = model(stream(), training__params={"n_estimators": 5}, drift__report_columns=1)
    killed("moved champion", lives.check, str(made.file), BEFORE)
    assert made.check(BEFORE).outcome is Outcome.ALREADY_CHECKED
    assert [end for _, end in state(made)[0]] == ["promoted"]
    assert state(made)[2:] == (["1", None], 1)
    assert running(made) == []


def test_a_request_that_kills_every_process_that_trains_it_is_given_up(drifted: Model, killed: Killed) -> None:
    """After three deaths it is failed with the reason, its check too, and the model is watched on."""
    for _ in range(3):
        killed("in the fit", lives.check, str(drifted.file), NOW)
    later = drifted.check(day(49))
    assert later.window.end == day(49)
    with closing(Ledger(home.ledger_url())) as ledger:
        asked = next(row for row in ledger.requests(drifted.name) if row["now"].startswith("2026-02-12"))
        outcomes = {check.now: check for check in ledger.checks(drifted.name)}
    assert asked["state"] == "failed"
    assert "its process died 3 times in a row" in asked["error"]
    assert outcomes[NOW].outcome is Outcome.FAILED
    assert outcomes[NOW].votes, "what was decided is kept"
    assert running(drifted) == []
