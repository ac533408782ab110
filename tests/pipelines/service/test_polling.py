"""Polling of watched models: what has come is asked for, and one model's error does not stop the others."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.ledger import Ledger
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.runtime import home
from driftloop.pipelines.service.board import Board
from driftloop.pipelines.service.polling import Polling
from driftloop.pipelines.service.watched import Watched
from tests import streams

NOW = datetime.now(UTC)


class Polled:
    """Two models that wait for files, and what was asked for."""

    def __init__(self, folder: Path) -> None:
        registry.client()
        self.asked: list[tuple[str, str]] = []
        self.background = ThreadPoolExecutor(1)
        self.board = Board(self.background)
        self.folder = folder
        for at, model in enumerate(("pa", "pb")):
            on = {"arrival": f"in{at}/*.csv", "settle": "0.1s"}
            self.board.put(
                load(streams.write(folder / model, model=f"{model}{folder.name}"[:60], schedule={"on": on})), NOW
            )
        self.polling = Polling(self.board, self.background, self.ask, lambda: (), lambda: False)

    def ask(self, model: str, why: str, due: datetime) -> None:
        self.asked.append((model[:2], why))

    def watched(self, at: int) -> Watched:
        return self.board.all()[at]

    def arrive(self, model: str, at: int) -> None:
        place = self.folder / model / f"in{at}"
        place.mkdir(exist_ok=True)
        (place / "rows.csv").write_text("a\n1\n")


@pytest.fixture
def polled(tmp_path: Path) -> Iterator[Polled]:
    made = Polled(tmp_path)
    yield made
    made.background.shutdown()


def test_a_file_asks_for_a_check_of_its_model_alone(polled: Polled) -> None:
    """Once, when it has settled."""
    polled.arrive("pb", 1)
    for seconds in range(1, 5):
        polled.polling.look_at_arrivals(NOW + timedelta(seconds=seconds))
    assert polled.asked == [("pb", "arrival")]


def test_the_error_of_one_model_is_logged_once_and_stops_no_other(
    polled: Polled, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged again when it changes."""
    broken: Any = polled.watched(0).arrivals
    broken.at = 7
    polled.arrive("pb", 1)
    for seconds in range(1, 5):
        polled.polling.look_at_arrivals(NOW + timedelta(seconds=seconds))
    assert polled.asked == [("pb", "arrival")]
    assert caplog.text.count("polling failed and will be retried") == 1
    polled.polling.log_once(polled.watched(0).project.model, "another error")
    assert "another error" in caplog.text


def test_a_model_that_was_never_checked_is_watched_since_the_first_service_saw_it(polled: Polled) -> None:
    """So that what was due between two services is caught up."""
    project = polled.watched(0).project
    with closing(Ledger(home.ledger_url())) as ledger:
        again = Watched.of(project, ledger, NOW + timedelta(hours=3))
    assert abs(again.since - datetime.now(UTC)) < timedelta(hours=1)
