"""The clock jumps back between two checks: it is stated, and no worse model takes over."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.ledger.tables import EVENTS, FORMAT, stamp
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.requests import recovery
from tests.conftest import Model
from tests.faults.test_kills import running
from tests.streams import day, stream

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(("ahead", "expected"), [(timedelta(hours=1), True), (timedelta(minutes=4), False)])
def test_a_clock_that_went_back_is_reported(
    tmp_path_factory: pytest.TempPathFactory, ahead: timedelta, expected: bool
) -> None:
    """An entry that was written an hour from now reports it; a few minutes are two hosts' clocks."""
    with closing(Ledger(f"sqlite:///{tmp_path_factory.mktemp('clock') / 'ledger.db'}")) as ledger:
        assert recovery.clock_went_back(ledger, "made", NOON) is None
        written = {"model": "made", "kind": str(Kind.CHECK_FINISHED), "payload": "{}", "format": FORMAT}
        with ledger.engine.begin() as open_:
            open_.execute(EVENTS.insert().values(**written, now=stamp(NOON), written_at=stamp(NOON + ahead)))
        message = recovery.clock_went_back(ledger, "made", NOON)
    assert (message is not None) == expected
    if message is not None:
        assert "(2026-05-01 12:00) is behind the newest entry of the ledger (2026-05-01 13:00)" in message


@pytest.mark.faults
def test_checks_of_a_past_that_was_decided_on_change_no_champion(model: Callable[..., Model]) -> None:
    """A retrain that is asked for then is judged on rows that the champion knows: it cannot win; later all is well."""
    made = model(
        stream(63, concept_shift_at=21),
        drift__report_columns=1,
        policies__triggers=[{"policy": "always"}],
        training__window="14d",
        training__holdout="4d",
        training__params={"n_estimators": 10},
    )
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
    assert made.check(day(42)).outcome is Outcome.PROMOTED
    back = made.check(day(35))
    assert back.outcome is Outcome.REJECTED, back.reason
    assert made.champion() == "2"
    assert made.check(day(42)).outcome is Outcome.ALREADY_CHECKED
    assert len(registry.versions(made.name)) == 2
    made.given(policies__triggers=[{"policy": "performance_drop"}])
    assert made.check(day(49)).outcome is Outcome.STEADY
    assert running(made) == []
