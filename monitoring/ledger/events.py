"""The append-only record of all decisions and results, in the order of writing."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from driftloop.monitoring.ledger.tables import EVENTS, FORMAT, as_text, stamp, written_now
from driftloop.monitoring.records import Check, Moment, Record


class Kind(StrEnum):
    """What can happen to a model. Another kind may be noted as well: a word of small letters and underscores."""

    CHECK_FINISHED = "check_finished"
    CHECK_MISSED = "check_missed"
    CHECK_OVERRUN = "check_overrun"
    PROBE = "probe"
    RETRAIN_REQUESTED = "retrain_requested"
    CLAIMED = "claimed"
    TRAINED = "trained"
    REGISTERED = "registered"
    AWAITING_APPROVAL = "awaiting_approval"
    SHADOWING = "shadowing"
    SHADOW_JUDGED = "shadow_judged"
    PROMOTED = "promoted"
    REJECTED = "rejected"
    IMPOSSIBLE = "impossible"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    SWITCHED_BACK = "switched_back"
    RECALIBRATED = "recalibrated"
    HEALED = "healed"
    CHAMPION_SET = "champion_set"
    LEARNED = "learned"


class Event(Record):
    """One thing that happened. `now` is the present of the check or retrain, `written_at` the clock at writing.

    `subject` is what it is about: the id of a check or a request, or the number of a version.
    """

    number: int
    model: str
    kind: str
    subject: str | None
    now: Moment
    written_at: Moment
    format: int
    payload: dict[str, Any]


def append(
    open_: Connection, model: str, kind: str, payload: Mapping[str, Any], now: datetime, subject: str | None = None
) -> None:
    """Add one event within a transaction."""
    if not re.fullmatch(r"[a-z][a-z_]{0,39}", kind):
        raise ValueError(f"an event's kind is a word of at most 40 small letters and underscores, found {kind!r}")
    row = {"model": model, "kind": str(kind), "subject": subject, "payload": as_text(dict(payload))}
    open_.execute(EVENTS.insert().values(**row, now=stamp(now), written_at=written_now(), format=FORMAT))


def newest(
    open_: Connection, model: str, *, kinds: Collection[str] = (), subject: str | None = None, most: int | None = None
) -> list[Event]:
    """The events of a model, newest first."""
    query = sa.select(EVENTS).where(EVENTS.c.model == model)
    if subject is not None:
        query = query.where(EVENTS.c.subject == subject)
    # Kind by kind, for which there is an index: a few rare kinds are found among a hundred thousand checks at once.
    asked = [query.where(EVENTS.c.kind == str(kind)) for kind in dict.fromkeys(kinds)] if kinds else [query]
    rows = [row for one in asked for row in open_.execute(one.order_by(EVENTS.c.number.desc()).limit(most)).mappings()]
    rows.sort(key=lambda row: -row["number"])
    return [Event(**{**row, "payload": json.loads(row["payload"])}) for row in rows[:most]]


def of_check(check: Check) -> dict[str, Any]:
    """Return the payload of a finished check: the verdict with all votes. The table of checks has the whole check."""
    performance = check.performance
    summary = check.model_dump(
        mode="json", include={"outcome", "reason", "window", "champion", "champion_after", "decision", "votes", "probe"}
    )
    return summary | {
        "drift_share": check.drift_share,
        "loss": performance.loss if performance else None,
        "report": check.report,
        "causes": [": ".join(line) for line in check.causes.lines] if check.causes else [],
    }
