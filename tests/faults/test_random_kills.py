"""Kills at uniformly random moments: of a check or a retrain with its descendants, of itself alone, or of a child."""

from __future__ import annotations

import logging
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.operations import doctor
from driftloop.pipelines.operations.retraining import retrain_now
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.faults import lives
from tests.faults.test_kills import running, state
from tests.streams import day, stream

log = logging.getLogger("tests.kills")
SEED = 20260122
ROUNDS, AT_A_TIME = 200, 8
BEFORE, NOW = day(21), day(42)
END = 900
# About as long as a training has its process.
CHILD_SECONDS = 2.0
FUNCTION = """
import xgboost

def train(frame, target, *, task, params, seed):
    return xgboost.XGBRegressor(n_estimators=10, enable_categorical=True, random_state=seed).fit(frame, target)
"""


def rounds() -> list[Any]:
    """The numbers of the rounds in parts."""
    parts = (range(first, min(first + AT_A_TIME, ROUNDS)) for first in range(0, ROUNDS, AT_A_TIME))
    return [pytest.param(part, id=f"{part.start}-{part.stop - 1}") for part in parts]


def children(pid: int) -> list[int]:
    """All descendants of a process, nearest first."""
    parents: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents.setdefault(int((place / "stat").read_text().rpartition(")")[2].split()[1]), []).append(
                int(place.name)
            )
    found, at = [], [pid]
    while at:
        at = [child for parent in at for child in parents.get(parent, [])]
        found += at
    return found


def kill(pid: int, victim: str, chance: random.Random) -> str:
    """Kill the process, it and its descendants, or one of these; gives what was killed."""
    below = children(pid)
    if victim == "child":
        # It lives for a part of the check only: wait for one, and for a moment of its life.
        deadline = time.monotonic() + END
        while not below and _lives(pid) and time.monotonic() < deadline:
            time.sleep(0.01)
            below = children(pid)
        time.sleep(chance.uniform(0, CHILD_SECONDS) if below else 0)
        below = children(pid) or below
        if not below:
            return "nothing, for it ended before"
    doomed = {"parent": [pid], "group": [pid, *below], "child": [chance.choice(below)] if below else []}[victim]
    for one in doomed:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    return f"{victim} ({len(doomed)} processes)"


def _lives(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.parametrize("numbers", rounds())
def test_whatever_is_killed_at_any_moment_the_next_one_brings_it_to_one_end(
    model: Callable[..., Model], fork: Callable[..., Any], numbers: range
) -> None:
    """One promotion for the request, the right champion, nothing live in MLflow or Prefect, no complaint of doctor."""
    for number in numbers:
        chance = random.Random(SEED + number)
        life = chance.choice([lives.check, lives.check, lives.retrain])
        estimator = chance.choice(["xgboost", "fits_in_a_child:train"])
        victim = chance.choice(["parent", "group"] if estimator == "xgboost" else ["parent", "group", "child"])
        made = drifted(model, estimator)
        # A child appears early enough to be met only if the wait for it begins with the process.
        after = 0.0 if victim == "child" else chance.uniform(0, _duration(made, model, fork, estimator))
        process = fork(life, str(made.file), NOW)
        time.sleep(after)
        killed = kill(process.pid, victim, chance)
        process.join(END)
        about = f"round {number}: {life.__name__}, {estimator}, killed {killed} after {after:.2f} s"
        log.info("%s; it ended with %s", about, process.exitcode)
        assert process.exitcode is not None, f"{about}: it did not end"
        # Prefect's server writes down the states of tasks once a second.
        time.sleep(1.5)
        if life is lives.retrain:
            retrain_now(load(made.file), NOW)
        else:
            again = made.check(NOW)
            assert again.outcome in {Outcome.PROMOTED, Outcome.ALREADY_CHECKED}, f"{about}: {again.reason}"
        assert_one_end(made, about)


def drifted(model: Callable[..., Model], estimator: str) -> Model:
    """A model whose champion is wrong from day 21 on: a check of day 42 retrains and promotes."""
    own = {"training__estimator": estimator, "training__params": {"n_estimators": 10}}
    if estimator != "xgboost":
        own["training__params"] = {}
    spans = {"training__window": "14d", "training__holdout": "4d"}
    made = model(stream(49, concept_shift_at=21), drift__report_columns=1, **spans, **own)
    (made.folder / "fits_in_a_child.py").write_text(FUNCTION)
    assert made.check(BEFORE).outcome is Outcome.BOOTSTRAPPED
    return made


DURATIONS: dict[str, float] = {}


def _duration(made: Model, model: Callable[..., Model], fork: Callable[..., Any], estimator: str) -> float:
    """How long a life takes here that no one kills, measured once on a model of its own."""
    if estimator not in DURATIONS:
        other = drifted(model, estimator)
        # The first one of all waits until everything is imported that the others find there.
        fork(lives.nothing).join(END)
        begun = time.monotonic()
        process = fork(lives.check, str(other.file), NOW)
        process.join(END)
        assert process.exitcode == 0
        DURATIONS[estimator] = time.monotonic() - begun
    return DURATIONS[estimator]


def assert_one_end(made: Model, about: str) -> None:
    """What must hold after recovery, whatever was killed."""
    ends, moves, aliases, versions = state(made)
    assert [end for _, end in ends if end == "promoted"] == ["promoted", "promoted"], f"{about}: {ends}"
    assert moves == [Kind.PROMOTED, Kind.PROMOTED], about
    assert (aliases, versions) == (["2", "1"], 2), about
    champion = registry.champion(made.name)
    registry.scorer(champion, load(made.file).training)
    assert registry.reference(champion).window.end > BEFORE, about
    assert running(made) == [], about
    models = registry.client().search_logged_models([registry.experiment(made.name)])
    assert {str(one.status) for one in models} <= {"READY", "FAILED"}, about
    with closing(Ledger(home.ledger_url())) as ledger:
        found = [*doctor._runs(ledger), *doctor._model(ledger, made.name, NOW)]
    assert [one.state for one in found] == ["ok", "ok"], f"{about}: {found}"
