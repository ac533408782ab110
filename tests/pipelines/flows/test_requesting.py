"""A retrain requested by a check: the same one is requested once, and none while another one is open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Check, Outcome
from driftloop.pipelines.config.project import load
from driftloop.pipelines.flows import requesting
from driftloop.pipelines.registry import Version
from driftloop.pipelines.requests.check_run import CheckRun
from tests.streams import day, stream, write

pytestmark = pytest.mark.usefixtures("_home")
Run = Callable[..., CheckRun]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Makes a check of one model, whose training is left to a worker unless stated otherwise."""
    file = write(tmp_path, stream(28, 20), model="asking")
    with closing(Ledger(f"sqlite:///{tmp_path}/ledger.db")) as ledger:

        def make(now: float = 28, train: Any = "request", *, dry_run: bool = False, champion: str = "1") -> CheckRun:
            made = CheckRun(load(file), day(now), dry_run, ledger, train)
            made.champion = champion
            return made

        yield make


def decided(run: CheckRun) -> Check:
    return run.check(Outcome.STEADY, "retrain: because")


def test_a_request_is_written_with_all_that_a_worker_needs(run: Run) -> None:
    """Champion, training window, reason and the check itself are in the ledger before anyone trains."""
    made = run()
    check = requesting.train(made, decided(made), "rows", "rows")
    (request,) = made.ledger.open_requests("asking")
    assert check.outcome is Outcome.REQUESTED
    assert request.request_id in check.reason
    assert (request.champion, request.rows, request.reason) == ("1", "rows", "retrain: because")
    assert (request.window.start, request.window.end) == (day(7), day(28))
    assert request.check is not None
    assert request.check.check_id == check.check_id


def test_the_same_retrain_is_requested_once(run: Run) -> None:
    """The same rows under the same champion and settings are the same request; any difference is another one."""
    for made in (run(), run()):
        requesting.train(made, decided(made), "rows", "rows")
    assert len(made.ledger.open_requests("asking")) == 1
    requesting.train(made, decided(made), "rows", "other rows")
    other = run(champion="2")
    requesting.train(other, decided(other), "rows", "rows")
    assert len(made.ledger.open_requests("asking")) == 3


def test_an_open_request_for_this_champion_holds_a_second_one_back(run: Run) -> None:
    """A later check names the open request and asks for nothing; for another champion it would."""
    first = run()
    requesting.train(first, decided(first), "rows", "rows")
    (open_,) = first.ledger.open_requests("asking")
    later, fresh = run(29), Any
    check = requesting.retrain(later, Version("asking", "1", "m-1", None, {}), fresh, decided(later))  # type: ignore[arg-type]
    assert check.outcome is Outcome.STEADY
    assert open_.request_id in check.reason
    assert len(later.ledger.open_requests("asking")) == 1
    assert requesting.open_request(later, "2") is None


def test_who_trains_here_has_no_open_request(run: Run) -> None:
    """Recovery has ended them before; and a dry run looks at none, since it trains nothing."""
    first = run()
    requesting.train(first, decided(first), "rows", "rows")
    assert requesting.open_request(run(), "1") is not None
    assert requesting.open_request(run(train="here"), "1") is None
    assert requesting.open_request(run(dry_run=True), "1") is None
