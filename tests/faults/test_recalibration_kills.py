"""A process is killed while it recalibrates the champion; the next one finishes, once."""

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
from tests.scenarios.test_archive import aliases
from tests.scenarios.test_recalibration import moving, trained
from tests.streams import day

Make = Callable[..., Model]
Killed = Callable[[str, Callable[..., None], str, datetime], None]
POINTS = (
    *("wrote decision", "claimed request", "fitted", "stored model", "wrote progress", "registered version"),
    *("loaded back", "moved previous", "moved champion", "settled request", "closed run", "closed check"),
    *("recorded check", "announced check"),
)


@pytest.mark.parametrize("trigger", ["cara", "recoverable_loss"])
@pytest.mark.parametrize("point", POINTS)
def test_a_recalibration_that_was_killed_is_finished_once(
    model: Make, either_ledger: None, killed: Killed, point: str, trigger: str
) -> None:
    """In place of a retrain that is due (cara), or on its own: one version, one move, one check with the outcome."""
    if trigger == "recoverable_loss" and point not in {"wrote progress", "moved champion"}:
        pytest.skip("the same steps as with a retrain that is due")
    made = trained(model, moving("regression", {28: 8.0}), "regression", trigger)
    killed(point, lives.check, str(made.file), day(35))
    again = made.check(day(35))
    assert again.outcome in {Outcome.RECALIBRATED, Outcome.ALREADY_CHECKED}, again.reason
    with closing(Ledger(home.ledger_url())) as ledger:
        outcomes = [check.outcome for check in ledger.checks(made.name)]
        moves = [event.kind for event in ledger.events(made.name, kinds=(Kind.RECALIBRATED, Kind.HEALED))]
    assert outcomes.count(Outcome.RECALIBRATED) == 1
    assert moves == [Kind.RECALIBRATED]
    assert aliases(made) == ["2", "1"]
    assert len(registry.versions(made.name)) == 2
    assert running(made) == []
    assert made.check(day(35)).outcome is Outcome.ALREADY_CHECKED
