"""Which errors mean that something beneath us is away, full or closed, told in our words. Raises and mends nothing.

The parts wrap such an error in one of their own, each in another, and say a page of it: what counts is what stands at
its root.
"""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from driftloop.monitoring.errors import (
    DriftloopError,
    LedgerUnavailable,
    LockLost,
    ServerUnavailable,
    StorageBroken,
    StorageUnusable,
    clipped,
)
from driftloop.monitoring.ledger.database import BROKEN, sqlite_code
from driftloop.pipelines.runtime import home

# A file that may not grow any more (a quota, a limit of the process) is as full as a disk.
CLOSED = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
PERMISSION = {errno.EROFS, errno.EACCES, errno.EPERM}
CLOSED_SQLITE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR}
AWAY = {
    "requests": ("MLflow", "MLFLOW_TRACKING_URI", {"ConnectionError", "ConnectTimeout", "ReadTimeout", "RetryError"}),
    "prefect": ("Prefect", "PREFECT_API_URL", set()),
    "httpx": ("Prefect", "PREFECT_API_URL", {"ConnectError", "ConnectTimeout", "ReadTimeout", "ReadError"}),
}
OUTAGES = (ServerUnavailable, StorageUnusable)


def carried_on(error: BaseException) -> bool:
    """Whether what broke off is left open for the next check to carry on, as after a crash: an outage, or a SIGTERM."""
    return isinstance(error, (*OUTAGES, LedgerUnavailable, LockLost)) or type(error).__name__ == "TerminationSignal"


def reason(error: BaseException) -> str:
    """An error in one sentence, for a record.

    >>> reason(KeyError("x"))
    "KeyError: 'x'"
    """
    if type(error).__name__ == "TerminationSignal":
        return "it was stopped from outside (SIGTERM)"
    return f"{type(error).__name__}: {error}"


def told(error: BaseException) -> BaseException:
    """The error in our words if it is such an outage, else the error itself.

    >>> told(OSError(28, "No space left on device", "/state/report.html")).found
    '/state/report.html cannot be written to: No space left on device'
    >>> told(KeyError("x"))
    KeyError('x')
    """
    if isinstance(error, DriftloopError):
        return error
    return next((worded for cause in _causes(error) if (worded := _worded(cause, error)) is not None), error)


@contextmanager
def in_words() -> Iterator[None]:
    """Raise such an outage in our words wherever it is met: Prefect's engine works on when our flow has ended."""
    try:
        yield
    except Exception as error:
        worded = told(error)
        if worded is error:
            raise
        raise worded from error


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, outermost first."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        at = at.__cause__ or at.__context__


def _worded(cause: BaseException, whole: BaseException) -> DriftloopError | None:
    server, variable, names = AWAY.get(type(cause).__module__.partition(".")[0], ("", "", set()))
    if type(cause).__name__ in names:
        where = re.sub(r"(://)[^/@]*@", r"\1***@", os.environ.get(variable, ""))
        return ServerUnavailable(f"{server} at {where}" if where else server, _root(cause), variable)
    if server == "Prefect" and _status(cause) >= 500 and not os.environ.get(variable):
        # The temporary server has nothing but its database that could fail; it logs why, and answers with a number.
        where = f"{os.environ.get('PREFECT_HOME', '~/.prefect')}/prefect.db"
        return StorageUnusable(where, f"Prefect's temporary server answers with status {_status(cause)}")
    code = sqlite_code(cause)
    if code in CLOSED_SQLITE | BROKEN:
        ours = any(type(one).__module__.partition(".")[0] == "mlflow" for one in _causes(whole))
        where = f"{'MLflow' if ours else 'the ledger'}'s database in SQLite"
        kind = StorageBroken if code in BROKEN else StorageUnusable
        return kind(where, str(cause))
    if isinstance(cause, OSError) and cause.errno in CLOSED:
        place = str(cause.filename) if cause.filename else f"a file (the state folder is {home.home()})"
        closed = cause.errno in PERMISSION
        return StorageUnusable(place, os.strerror(cause.errno), closed=closed, action=_action(cause))
    return None


def _status(error: BaseException) -> int:
    """The HTTP status that an error of httpx is about, or 0."""
    return int(getattr(getattr(error, "response", None), "status_code", 0))


def _action(error: OSError) -> str:
    """What was tried with the file that the error names: to run it, to read it, or to write to it."""
    frames = traceback.extract_tb(error.__traceback__)
    if frames and frames[-1].name == "_execute_child":
        return "run"
    there = isinstance(error.filename, str) and os.path.exists(error.filename)
    return "read" if there and not os.access(error.filename, os.R_OK) else "written to"


def _root(error: BaseException) -> str:
    """What stands at the root, in a line: `Connection refused`, not the page that is made of it."""
    *_, root = _causes(error)
    return clipped(str(root).split(": ", 1)[-1].strip() or type(root).__name__, 200)
