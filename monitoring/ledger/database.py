"""Opening the ledger's database: one engine, durable settings, and transactions that read or that write."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from monitoring.errors import LedgerUnusable

PATIENCE_SECONDS = 30


def connect(url: str) -> Engine:
    """An engine for the ledger at a URL; a SQLite file's folder is made."""
    try:
        engine = sa.create_engine(url)
        if engine.dialect.name == "sqlite":
            if engine.url.database:
                Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
            sa.event.listen(engine, "connect", _durable)
            sa.event.listen(engine, "begin", _begin)
    except (sa.exc.SQLAlchemyError, ImportError, OSError) as error:
        raise unusable(url, error) from error
    return engine


def unusable(url: str, error: Exception) -> LedgerUnusable:
    """The database's own words, without a password."""
    return LedgerUnusable(re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url), str(error).splitlines()[0])


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One view of the ledger, that of this moment."""
    with engine.begin() as open_:
        yield open_


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that takes SQLite's write lock at once: one that reads first and then writes cannot be refused."""
    with engine.connect().execution_options(writes=True) as open_, open_.begin():
        yield open_


def _begin(connection: Connection) -> None:
    # Python's driver would begin by itself, and not before a CREATE or an ALTER: those would stand outside.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _durable(connection: Any, _: object) -> None:
    """Set SQLite to wait for a lock instead of failing, let many read beside one writer, and survive a power cut."""
    connection.isolation_level = None
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
