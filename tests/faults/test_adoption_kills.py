"""A process is killed in the middle of an adoption: the next check finishes it, as it would a training."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import datetime

import mlflow
import pytest
from sklearn.linear_model import LinearRegression

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.faults import lives
from tests.faults.test_kills import OF_A_TRAINING, running
from tests.streams import day, stream

Make = Callable[..., Model]
Killed = Callable[[str, Callable[..., None], str, datetime], None]


@pytest.mark.parametrize("point", OF_A_TRAINING)
def test_an_adoption_that_was_killed_is_finished_by_the_next_check(
    model: Make, killed: Killed, either_ledger: None, point: str
) -> None:
    """One version, one promotion, wherever it died; the model's own place may be gone by then."""
    frame = stream()
    made = model(frame, training__params={"n_estimators": 5}, policies__triggers=[{"policy": "never"}])
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
    theirs = made.folder / "theirs"
    mlflow.sklearn.save_model(LinearRegression().fit(frame[["speed"]], frame.y), theirs, pip_requirements=["mlflow"])
    killed(point, lives.adopt, str(made.file), day(35))
    shutil.rmtree(theirs)
    check = made.check(day(35))
    assert (check.outcome, check.champion) == (Outcome.STEADY, "2"), check.reason
    aliases = [registry.aliased(made.name, name) for name in (registry.CHAMPION, registry.PREVIOUS)]
    assert [one.number for one in aliases if one] == ["2", "1"]
    assert len(registry.versions(made.name)) == 2
    with closing(Ledger(home.ledger_url())) as ledger:
        moves = [event.kind for event in ledger.events(made.name, kinds=(Kind.PROMOTED, Kind.HEALED))]
        ends = [row["state"] for row in ledger.requests(made.name)]
    assert (moves, ends) == ([Kind.PROMOTED] * 2, ["promoted"] * 2)
    assert running(made) == []
    if point not in {"settled request", "closed run"}:
        assert not any(home.adopting("").iterdir())
