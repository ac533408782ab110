"""The last delivery of each URL follows from the events of a model, failed attempts and tests included."""

from __future__ import annotations

from typing import Any

from driftloop.monitoring.ledger import Event
from driftloop.pipelines.notify.delivered import NOTIFIED, TESTED, UNDELIVERED, last, payload
from tests.streams import day

HOOK, MAIL = "notify.urls[0] (json)", "notify.urls[1] (mailto)"


def event(number: int, kind: str, *attempts: tuple[str, str | None]) -> Event:
    body: dict[str, Any] = payload("m: drift", "drift:m:1", attempts)
    return written(number, kind, body)


def written(number: int, kind: str, body: dict[str, Any]) -> Event:
    moment = day(number)
    return Event(
        number=number, model="m", kind=kind, subject=None, now=moment, written_at=moment, format=1, payload=body
    )


def test_the_newest_attempt_and_the_newest_delivery() -> None:
    """A failure is reported with the last time that a notification arrived; events of an older format are skipped."""
    events = [
        event(3, UNDELIVERED, (HOOK, "delivery failed"), (MAIL, "delivery failed")),
        event(2, TESTED, (MAIL, "delivery failed"), (HOOK, None)),
        event(1, NOTIFIED, (HOOK, None)),
        written(0, NOTIFIED, {"reason": "old", "key": "k"}),
    ]
    hook, mail = last(events)
    assert (hook.url, hook.at, hook.reason, hook.delivered) == (HOOK, day(3), "delivery failed", day(2))
    assert (mail.url, mail.delivered) == (MAIL, None)
    assert str(hook).endswith(f"failed: delivery failed; last delivery on {day(2):%Y-%m-%d %H:%M} UTC")
    assert str(mail).endswith("nothing delivered yet")
    assert str(last(events[1:])[0]) == f"{HOOK}: last delivery 'm: drift' on {day(2):%Y-%m-%d %H:%M} UTC"
