"""A process is killed while the champion's alias moves back to a former champion; the next one finishes, once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime

import pytest

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.faults import lives
from tests.faults.test_kills import running
from tests.scenarios.test_archive import aliases, returned
from tests.streams import day

Make = Callable[..., Model]
Killed = Callable[[str, Callable[..., None], str, datetime], None]
POINTS = (
    *("wrote decision", "claimed request", "loaded back", "moved previous", "moved champion", "settled request"),
    *("closed run", "closed check", "recorded check", "announced check"),
)


@pytest.mark.parametrize("point", POINTS)
def test_a_switch_that_was_killed_is_finished_once(
    model: Make, either_ledger: None, killed: Killed, point: str
) -> None:
    """Wherever the check dies, the next one brings the switch to one end, and a further one changes nothing."""
    made = returned(model)
    killed(point, lives.check, str(made.file), day(49))
    again = made.check(day(49))
    assert again.outcome in {Outcome.SWITCHED_BACK, Outcome.ALREADY_CHECKED}, again.reason
    with closing(Ledger(home.ledger_url())) as ledger:
        outcomes = [check.outcome for check in ledger.checks(made.name)]
        moves = [event.kind for event in ledger.events(made.name, kinds=(Kind.SWITCHED_BACK, Kind.HEALED))]
    assert outcomes.count(Outcome.SWITCHED_BACK) == 1
    assert moves == [Kind.SWITCHED_BACK]
    assert aliases(made) == ["1", "2"]
    assert running(made) == []
    assert made.check(day(49)).outcome is Outcome.ALREADY_CHECKED
