"""Opening the ledger's database: one engine, with settings that keep what is written and notice what is lost."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine

from driftloop.monitoring.errors import DriverMissing, LedgerBroken, LedgerError, LedgerUnavailable, LedgerUnusable

PATIENCE_SECONDS = 30
# What SQLite says where it cannot write any more, its journal included, and what that asks for.
NO_WRITE = {
    sqlite3.SQLITE_FULL: "is its disk full?",
    sqlite3.SQLITE_IOERR: "is its disk full?",
    sqlite3.SQLITE_READONLY: "is its disk, folder or file read-only?",
}
# What SQLite says of a file that is no database, or that was changed by something else.
BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
POSTGRES = {
    "application_name": "driftloop",
    # A host that does not answer is reported after seconds, a dead connection after a minute.
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}


def connect(url: str) -> Engine:
    """An engine for the ledger at a URL; a SQLite file's folder is made."""
    try:
        known = _with_driver(_parsed(url))
        dialect = known.get_backend_name()
        if dialect == "sqlite":
            return _sqlite(known)
        if dialect == "postgresql":
            return _postgres(known)
    except ModuleNotFoundError as error:
        raise DriverMissing(shown(url), error.name or str(error), "postgres") from error
    except (sa.exc.SQLAlchemyError, OSError) as error:
        raise unusable(url, error) from error
    raise LedgerUnusable(shown(url), f"it is a {dialect} database, not SQLite or PostgreSQL")


def _parsed(url: str) -> URL:
    """Return the parts of a URL. A password with an unquoted `@` or `:` would end up in other parts."""
    with suppress(ValueError):
        known = sa.make_url(url)
        if known.host is None or "@" not in f"{known.host}{known.database}":
            return known
    raise LedgerUnusable(
        shown(url),
        "it cannot be divided into its parts; in a password write %40 for @, %3A for :, %2F for /, %23 for #",
    )


def shown(url: str) -> str:
    """Return the URL without passwords, for messages.

    >>> shown("postgresql://ann:hush@host/db?sslpassword=hush&sslmode=require")
    'postgresql://ann:***@host/db?sslpassword=***&sslmode=require'
    >>> shown("sqlite+pysqlite:////srv/p%252Fx/ledger.db")
    'sqlite:////srv/p%2Fx/ledger.db'
    """
    if url.startswith("sqlite"):
        # A path, as the user wrote it: quoting is for SQLAlchemy alone.
        with suppress(sa.exc.ArgumentError):
            return f"sqlite:///{sa.make_url(url).database or ''}"
    before_host = re.sub(r"(://[^:/@]*):.*@", r"\1:***@", url)
    return re.sub(r"(?i)([?&;]\w*(?:password|passwd|pwd)=)[^&;]*", r"\1***", before_host)


def unusable(url: str, error: Exception) -> LedgerError:
    """The database's own words, without a password. That SQLite cannot write is no fault of the URL."""
    why = error.why if isinstance(error, LedgerUnavailable) else words(error)
    cause = error.__cause__ if isinstance(error, LedgerUnavailable) else error
    code = sqlite_code(getattr(cause, "orig", None))
    if code in BROKEN:
        return LedgerBroken(shown(url), why)
    if code == sqlite3.SQLITE_CANTOPEN and Path(sa.make_url(url).database or "").is_file():
        code = sqlite3.SQLITE_READONLY  # it exists, but no journal can be created next to it
    asks = NO_WRITE.get(code)
    if asks is not None:
        return LedgerUnavailable(shown(url), f"{why}; {asks}")
    return LedgerUnusable(shown(url), why)


def sqlite_code(error: object) -> int:
    """The primary code of an error of SQLite's driver, the lowest byte of an extended one; 0 of any other error."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def words(error: Exception) -> str:
    """Return the message of a database error, in one line and without its statement."""
    return (str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__])[0]


def _with_driver(url: URL) -> URL:
    # `postgres://` is what a source in the YAML says; what `postgresql://` means depends on SQLAlchemy's version.
    return url.set(drivername="postgresql+psycopg") if url.drivername in {"postgres", "postgresql"} else url


def _sqlite(url: URL) -> Engine:
    engine = sa.create_engine(url)
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    sa.event.listen(engine, "connect", _durable)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _postgres(url: URL) -> Engine:
    settings: dict[str, Any] = {name: value for name, value in POSTGRES.items() if name not in url.query}
    if url.get_driver_name() == "psycopg":
        # Prepared statements belong to a connection, and a pooler such as pgbouncer passes connections on.
        settings["prepare_threshold"] = None
    # Of the server's own time zone nothing depends: moments are written as text, in UTC.
    return sa.create_engine(url, connect_args=settings)


def _begin(connection: Connection) -> None:
    # Python's driver would begin by itself, and not before a CREATE or an ALTER: those would stand outside.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _durable(connection: Any, _: object) -> None:
    """Set SQLite to wait for locks, to allow reads during a write, and to survive a power cut."""
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
