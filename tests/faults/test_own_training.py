"""A training function of the user's own that hangs, eats memory or dies fails its check, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from driftloop.monitoring.errors import TrainingStopped
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.faults.test_kills import running
from tests.streams import day

OWN = """
import os, signal, time
import xgboost

def train(frame, target, *, task, params, seed):
    if params.get("do") == "hang":
        time.sleep(600)
    if params.get("do") == "eat":
        held = [bytearray(100 * 2**20) for _ in range(20)]
    if params.get("do") == "get SIGTERM":
        os.kill(os.getpid(), signal.SIGTERM)
    return xgboost.XGBRegressor(n_estimators=10, enable_categorical=True, random_state=seed).fit(frame, target)
"""


@pytest.mark.parametrize(
    ("does", "limits", "code", "expected"),
    [
        ("hang", {"training__timeout": "2s"}, "timed_out", "it was still running after 2s"),
        pytest.param(
            *("eat", {"training__max_memory_mb": 1500}, "out_of_memory", "it ran out of memory with 1,500 MB"),
        ),
        pytest.param("get SIGTERM", {}, "died", "its process died of SIGTERM"),
    ],
)
def test_a_training_that_does_not_come_to_its_end(
    shifted: Callable[..., Model], does: str, limits: dict[str, Any], code: str, expected: str
) -> None:
    """The check fails and states which limit it met; the champion serves on; repaired, it is promoted immediately."""
    made = shifted(training__estimator="own_limits:train", training__params={})
    (made.folder / "own_limits.py").write_text(OWN)
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
    made.given(training__params={"do": does}, **limits)
    with pytest.raises(TrainingStopped, match=expected) as caught:
        made.check(day(42))
    assert caught.value.code == code
    with closing(Ledger(home.ledger_url())) as ledger:
        (failed,) = ledger.checks(made.name, most=1)
        assert ledger.requests(made.name, most=1)[0]["state"] == "failed"
    assert failed.outcome is Outcome.FAILED
    assert expected in failed.reason
    assert failed.votes, "what was decided is kept"
    assert made.champion() == "1"
    assert running(made) == []
    made.given(training__params={}, training__timeout="1h")
    assert made.check(day(42)).outcome is Outcome.PROMOTED
