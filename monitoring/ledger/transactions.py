"""Transactions that read and that write, repeated if the database was unavailable for a moment.

A transaction is a function of its connection and nothing else, so that it can be done again. Where the answer to a
COMMIT is lost with its connection, PostgreSQL is asked what became of that transaction: it is done once, not twice.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from driftloop.monitoring.errors import LedgerBroken, LedgerUnavailable
from driftloop.monitoring.ledger.database import BROKEN, PATIENCE_SECONDS, shown, sqlite_code, words

Done = TypeVar("Done")
# One view of the ledger for all its statements. Both are settings of the driver: they cost no question to the server.
ONE_VIEW = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
# What two transactions did to each other, and a server that starts, stops or has no connection left.
PASSING = {"40001", "40P01", "53300", "57P01", "57P02", "57P03"}
# A refused connection carries no code, only words: ours (libpq's), or those of a server that starts or stops.
AWAY = re.compile(
    r"refused|reset by peer|timed? ?out|timeout expired|closed the connection|No such file|could not translate|"
    r"name resolution|unreachable|starting up|shutting down|recovery|accepting connections|too many clients|"
    r"terminating connection",
    re.IGNORECASE,
)


def read(engine: Engine, look: Callable[[Connection], Done]) -> Done:
    """What `look` finds in one view of the ledger, that of this moment."""
    options = ONE_VIEW if engine.dialect.name == "postgresql" else {}
    return patiently(engine, lambda: _once(engine, look, options))


def write(engine: Engine, work: Callable[[Connection], Done], *, patience: float | None = None) -> Done:
    """Run `work` in a transaction, whole or not at all; LedgerUnavailable after `patience` seconds without a database.

    On SQLite the transaction takes the write lock first, so that a write after a read cannot be refused. Errors that a
    retry would not change, such as a duplicate key, are the database's own.
    """
    sent: list[tuple[int, Done]] = []

    def numbered(open_: Connection) -> Done:
        done = work(open_)
        if engine.dialect.name == "postgresql":
            sent[:] = [(int(open_.execute(sa.select(sa.func.txid_current())).scalar_one()), done)]
        return done

    def attempt() -> Done:
        # The end of the attempt before this one may not have been heard.
        if sent and _was_committed(engine, sent[0][0]):
            return sent[0][1]
        sent.clear()
        return _once(engine, numbered, {"writes": True})

    return patiently(engine, attempt, patience)


def patiently(engine: Engine, attempt: Callable[[], Done], patience: float | None = None) -> Done:
    """Retry while the database is unavailable, for `patience` seconds (PATIENCE_SECONDS); then LedgerUnavailable."""
    last = time.monotonic() + (PATIENCE_SECONDS if patience is None else patience)
    pause = 0.0
    while True:
        try:
            return attempt()
        except (sa.exc.IntegrityError, sa.exc.DataError):
            raise
        except sa.exc.DBAPIError as error:
            if sqlite_code(error.orig) in BROKEN:
                raise LedgerBroken(shown(engine.url.render_as_string()), words(error)) from error
            if not _passing(error) or time.monotonic() + pause > last:
                raise LedgerUnavailable(shown(engine.url.render_as_string()), words(error)) from error
        # At once the first time: of a server that came back the pool still holds dead connections. Not all in step.
        time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
        pause = min(max(2 * pause, 0.05), 2.0)


def _once(engine: Engine, work: Callable[[Connection], Done], options: dict[str, Any]) -> Done:
    with engine.connect().execution_options(**options) as open_, open_.begin():
        return work(open_)


def _was_committed(engine: Engine, number: int) -> bool:
    """What became of a transaction whose end was not heard. A server that still works on it is asked again."""
    status = sa.select(sa.func.txid_status(number))
    with engine.connect() as open_:
        while (found := open_.execute(status).scalar_one()) == "in progress":
            time.sleep(0.05)
    return bool(found == "committed")


def _passing(error: sa.exc.DBAPIError) -> bool:
    """Whether it may go better in a moment. SQLite has waited already."""
    if not getattr(error.orig, "__module__", "").startswith("psycopg"):
        return False
    code = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or code in PASSING or (code is None and bool(AWAY.search(str(error.orig))))
