"""A user's word from Prefect's UI moves the alias, as the command does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from driftloop.monitoring.errors import NothingToApprove
from driftloop.monitoring.records import Outcome
from driftloop.pipelines.server.promotion import promotion_flow
from tests.conftest import Model
from tests.streams import day, stream

ALWAYS = {"promotion": "manual", "policies__triggers": [{"policy": "always"}], "drift__report_columns": 1}


def test_a_run_of_the_flow_lets_the_waiting_challenger_take_over(trained: Callable[..., Model]) -> None:
    """The version that waits becomes champion; another one is refused, and so is a second word."""
    made = trained(stream(56, concept_shift_at=21), training__window="14d", training__holdout="4d", **ALWAYS)
    assert made.check(day(42)).outcome is Outcome.AWAITING_APPROVAL
    with pytest.raises(NothingToApprove):
        promotion_flow(model=made.name, version="7")
    done = promotion_flow(model=made.name, version="2")
    assert (done.promoted, done.previous, made.champion()) == (True, "1", "2")
    with pytest.raises(NothingToApprove):
        promotion_flow(model=made.name, version="2", decline="too late")
