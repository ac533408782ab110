"""The tables of the ledger in its present format, and how a value is written into them. Rows of events and checks are
only ever added; requests and claims hold the current state of what the events record.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from driftloop.monitoring.records import Record, utc

FORMAT = 3
TABLES = sa.MetaData()
VERSION = sa.Table(
    # One row: the format that the tables are in.
    "ledger_format",
    TABLES,
    sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("format", sa.Integer, nullable=False),
)
EVENTS = sa.Table(
    "events",
    TABLES,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("model", sa.String(100), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    # What it is about: a check's or a request's id, or the number of a version.
    sa.Column("subject", sa.String(64), nullable=True),
    sa.Column("now", sa.String(40), nullable=False),
    sa.Column("written_at", sa.String(40), nullable=False),
    sa.Column("format", sa.Integer, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Index("ix_events_model_number", "model", "number"),
    sa.Index("ix_events_model_kind_number", "model", "kind", "number"),
)
CHECKS = sa.Table(
    "checks",
    TABLES,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("check_id", sa.String(40), nullable=False, unique=True),
    sa.Column("model", sa.String(100), nullable=False),
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("now", sa.String(40), nullable=False),
    sa.Column("written_at", sa.String(40), nullable=False),
    sa.Column("format", sa.Integer, nullable=False),
    # What policies look at of the past, beside the whole, so that a long history is quick to parse at every check.
    sa.Column("past", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    # The newest of a model without a sort, and without a look at the others if it has none.
    sa.Index("ix_checks_model_number", "model", "number"),
)
SETTLED = sa.Table(
    # A judged check settles its window for the champion it met and for the one that it left in place; an early exit
    # settles nothing and may be repeated.
    "settled",
    TABLES,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("check_id", sa.String(40), nullable=False),
)
REQUESTS = sa.Table(
    "requests",
    TABLES,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("request_id", sa.String(40), nullable=False, unique=True),
    sa.Column("model", sa.String(100), nullable=False),
    sa.Column("champion", sa.String(40), nullable=True),
    sa.Column("now", sa.String(40), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("error", sa.Text, nullable=True),
    sa.Column("written_at", sa.String(40), nullable=False),
    sa.Column("body", sa.Text, nullable=True),
    # The check whose decision it is, and what settles that check's window; none where a person asked.
    sa.Column("check_id", sa.String(40), nullable=True),
    # What is to be trained (window, settings), and how far it has come: what one who takes it over needs.
    sa.Column("asked", sa.Text, nullable=True),
    sa.Column("progress", sa.Text, nullable=True),
    sa.Index("ix_requests_model_state", "model", "state"),
    sa.Index("ix_requests_model_number", "model", "number"),
)
CLAIMS = sa.Table(
    # Who works on what. The fence counts the takers: a write with an older number is refused.
    "claims",
    TABLES,
    sa.Column("resource", sa.String(200), primary_key=True),
    sa.Column("holder", sa.String(300), nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("taken_at", sa.String(40), nullable=False),
    # Null: nobody holds it.
    sa.Column("expires_at", sa.String(40), nullable=True),
)
MEMBERS = sa.Table(
    # The running services, each with the models that it can check and the digests of their configs, as JSON.
    "members",
    TABLES,
    sa.Column("member", sa.String(40), primary_key=True),
    sa.Column("holder", sa.String(300), nullable=False),
    sa.Column("version", sa.String(40), nullable=False),
    sa.Column("since", sa.String(40), nullable=False),
    sa.Column("expires_at", sa.String(40), nullable=False),
    sa.Column("models_digest", sa.String(64), nullable=False),
    sa.Column("models", sa.Text, nullable=False),
)


def stamp(moment: datetime) -> str:
    """Write a moment in one width, so that text sorts as time does, in every database's own order.

    >>> stamp(datetime(2026, 1, 1))
    '2026-01-01T00:00:00.000000+00:00'
    """
    return utc(moment).isoformat(timespec="microseconds")


def written_now() -> str:
    """The moment of writing: the clock of this machine, for people to read. Nothing is decided by it."""
    return stamp(datetime.now(UTC))


def plain(text: str) -> str:
    r"""Return a text that every database can store: without NUL and without half surrogates.

    >>> plain("a\0b\ud800")
    'a�b?'
    """
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def as_text(value: Record | dict[str, Any]) -> str:
    """Write a record so that it reads back whole: `model_dump_json` makes a null of an infinite loss."""
    return json.dumps(value.model_dump(mode="json") if isinstance(value, Record) else value)
