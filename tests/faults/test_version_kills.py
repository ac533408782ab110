"""A process dies while a new version of a model elsewhere takes over, or two checks see it: it takes over once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from multiprocessing.context import ForkServerProcess

import pytest

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.elsewhere import keep_duckdb, put, scored
from tests.faults import lives
from tests.faults.test_kills import OF_A_TRAINING, running
from tests.faults.test_races import ended
from tests.streams import day, stream

Make = Callable[..., Model]
Killed = Callable[[str, Callable[..., None], str, datetime], None]
TAKING_OVER = (*OF_A_TRAINING, "read rows")


@pytest.fixture
def followed(model: Make, either_ledger: None) -> Model:
    """Version 7 is champion; a check of day 39 makes version 8 the champion."""
    rows, table = scored(stream(42), since=25)
    made = model()
    put(made, keep_duckdb(made.folder, rows, table))
    assert made.check(day(25)).scored_by == "7"
    return made


def assert_once(made: Model) -> None:
    """Two versions, two promotions, the second one serves."""
    aliases = [registry.aliased(made.name, name) for name in (registry.CHAMPION, registry.PREVIOUS)]
    assert [(one.number, one.follows) for one in aliases if one] == [("2", "8"), ("1", "7")]
    assert len(registry.versions(made.name)) == 2
    with closing(Ledger(home.ledger_url())) as ledger:
        moves = [event.kind for event in ledger.events(made.name, kinds=(Kind.PROMOTED, Kind.HEALED))]
        ends = [row["state"] for row in ledger.requests(made.name)]
    assert (moves, ends) == ([Kind.PROMOTED] * 2, ["promoted"] * 2)
    assert running(made) == []


@pytest.mark.parametrize("point", TAKING_OVER)
def test_a_new_version_whose_check_was_killed_takes_over_once(followed: Model, killed: Killed, point: str) -> None:
    """The next check finishes it, and judges the window with the new version."""
    killed(point, lives.check, str(followed.file), day(39))
    check = followed.check(day(39))
    assert (check.outcome, check.champion, check.scored_by) == (Outcome.STEADY, "2", "8"), check.reason
    assert_once(followed)


def test_two_concurrent_checks_follow_a_new_version_once(
    followed: Model, fork: Callable[..., ForkServerProcess]
) -> None:
    """One of them makes it the champion and judges the window; the other one finds both done."""
    assert ended([fork(lives.check, str(followed.file), day(39)) for _ in range(2)]) == [0, 0]
    assert_once(followed)
    with closing(Ledger(home.ledger_url())) as ledger:
        outcomes = sorted(check.outcome for check in ledger.checks(followed.name, most=2))
    assert outcomes == [Outcome.ALREADY_CHECKED, Outcome.STEADY]
