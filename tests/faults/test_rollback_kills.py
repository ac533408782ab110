"""A process is killed while a promotion is taken back; the next one finishes, once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime

import pytest

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.faults import lives
from tests.faults.test_kills import running
from tests.faults.test_switch_kills import POINTS
from tests.scenarios.test_archive import aliases, returned
from tests.streams import day

Make = Callable[..., Model]
Killed = Callable[[str, Callable[..., None], str, datetime], None]


@pytest.mark.parametrize("point", POINTS)
def test_a_rollback_that_was_killed_is_finished_once(
    model: Make, either_ledger: None, killed: Killed, point: str
) -> None:
    """Between the proof and the alias, and after it: one rollback, the same reason, and the version is marked."""
    made = returned(model, promotion={"watch": 4})
    killed(point, lives.check, str(made.file), day(49))
    again = made.check(day(49))
    assert again.outcome in {Outcome.ROLLED_BACK, Outcome.ALREADY_CHECKED}, again.reason
    with closing(Ledger(home.ledger_url())) as ledger:
        (check,) = [check for check in ledger.checks(made.name) if check.outcome is Outcome.ROLLED_BACK]
        kinds = (Kind.ROLLED_BACK, Kind.SWITCHED_BACK, Kind.HEALED)
        (move,) = ledger.events(made.name, kinds=kinds)
    assert check.watch is not None
    assert check.watch.state == "proven_worse"
    assert (move.kind, move.payload["version"], move.payload["left"]) == (Kind.ROLLED_BACK, "1", "2")
    assert aliases(made) == ["1", "2"]
    assert "driftloop.taken_back" in next(one for one in registry.versions(made.name) if one.number == "2").tags
    assert running(made) == []
    assert made.check(day(49)).outcome is Outcome.ALREADY_CHECKED
