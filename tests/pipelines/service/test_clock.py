"""The running clock reports who is due, with the moment it was due, and nothing after it was dropped."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from driftloop.pipelines.config.schedule import Schedule
from driftloop.pipelines.service.clock import Clock

SOON = 20.0


def test_what_is_due_is_reported_and_what_was_dropped_is_not() -> None:
    """An interval of a tenth of a second comes by; the dropped model and the arrivals-only one never do."""
    result: list[tuple[str, datetime]] = []
    enough = threading.Event()

    def due(model: str, moment: datetime) -> None:
        result.append((model, moment))
        if len(result) >= 3:
            enough.set()

    clock = Clock(due, due)
    now = datetime.now(UTC)
    for name in ("a", "gone"):
        clock.set(name, Schedule(every="0.1s"), now)
    clock.drop("gone")
    clock.drop("never there")
    clock.set("quiet", Schedule(on={"poll": "5m"}), now)
    clock.start()
    assert enough.wait(SOON)
    clock.stop()
    assert {model for model, _ in result} == {"a"}
    moments = [moment for _, moment in result]
    assert moments == sorted(set(moments))
    assert all((moment - now) % timedelta(seconds=0.1) == timedelta() for moment in moments)


def test_a_model_has_one_job_whatever_its_file_states_next() -> None:
    """Another schedule replaces the one before; none takes it away."""
    clock = Clock(lambda *_: None, lambda *_: None)
    clock.start()
    now = datetime.now(UTC)
    clock.set("a", Schedule(every="6h"), now)
    assert clock.next("a") == now + timedelta(hours=6)
    clock.set("a", Schedule(every="2h"), now)
    assert clock.next("a") == now + timedelta(hours=2)
    clock.set("a", Schedule(on={"poll": "5m"}), now)
    assert clock.next("a") is None
    clock.stop()
