"""From one format of the ledger to the next, each step once, under the database's own lock."""

from __future__ import annotations

import json
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from driftloop.monitoring.errors import LedgerTooNew
from driftloop.monitoring.ledger.events import of_check
from driftloop.monitoring.ledger.tables import CHECKS, EVENTS, FORMAT, MEMBERS, REQUESTS, TABLES, VERSION, as_text
from driftloop.monitoring.ledger.transactions import read, write
from driftloop.monitoring.records import Check

LOCK = 0x64726966746C6F6F  # any number of ours: PostgreSQL's advisory lock for "the format is being changed"


def prepare(engine: Engine, where: str) -> None:
    """Make the tables, or bring those of an older driftloop to the present format. A newer format is refused."""
    if read(engine, _format) != FORMAT:
        write(engine, lambda open_: _bring_up_to_date(open_, where))


def _bring_up_to_date(open_: Connection, where: str) -> None:
    if open_.dialect.name == "postgresql":
        open_.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    # Another process may have done it while we waited for the lock.
    found = _format(open_)
    if found is not None and found > FORMAT:
        raise LedgerTooNew(where, found, FORMAT)
    if found is None:
        TABLES.create_all(open_)
        open_.execute(VERSION.insert().values(one=1, format=FORMAT))
        return
    if found == FORMAT:
        return
    for step in range(found, FORMAT):
        STEPS[step](open_)
    open_.execute(VERSION.update().values(format=FORMAT))


def _format(open_: Connection) -> int | None:
    """The format that is there, none in an empty database. The first one did not say so."""
    inspector = sa.inspect(open_)
    if inspector.has_table(VERSION.name):
        return int(open_.execute(sa.select(VERSION.c.format)).scalar_one())
    return 1 if inspector.has_table(CHECKS.name) else None


def _to_2(open_: Connection) -> None:
    """Events, claims, and requests that can be taken over; the past of old checks and requests is recorded as events.

    Of format 1 there are two shapes: the older one keeps drift share and loss of a check in columns of their own.
    """
    columns = {column["name"] for column in sa.inspect(open_).get_columns(CHECKS.name)}
    if "past" not in columns:
        open_.execute(sa.text("ALTER TABLE checks ADD COLUMN past TEXT NOT NULL DEFAULT '{}'"))
        for old in ("drift_share", "loss"):
            open_.execute(sa.text(f"ALTER TABLE checks DROP COLUMN {old}"))
    for name, kind in (("check_id", "VARCHAR(40)"), ("asked", "TEXT"), ("progress", "TEXT")):
        open_.execute(sa.text(f"ALTER TABLE requests ADD COLUMN {name} {kind}"))
    TABLES.create_all(open_)
    index = next(index for index in REQUESTS.indexes if index.name == "ix_requests_model_state")
    index.create(open_, checkfirst=True)
    open_.execute(VERSION.insert().values(one=1, format=2))
    history = []
    for row in open_.execute(sa.select(CHECKS).order_by(CHECKS.c.number)).mappings().all():
        check = Check.model_validate_json(row["body"])
        open_.execute(CHECKS.update().where(CHECKS.c.number == row["number"]).values(past=as_text(check.past)))
        history.append((row["written_at"], row, "check_finished", check.check_id, of_check(check)))
    for row in open_.execute(sa.select(REQUESTS).order_by(REQUESTS.c.number)).mappings().all():
        opened = {"champion": row["champion"], "reason": row["reason"]}
        history.append((row["written_at"], row, "retrain_requested", row["request_id"], opened))
        if row["state"] != "requested":
            end = json.loads(row["body"]) if row["body"] else {"reason": row["error"]}
            history.append((row["written_at"], row, row["state"], row["request_id"], end))
    for written_at, row, kind, subject, payload in sorted(history, key=lambda one: one[0]):
        same = {name: row[name] for name in ("model", "now")}
        values = {"kind": kind, "subject": subject, "payload": as_text(payload), "written_at": written_at, "format": 2}
        open_.execute(EVENTS.insert().values(**same, **values))


def _to_3(open_: Connection) -> None:
    """The running services; and the index of a model's checks and requests has their order."""
    MEMBERS.create(open_, checkfirst=True)
    for table in (CHECKS, REQUESTS):
        index = next(index for index in table.indexes if index.name == f"ix_{table.name}_model_number")
        index.create(open_, checkfirst=True)
        open_.execute(sa.text(f"DROP INDEX IF EXISTS ix_{table.name}_model"))


STEPS: dict[int, Callable[[Connection], None]] = {1: _to_2, 2: _to_3}
