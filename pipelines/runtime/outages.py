"""Translation of errors that mean that a server or the storage is unavailable, full or closed.

Each library wraps such an error in its own way, with a long text: only the root cause is reported.
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
    EngineUnavailable,
    LedgerUnavailable,
    LockLost,
    ServerUnavailable,
    StorageBroken,
    StorageUnusable,
    clipped,
)
from driftloop.monitoring.ledger.database import BROKEN, sqlite_code
from driftloop.monitoring.settings.secrets import without_passwords
from driftloop.pipelines.runtime import home

# A file that may not grow (a quota, a limit of the process) counts as a full disk.
CLOSED = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO}
PERMISSION = {errno.EROFS, errno.EACCES, errno.EPERM}
CLOSED_SQLITE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR}
SERVERS = {
    "requests": ("MLflow", "MLFLOW_TRACKING_URI", {"ConnectionError", "ConnectTimeout", "ReadTimeout", "RetryError"}),
    "prefect": ("Prefect", "PREFECT_API_URL", set()),
    "httpx": ("Prefect", "PREFECT_API_URL", {"ConnectError", "ConnectTimeout", "ReadTimeout", "ReadError"}),
}
OUTAGES = (ServerUnavailable, StorageUnusable)


def resumable(error: BaseException) -> bool:
    """Return whether interrupted work is left open for the next check, as after a crash: an outage, or a SIGTERM."""
    known = (*OUTAGES, EngineUnavailable, LedgerUnavailable, LockLost)
    return isinstance(error, known) or type(error).__name__ == "TerminationSignal"


def reason(error: BaseException) -> str:
    """Return an error as one sentence without passwords of addresses, for a record.

    >>> reason(KeyError("x"))
    "KeyError: 'x'"
    """
    if type(error).__name__ == "TerminationSignal":
        return "stopped from outside (SIGTERM)"
    return without_passwords(f"{type(error).__name__}: {error}")


def translate(error: BaseException) -> BaseException:
    """Return the outage that caused an error, or the error itself.

    >>> translate(OSError(28, "No space left on device", "/state/report.html")).found
    '/state/report.html cannot be written to: No space left on device'
    >>> translate(KeyError("x"))
    KeyError('x')
    """
    if isinstance(error, DriftloopError):
        return error
    return next((outage for cause in _causes(error) if (outage := _outage(cause, error)) is not None), error)


@contextmanager
def translated() -> Iterator[None]:
    """Raise the translated error in the block, also for errors of Prefect's engine after the flow has ended."""
    try:
        yield
    except Exception as error:
        outage = translate(error)
        if outage is error:
            raise
        raise outage from error


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and its causes, outermost first."""
    visited: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in visited:
        visited.add(id(at))
        yield at
        at = at.__cause__ or at.__context__


def _outage(cause: BaseException, whole: BaseException) -> DriftloopError | None:
    server, variable, names = SERVERS.get(type(cause).__module__.partition(".")[0], ("", "", set()))
    if type(cause).__name__ in names:
        where = re.sub(r"(://)\S*@", r"\1***@", os.environ.get(variable, ""))
        return ServerUnavailable(f"{server} at {where}" if where else server, _root(cause), variable)
    if server == "Prefect" and _status(cause) >= 500 and not os.environ.get(variable):
        # Only the database of the temporary server can fail; the server logs why, and answers with a status.
        where = f"{os.environ.get('PREFECT_HOME', '~/.prefect')}/prefect.db"
        return StorageUnusable(where, f"Prefect's temporary server answers with status {_status(cause)}")
    code = sqlite_code(cause)
    if code in CLOSED_SQLITE | BROKEN:
        of_mlflow = any(type(each).__module__.partition(".")[0] == "mlflow" for each in _causes(whole))
        where = f"{'MLflow' if of_mlflow else 'the ledger'}'s database in SQLite"
        kind = StorageBroken if code in BROKEN else StorageUnusable
        return kind(where, str(cause))
    if isinstance(cause, OSError) and cause.errno in CLOSED:
        place = str(cause.filename) if cause.filename else f"a file (the state folder is {home.home()})"
        closed = cause.errno in PERMISSION
        return StorageUnusable(place, os.strerror(cause.errno), closed=closed, action=_action(cause))
    return None


def _status(error: BaseException) -> int:
    """Return the HTTP status of an error of httpx, or 0."""
    return int(getattr(getattr(error, "response", None), "status_code", 0))


def _action(error: OSError) -> str:
    """Return what failed with the file of the error: running it, reading it, or writing to it."""
    frames = traceback.extract_tb(error.__traceback__)
    if frames and frames[-1].name == "_execute_child":
        return "run"
    there = isinstance(error.filename, str) and os.path.exists(error.filename)
    return "read" if there and not os.access(error.filename, os.R_OK) else "written to"


def _root(error: BaseException) -> str:
    """Return the root cause in one line, such as `Connection refused`."""
    *_, root = _causes(error)
    return clipped(str(root).split(": ", 1)[-1].strip() or type(root).__name__, 200)
