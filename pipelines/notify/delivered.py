"""Deliveries of notifications by URL: what the ledger keeps of each, and the last ones of a model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from driftloop.monitoring.ledger import Event
from driftloop.monitoring.records import Moment, Record

# A notification that some URL took, one that none did, and a test; only the first keeps its repetition from being sent.
NOTIFIED, UNDELIVERED, TESTED = "notified", "not_notified", "notification_tested"
KINDS = (NOTIFIED, UNDELIVERED, TESTED)


class Delivery(Record):
    """The last attempt to send to a URL, known by its place in the config and its scheme.

    `reason` is why it failed, None if it was delivered; `delivered` is when the last one was, None if none was.
    """

    url: str
    at: Moment
    title: str
    reason: str | None = None
    delivered: Moment | None = None

    def __str__(self) -> str:
        """Return the attempt as text for the terminal."""
        what = f"{self.title!r} on {self.at:%Y-%m-%d %H:%M} UTC"
        if self.reason is None:
            return f"{self.url}: last delivery {what}"
        before = f"last delivery on {self.delivered:%Y-%m-%d %H:%M} UTC" if self.delivered else "nothing delivered yet"
        return f"{self.url}: {what} failed: {self.reason}; {before}"


def payload(title: str, key: str, attempts: Sequence[tuple[str, str | None]]) -> dict[str, Any]:
    """Return what the ledger keeps of a notification; `attempts` are pairs of a URL's place and why it failed."""
    sent = sum(why is None for _, why in attempts)
    each = [{"url": place, "reason": why} for place, why in attempts]
    return {"reason": title, "key": key, "sent": sent, "of": len(attempts), "deliveries": each}


def last(events: Iterable[Event]) -> list[Delivery]:
    """Return the last delivery of each URL, in the order of the config; `events` are newest first."""
    found: dict[str, Delivery] = {}
    delivered: dict[str, Moment] = {}
    for event in events:
        for each in event.payload.get("deliveries", ()):
            url, why = each["url"], each["reason"]
            if why is None:
                delivered.setdefault(url, event.now)
            found.setdefault(url, Delivery(url=url, at=event.now, title=event.payload["reason"], reason=why))
    dated = [Delivery(**{**delivery.model_dump(), "delivered": delivered.get(url)}) for url, delivery in found.items()]
    return sorted(dated, key=lambda delivery: delivery.url)
