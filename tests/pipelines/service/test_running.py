"""Who runs when: one check of a model, this many at a time, nothing lost that arrives meanwhile."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from driftloop.pipelines.service.running import CheckEnd, CheckRequest, Runner, Why

DUE = datetime(2026, 1, 1, tzinfo=UTC)
SOON = 20.0


def wish(model: str, why: Why = "schedule") -> CheckRequest:
    return CheckRequest(model=model, why=why, due=DUE)


class Gate:
    """Work that waits until it is let go, and counts who is in it."""

    def __init__(self) -> None:
        self.open, self.inside = threading.Event(), threading.Semaphore(0)
        self.lock, self.now, self.most, self.done = threading.Lock(), 0, 0, Counter[str]()

    def __call__(self, asked: CheckRequest) -> str:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.inside.release()
        assert self.open.wait(SOON)
        with self.lock:
            self.now -= 1
            self.done[asked.model] += 1
        return asked.model


def quiet(ended: CheckEnd) -> None:
    pass


def test_models_run_side_by_side_within_the_limit() -> None:
    """Five wishes and two workers: two at a time, and all five in the end."""
    gate = Gate()
    runner = Runner(gate, quiet, workers=2)
    for at in range(5):
        assert runner.ask(wish(f"m{at}")) == "queued"
    assert gate.inside.acquire(timeout=SOON)
    assert gate.inside.acquire(timeout=SOON)
    assert len(runner.running()) == 2
    assert len(runner.waiting()) == 3
    gate.open.set()
    assert runner.idle(SOON)
    assert gate.most == 2
    assert gate.done.total() == 5


def test_a_model_is_never_checked_twice_at_a_time() -> None:
    """An overrun is reported; rows that arrive get one check more, however many arrive."""
    gate = Gate()
    runner = Runner(gate, quiet, workers=4)
    runner.ask(wish("m"))
    assert gate.inside.acquire(timeout=SOON)
    assert runner.ask(wish("m")) == "overrun"
    assert runner.ask(wish("m", "arrival")) == "again"
    assert runner.ask(wish("m", "arrival")) == "queued"
    assert runner.ask(wish("m", "http")) == "queued"
    assert runner.ask(wish("m")) == "overrun", "one is waiting already"
    gate.open.set()
    assert runner.idle(SOON)
    assert gate.most == 1
    assert gate.done == {"m": 2}


@pytest.mark.parametrize("error", [ValueError("broken"), SystemExit(3), KeyboardInterrupt()])
def test_a_check_that_fails_stops_nothing(error: BaseException) -> None:
    """Whatever is raised is reported, and the worker takes the next one."""
    shown: list[CheckEnd] = []

    def work(asked: CheckRequest) -> Any:
        if asked.model == "bad":
            raise error
        return "fine"

    runner = Runner(work, shown.append, workers=1)
    runner.ask(wish("bad"))
    runner.ask(wish("good"))
    assert runner.idle(SOON)
    assert [(one.request.model, one.result, one.error) for one in shown] == [
        ("bad", None, error),
        ("good", "fine", None),
    ]
    assert shown[0].request.started is not None


def test_an_end_that_cannot_be_taken_in_costs_no_worker(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the worker takes the next one."""
    result: list[str] = []

    def ended(end: CheckEnd) -> None:
        result.append(end.request.model)
        raise OSError("no room")

    runner = Runner(lambda _: None, ended, workers=1)
    for model in ("a", "b"):
        runner.ask(wish(model))
        assert runner.idle(SOON)
    assert result == ["a", "b"]
    assert "a: the result of its check could not be processed" in caplog.text


def test_a_stop_lets_the_running_one_finish_and_starts_no_other() -> None:
    """What waits is given up and named, what runs comes to its end, and new wishes are refused."""
    gate = Gate()
    runner = Runner(gate, quiet, workers=1)
    runner.ask(wish("first"))
    assert gate.inside.acquire(timeout=SOON)
    runner.ask(wish("second"))
    assert runner.stop() == ("second",)
    assert runner.ask(wish("third")) == "stopping"
    assert not runner.idle(0.05), "the first one still runs"
    gate.open.set()
    assert runner.idle(SOON)
    assert gate.done == {"first": 1}


def test_a_check_that_hangs_is_seen() -> None:
    """What runs states since when, so that one can report that it hangs; the others go on."""
    gate = Gate()
    result: list[Any] = []

    def work(asked: CheckRequest) -> Any:
        return gate(asked) if asked.model == "slow" else None

    clock: Callable[[], datetime] = lambda: DUE  # noqa: E731
    runner = Runner(work, result.append, workers=2, clock=clock)
    runner.ask(wish("slow"))
    assert gate.inside.acquire(timeout=SOON)
    runner.ask(wish("quick"))
    while not result:
        runner.idle(0.01)
    (slow,) = runner.running()
    assert (slow.model, slow.started) == ("slow", DUE)
    gate.open.set()
    assert runner.idle(SOON)
