"""A registry that was lost next to the ledger that knew it, and a training that another process took over."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest

from driftloop.monitoring.errors import LeaseLost
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.faults.test_kills import running
from tests.streams import day

Make = Callable[..., Model]


def test_a_model_that_was_deleted_in_mlflow_is_trained_again_and_accuses_no_one(shifted: Make) -> None:
    """Each check after it does its work: a first champion is trained, judged and replaced, whatever its number."""
    made = shifted(training__params={"n_estimators": 10})
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
    assert made.check(day(42)).outcome is Outcome.PROMOTED
    registry.client().delete_registered_model(made.name)
    again = made.check(day(21))
    assert again.outcome is Outcome.BOOTSTRAPPED, again.reason
    (finding,) = [one for one in again.findings if one.code == "champion_lost"]
    assert "in the ledger version 2 is champion, but MLflow has neither" in finding.message
    assert made.champion() == "1"
    later = made.check(day(42))
    assert later.outcome is Outcome.PROMOTED, later.reason
    assert made.champion() == "2"
    last = made.check(day(49))
    assert (last.outcome, last.champion, last.findings) == (Outcome.STEADY, "2", ()), last.reason
    with closing(Ledger(home.ledger_url())) as ledger:
        outcomes = [check.outcome for check in ledger.checks(made.name)]
    assert outcomes == [Outcome.STEADY, *[Outcome.PROMOTED, Outcome.BOOTSTRAPPED] * 2], "each of them is recorded"
    assert running(made) == []


TAKEN = """
import os, sqlite3
import xgboost

def train(frame, target, *, task, params, seed):
    if "ledger" in params:
        change = "UPDATE claims SET fence = fence + 1, holder = 'elsewhere 1 1' WHERE resource LIKE 'request/%'"
        with sqlite3.connect(params["ledger"]) as ledger:
            ledger.execute(change)
    return xgboost.XGBRegressor(n_estimators=10, enable_categorical=True, random_state=seed).fit(frame, target)
"""


def test_a_check_whose_training_was_taken_over_has_no_word_in_it(shifted: Make) -> None:
    """A process that slept longer than its lease records no failure: check and runs are those of who took over."""
    made = shifted(training__estimator="taken_over:train", training__params={})
    (made.folder / "taken_over.py").write_text(TAKEN)
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
    made.given(training__params={"ledger": str(home.home() / "ledger.db")})
    with pytest.raises(LeaseLost, match="elsewhere 1 1 took over"):
        made.check(day(42))
    with closing(Ledger(home.ledger_url())) as ledger:
        assert [check.outcome for check in ledger.checks(made.name)] == [Outcome.BOOTSTRAPPED]
        (asked,) = ledger.open_requests(made.name)
    assert asked.check is not None
    run = registry.client().get_run(str(asked.check.mlflow_run_id))
    assert "driftloop.error" not in run.data.tags
