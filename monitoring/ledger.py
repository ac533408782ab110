"""The durable record of checks, retrain requests and their ends. The only user of SQLAlchemy.

It holds what the machine must not get wrong: a window is checked once for the same champion and the same rows, a
request is trained once, and the history that cooldown reads survives a restart. Rows of checks are only ever added.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitoring.errors import LedgerUnusable
from monitoring.records import Check, History, Outcome, PastCheck, PastRetrain, Record, Retrain, Window, utc

FORMAT = 1
PATIENCE_SECONDS = 30
TABLES = sa.MetaData()
CHECKS = sa.Table(
    "checks",
    TABLES,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("check_id", sa.String(40), nullable=False, unique=True),
    sa.Column("model", sa.String(100), nullable=False, index=True),
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("now", sa.String(40), nullable=False),
    sa.Column("written_at", sa.String(40), nullable=False),
    sa.Column("format", sa.Integer, nullable=False),
    # What policies look at of the past, beside the whole, so that a long history is quick to parse at every check.
    sa.Column("past", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
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
    sa.Column("model", sa.String(100), nullable=False, index=True),
    sa.Column("champion", sa.String(40), nullable=True),
    sa.Column("now", sa.String(40), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("error", sa.Text, nullable=True),
    sa.Column("written_at", sa.String(40), nullable=False),
    sa.Column("body", sa.Text, nullable=True),
)


def digest(*parts: object) -> str:
    """A stable name for a combination of values, 32 hexadecimal characters."""
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()[:32]


def window_key(model: str, window: Window, champion: str | None, rows_digest: str) -> str:
    """What makes two checks the same: model, window, champion and rows."""
    return digest(model, window.start.isoformat(), window.end.isoformat(), champion, rows_digest)


class Ledger:
    """Opens, and where needed creates, the record at an SQLAlchemy URL."""

    def __init__(self, url: str) -> None:
        try:
            self.engine = sa.create_engine(url)
            if self.engine.dialect.name == "sqlite":
                if self.engine.url.database:
                    Path(self.engine.url.database).parent.mkdir(parents=True, exist_ok=True)
                sa.event.listen(self.engine, "connect", _durable)
            self._create()
        except (sa.exc.SQLAlchemyError, ImportError, OSError) as error:
            raise LedgerUnusable(_without_password(url), str(error).splitlines()[0]) from error

    def close(self) -> None:
        self.engine.dispose()

    def checked(self, key: str) -> Check | None:
        """The judged check that settled this key, if there is one."""
        query = (
            sa.select(CHECKS.c.body).join(SETTLED, SETTLED.c.check_id == CHECKS.c.check_id).where(SETTLED.c.key == key)
        )
        with self._transaction() as open_:
            body = open_.execute(query).scalar()
        return None if body is None else Check.model_validate_json(body)

    def record(self, check: Check, keys: tuple[str, ...] = ()) -> bool:
        """Add a finished check, which settles `keys` if it was judged.

        False, and nothing is written, if another check settled one of them first or this one is here already.
        """
        settles = keys if check.outcome.judged else ()
        try:
            with self._transaction() as open_:
                open_.execute(CHECKS.insert().values(**_row(check)))
                for key in dict.fromkeys(settles):
                    open_.execute(SETTLED.insert().values(key=key, check_id=check.check_id))
        except sa.exc.IntegrityError:
            return False
        return True

    def request(
        self, request_id: str, *, model: str, champion: str | None, now: datetime, reason: str
    ) -> Retrain | None:
        """Ask for a retrain. Gives the result if this very request was trained to its end before, else None."""
        asked = {"state": "requested", "now": _stamp(now), "reason": reason, "written_at": _stamp(datetime.now(UTC))}
        try:
            with self._transaction() as open_:
                open_.execute(REQUESTS.insert().values(request_id=request_id, model=model, champion=champion, **asked))
            return None
        except sa.exc.IntegrityError:
            # Asked before, perhaps by another process a moment ago: one row stands for all tries.
            this = REQUESTS.c.request_id == request_id
        with self._transaction() as open_:
            body = open_.execute(sa.select(REQUESTS.c.body).where(this)).scalar_one()
            if body is None:
                open_.execute(REQUESTS.update().where(this, REQUESTS.c.body.is_(None)).values(error=None, **asked))
        return None if body is None else Retrain.model_validate_json(body)

    def settle(self, retrain: Retrain) -> bool:
        """Write how a request ended. The first end counts: False if there is one already."""
        return self._end(
            retrain.request_id, state="promoted" if retrain.promoted else "rejected", body=_json(retrain), error=None
        )

    def fail(self, request_id: str, why: str) -> bool:
        """Write that a request broke off. It may be tried again, so it keeps no result; False if it has one."""
        return self._end(request_id, state="failed", error=why)

    def _end(self, request_id: str, **values: str | None) -> bool:
        this = REQUESTS.c.request_id == request_id
        change = REQUESTS.update().where(this, REQUESTS.c.body.is_(None))
        with self._transaction() as open_:
            if open_.execute(change.values(written_at=_stamp(datetime.now(UTC)), **values)).rowcount:
                return True
            if open_.execute(sa.select(REQUESTS.c.number).where(this)).first() is None:
                raise LookupError(f"request {request_id!r} ended and was never asked for")
        return False

    def history(self, model: str, before: datetime) -> History:
        """The judged checks and the retrains up to a moment, oldest first. A first training is no retrain."""
        moment = _stamp(before)
        checks = sa.select(CHECKS.c.past).where(
            CHECKS.c.model == model,
            CHECKS.c.now <= moment,
            CHECKS.c.outcome.in_([o.value for o in Outcome if o.judged]),
        )
        retrains = sa.select(REQUESTS.c.now, REQUESTS.c.state).where(
            REQUESTS.c.model == model,
            REQUESTS.c.now <= moment,
            REQUESTS.c.champion.is_not(None),
            REQUESTS.c.state.in_(["promoted", "rejected"]),
        )
        with self._transaction() as open_:
            past = open_.execute(checks.order_by(CHECKS.c.now, CHECKS.c.number)).scalars().all()
            ends = open_.execute(retrains.order_by(REQUESTS.c.now, REQUESTS.c.number)).all()
        return History(
            checks=tuple(PastCheck.model_validate_json(body) for body in past),
            retrains=tuple(PastRetrain(now=now, promoted=state == "promoted") for now, state in ends),
        )

    def models(self) -> list[str]:
        """Every model that was ever checked or trained."""
        with self._transaction() as open_:
            return sorted(open_.execute(sa.select(CHECKS.c.model).union(sa.select(REQUESTS.c.model))).scalars())

    def checks(self, model: str, most: int | None = None) -> list[Check]:
        """The finished checks of a model, newest first."""
        query = sa.select(CHECKS.c.body).where(CHECKS.c.model == model).order_by(CHECKS.c.number.desc()).limit(most)
        with self._transaction() as open_:
            return [Check.model_validate_json(body) for body in open_.execute(query).scalars()]

    def requests(self, model: str, most: int | None = None) -> list[dict[str, Any]]:
        """The retrain requests of a model with their state, newest first."""
        query = sa.select(REQUESTS).where(REQUESTS.c.model == model).order_by(REQUESTS.c.number.desc()).limit(most)
        with self._transaction() as open_:
            return [dict(row) for row in open_.execute(query).mappings()]

    def _create(self) -> None:
        # Not `create_all`, which looks first and then creates: two first users at once would fail one of them.
        with self._transaction() as open_:
            for table in TABLES.sorted_tables:
                open_.execute(sa.schema.CreateTable(table, if_not_exists=True))
                for index in sorted(table.indexes, key=lambda index: str(index.name)):
                    open_.execute(sa.schema.CreateIndex(index, if_not_exists=True))

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self.engine.begin() as open_:
            yield open_


def _row(check: Check) -> dict[str, Any]:
    return {
        "check_id": check.check_id,
        "model": check.model,
        "outcome": check.outcome.value,
        "now": _stamp(check.now),
        "written_at": _stamp(datetime.now(UTC)),
        "format": FORMAT,
        "past": _json(check.past),
        "body": _json(check),
    }


def _json(record: Record) -> str:
    """Write a record so that it reads back whole: `model_dump_json` makes a null of an infinite loss."""
    return json.dumps(record.model_dump(mode="json"))


def _stamp(moment: datetime) -> str:
    """Write a moment in one width, so that text sorts as time does, in every database's own order."""
    return utc(moment).isoformat(timespec="microseconds")


def _without_password(url: str) -> str:
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url)


def _durable(connection: Any, _: object) -> None:
    """Set SQLite to wait for a lock instead of failing, let many read beside one writer, and survive a power cut."""
    connection.execute(f"PRAGMA busy_timeout={PATIENCE_SECONDS * 1000}")
    connection.execute("PRAGMA synchronous=FULL")
    # The first switch of a fresh file to WAL fails at once where another process makes it too: it knows no timeout.
    last = time.monotonic() + PATIENCE_SECONDS
    while not _switched_to_wal(connection, give_up=time.monotonic() > last):
        time.sleep(0.01)


def _switched_to_wal(connection: Any, *, give_up: bool) -> bool:
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.OperationalError as error:
        if give_up or "locked" not in str(error):
            raise
        return False
    return True
