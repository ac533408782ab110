"""Several processes want the same thing at the same time, or finish in the wrong order."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from multiprocessing.context import ForkServerProcess
from typing import Any

import pytest

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.operations.retraining import retrain_now
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.faults import lives
from tests.faults.conftest import DEATH
from tests.faults.test_kills import running
from tests.streams import day, stream

Make = Callable[..., Model]
Fork = Callable[..., ForkServerProcess]
AT_ONCE = 8
# Waits in the middle of its fit until the other one has been promoted.
WAITS = """
import pathlib, time
import xgboost

def train(frame, target, *, task, params, seed):
    here = pathlib.Path(__file__).parent
    (here / "waiting").touch()
    while not (here / "go").exists():
        time.sleep(0.05)
    return xgboost.XGBRegressor(enable_categorical=True, random_state=seed, **params).fit(frame, target)
"""
SHIFTED: dict[str, Any] = {"drift__report_columns": 1, "training__window": "14d", "training__holdout": "4d"}


def ended(processes: list[ForkServerProcess], patience: float = DEATH) -> list[int | None]:
    for process in processes:
        process.join(patience)
    return [process.exitcode for process in processes]


@pytest.mark.usefixtures("either_ledger")
def test_many_monitors_on_one_window_make_one_version(model: Make, fork: Fork) -> None:
    """One of them judges and retrains; the others wait for its end and find the window checked."""
    made = model(stream(56, concept_shift_at=21), training__params={"n_estimators": 10}, **SHIFTED)
    made.check(day(21))
    assert ended([fork(lives.check, str(made.file), day(42)) for _ in range(AT_ONCE)]) == [0] * AT_ONCE
    with closing(Ledger(home.ledger_url())) as ledger:
        outcomes = sorted(check.outcome for check in ledger.checks(made.name, most=AT_ONCE))
        assert outcomes == [Outcome.ALREADY_CHECKED] * (AT_ONCE - 1) + [Outcome.PROMOTED]
        assert [row["state"] for row in ledger.requests(made.name)] == ["promoted", "promoted"]
    assert len(registry.versions(made.name)) == 2


@pytest.mark.usefixtures("either_ledger")
@pytest.mark.parametrize("windows", [3, 50])
def test_two_services_on_one_ledger_train_each_drifted_window_once(model: Make, fork: Fork, windows: int) -> None:
    """Every window drifts and is checked by both: a request, a version and a promotion for each, and no more."""
    moments = [day(7 + at) for at in range(1, windows + 1)]
    made = model(
        stream(8 + windows, a_day=80, gradual=1),
        drift__report_columns=1,
        windows__current="1d",
        policies__triggers=[{"policy": "always"}],
        training__window="5d",
        training__holdout="1d",
        training__params={"n_estimators": 30},
        gate__min_rows=30,
    )
    assert made.check(day(7)).outcome is Outcome.BOOTSTRAPPED
    step = multiprocessing.get_context("forkserver").Barrier(2)
    both = [fork(lives.checks_in_step, str(made.file), moments, step) for _ in range(2)]
    assert ended(both, DEATH + 60 * windows) == [0, 0]
    with closing(Ledger(home.ledger_url())) as ledger:
        outcomes = Counter(check.outcome for check in ledger.checks(made.name))
        ends = Counter(row["state"] for row in ledger.requests(made.name))
    assert outcomes == {Outcome.BOOTSTRAPPED: 1, Outcome.PROMOTED: windows, Outcome.ALREADY_CHECKED: windows}
    assert ends == {"promoted": windows + 1}
    assert len(registry.versions(made.name)) == windows + 1
    assert made.champion() == str(windows + 1)
    assert running(made) == []


@pytest.mark.parametrize(
    ("quick", "late", "serves"),
    [(40, 3, "quick"), (3, 40, "late")],
    ids=["a worse one finishes last", "a better one finishes last"],
)
def test_of_two_that_finish_in_any_order_the_better_one_serves(
    model: Make, fork: Fork, quick: int, late: int, serves: str
) -> None:
    """Both were proven against the same champion; the last one is compared with the one that took over meanwhile."""
    made = model(stream(56, concept_shift_at=21), training__params={"n_estimators": 2}, **SHIFTED)
    made.check(day(21))
    slow = Model(made.folder.parent / "slow")
    slow.name = made.name
    slow.given(
        stream(56, concept_shift_at=21),
        training__estimator="waits:train",
        training__params={"n_estimators": late},
        **SHIFTED,
    )
    (slow.folder / "waits.py").write_text(WAITS)
    process = fork(lives.retrain, str(slow.file), day(42))
    while not (slow.folder / "waiting").exists():
        assert process.is_alive()
        time.sleep(0.1)
    # Another holdout that overlaps would be no fair comparison: the quick one learned before the late one's holdout.
    made.given(training__params={"n_estimators": quick}, training__window="12d")
    first = retrain_now(load(made.file), day(38))
    assert first.promoted, first.reason
    (slow.folder / "go").touch()
    assert ended([process]) == [0]
    with closing(Ledger(home.ledger_url())) as ledger:
        (second,) = (row for row in ledger.requests(made.name, most=2) if row["request_id"] != first.request_id)
    assert second["state"] == ("promoted" if serves == "late" else "rejected")
    assert made.champion() == (first.version if serves == "quick" else "3")
    if serves == "quick":
        assert (
            "the champion changed meanwhile; compared with version 2"
            in registry.versions(made.name)[0].tags["driftloop.rejected"]
        )
