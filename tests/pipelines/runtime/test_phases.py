"""Phases reach the one who watches, in the order of the work, and no one else."""

from __future__ import annotations

import threading
from collections.abc import Callable

from driftloop.monitoring.records import Outcome
from driftloop.pipelines.config.project import load
from driftloop.pipelines.operations.retraining import retrain_now
from driftloop.pipelines.runtime import phases
from tests.conftest import Model
from tests.noted import Noted
from tests.streams import day


def test_without_a_watcher_nothing_happens() -> None:
    """Phases and steps cost nothing and say nothing where no command shows them; a watcher is left at the end."""
    noted = Noted()
    with phases.watched_by(noted), phases.counted("fits", 2) as done:
        phases.enter("one")
        done()
    phases.enter("after")
    with phases.counted("more", 1) as done:
        done()
    assert noted.phases == ["fits of 2", "one", "done", "end"]


def test_another_thread_is_not_watched() -> None:
    """A service runs its checks in threads: what they do is not shown by a command next to them."""
    noted = Noted()
    with phases.watched_by(noted):
        thread = threading.Thread(target=phases.enter, args=("elsewhere",))
        thread.start()
        thread.join()
    assert noted.phases == []


def test_a_check_and_a_retrain_say_what_they_do(trained: Callable[..., Model]) -> None:
    """Prefect's flows and tasks pass the phases on, in the order of the work."""
    model = trained()
    checked, asked = Noted(), Noted()
    with phases.watched_by(checked):
        assert model.check(day(28)).outcome is Outcome.STEADY
    order = ["finding the champion", "reading rows", "preflight", "loss:", "drift:", "decision", "writing the report"]
    assert in_order(order, checked.phases), checked.phases
    with phases.watched_by(asked):
        retrain_now(load(model.file), day(28))
    assert in_order(["finding the champion", "training: reading", "training: fitting", "gate"], asked.phases), (
        asked.phases
    )


def in_order(wanted: list[str], phases: list[str]) -> bool:
    rest = iter(phases)
    return all(any(phase.startswith(one) for phase in rest) for one in wanted)
