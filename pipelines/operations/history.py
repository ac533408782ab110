"""History of a model as text: every decision, including decisions not to act, with reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from driftloop.monitoring.ledger import Event, Kind
from driftloop.pipelines.notify.delivered import NOTIFIED, TESTED, UNDELIVERED
from driftloop.pipelines.runtime.tables import PIPE, Column, Row, Screen, drawn, wrapped
from driftloop.pipelines.runtime.terminal import printable

PATTERNS: dict[str, str] = {
    Kind.RETRAIN_REQUESTED: "{about} {to_replace}: {reason}",
    Kind.CLAIMED: "{about} by {holder}, attempt {attempt}",
    Kind.PROBE: "in check {subject}: expected gain of a retrain {gap:.3g} (loss of the champion {champion_loss:.3g})",
    Kind.TRAINED: "{about}: {reason}",
    Kind.REGISTERED: "version {version} by request {request_id}",
    Kind.AWAITING_APPROVAL: "version {version}: {reason}",
    Kind.SHADOWING: "version {version}: {reason}",
    Kind.SHADOW_JUDGED: "version {version}: {code}: {reason}",
    Kind.PROMOTED: "version {version}: {reason}",
    Kind.REJECTED: "{version_or_request}: {reason}",
    Kind.IMPOSSIBLE: "{about}: {reason}",
    Kind.FAILED: "{about}: {reason}",
    NOTIFIED: "{reason}, to {sent} of {of} URLs",
    UNDELIVERED: "{reason}, to none of {of} URLs",
    TESTED: "{reason}, to {sent} of {of} URLs",
    Kind.SWITCHED_BACK: "version {version} serves again: {reason}",
    Kind.RECALIBRATED: "version {version} recalibrates version {recalibrates}: {reason}",
    Kind.ROLLED_BACK: "version {version} serves again; version {left} is kept as previous{why}",
}


VOTES = (Column(usual=24), Column(usual=14), Column())


def render(events: Iterable[Event], on: Screen = PIPE) -> str:
    """Return one entry per event, in the given order: time, kind, subject, reason; a check's votes below it."""
    lines: list[str] = []
    for event in events:
        kind, text = _texts(event)
        head = f"{event.now:%Y-%m-%d %H:%M}  {kind:<18} "
        lines += wrapped(head + " ".join(text.split()), on, later=" " * 8)
        for cause in event.payload.get("causes") or () if event.kind == Kind.CHECK_FINISHED else ():
            lines += wrapped(f"{' ' * 8}{cause}", on, later=" " * 10)
        votes = event.payload.get("votes") or () if event.kind == Kind.CHECK_FINISHED else ()
        rows = [Row((vote["policy"], vote["vote"], " ".join(str(vote["reason"]).split()))) for vote in votes]
        lines += drawn(VOTES, rows, on, gap=1, indent=8) if rows else []
    return "\n".join(printable(line) for line in lines)


def _texts(event: Event) -> tuple[str, str]:
    payload = event.payload
    if event.kind == Kind.CHECK_FINISHED:
        window, champion = payload["window"], payload.get("champion")
        span = f"{window['start'][:10]} to {window['end'][:10]}, {window['rows']:,} rows"
        judged = f"version {champion}" if champion else "no champion"
        return str(payload["outcome"]).upper(), f"check {event.subject} of {span}, {judged}: {payload['reason']}"
    about, replaced = f"request {event.subject}", _version(payload, "champion", "")
    values = {
        "about": about,
        "subject": event.subject,
        "to_replace": f"to replace {replaced}" if replaced else "for the first champion",
        **payload,
    }
    values["why"] = f": {payload['reason']}" if payload.get("reason") else ""
    values["version_or_request"] = _version(payload, "version", about)
    pattern = PATTERNS.get(event.kind)
    try:
        text = pattern.format(**values) if pattern is not None else _plain(payload)
    except KeyError:
        # An event of an older format, or with fewer values.
        text = _plain(payload)
    return event.kind.replace("_", " "), text


def _version(payload: Mapping[str, Any], key: str, otherwise: str) -> str:
    return f"version {payload[key]}" if payload.get(key) else otherwise


def _plain(payload: Mapping[str, Any]) -> str:
    """Return the text of an event of a kind without a pattern.

    >>> _plain({"reason": "late", "seconds": 3.0, "none": None})
    'late (seconds 3.0)'
    """
    rest = ", ".join(f"{key} {value}" for key, value in payload.items() if key != "reason" and value is not None)
    reason = str(payload.get("reason") or "")
    return f"{reason} ({rest})" if reason and rest else reason or rest
