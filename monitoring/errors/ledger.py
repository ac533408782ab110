"""Errors of the ledger: it cannot be used, or another process holds the work."""

from __future__ import annotations

from driftloop.monitoring.errors.base import DriftloopError


class LedgerError(DriftloopError):
    """The ledger does not work, so nothing can be read from it or written to it.

    Each cause is a subclass. Code that must continue without a ledger catches this class.
    """


class LedgerUnusable(LedgerError):
    """The ledger's database cannot be opened."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"the ledger {url} cannot be opened: {why}",
            expected="an SQLAlchemy URL such as sqlite:////folder/ledger.db or postgresql+psycopg://user@host/database",
            remedy="check DRIFTLOOP_LEDGER_URL and the permissions of this process; without the variable a SQLite file "
            "is used",
        )


class LedgerUnavailable(LedgerError):
    """The ledger's database no longer answers or can no longer be written to."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"the ledger {url} is unavailable: {why}",
            expected="a database that this process can reach and write to while a check or a retrain runs",
            remedy="restore it (server, network, disk space) and run the command again: finished steps are kept, and "
            "unfinished work continues",
        )
        self.why = why


class LedgerBroken(LedgerError):
    """The file of the ledger is damaged: it is not a database, or only in part."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"the ledger {url} is damaged: {why}",
            expected="a database file that only driftloop writes to",
            remedy="stop all processes that use it and restore it from a backup; without a backup, "
            "`sqlite3 FILE .recover` saves the readable part",
        )


class LockLost(DriftloopError):
    """The connection that held a model's lock has ended: another process may hold the lock now."""

    def __init__(self, model: str) -> None:
        super().__init__(
            f"the lock on the aliases of {model} was lost with its connection to the ledger, so no alias was moved",
            expected="a database server that keeps the connection while aliases are moved",
            remedy="none needed: the next check continues; `driftloop history` shows the result",
        )


class LedgerTooNew(LedgerError):
    """A newer driftloop has written the ledger, so this version could misread it."""

    def __init__(self, url: str, found: int, newest: int) -> None:
        super().__init__(
            f"the ledger {url} has format {found}; this version of driftloop supports formats up to {newest}",
            expected=f"a ledger of format 1 to {newest}; opening an older one upgrades it to {newest}",
            remedy="update driftloop on this machine, or set DRIFTLOOP_HOME or DRIFTLOOP_LEDGER_URL to another ledger",
        )


class LeaseLost(DriftloopError):
    """Another process has taken over the work of this one, whose result no longer counts."""

    def __init__(self, resource: str, fence: int, holder: str | None) -> None:
        self.resource = resource
        super().__init__(
            f"the lease on {resource} was lost: {holder or 'another process'} took over before attempt {fence} ended",
            expected="a process that runs and can reach the ledger until its work is finished",
            remedy="none needed: the other process finishes the work; `driftloop history` shows the result",
        )


class UnknownRequest(DriftloopError):
    """A request that this ledger does not contain."""

    def __init__(self, request_id: str, url: str) -> None:
        super().__init__(
            f"no request {request_id!r} in the ledger {url}",
            expected="the ledger of the check that requested the retrain",
            remedy="set the same DRIFTLOOP_LEDGER_URL for checks and retrains, or on one machine the same "
            "DRIFTLOOP_HOME",
        )


class RequestClosed(DriftloopError):
    """A request that ended without a result: it is not trained again automatically."""

    def __init__(self, request_id: str, why: str) -> None:
        super().__init__(
            f"request {request_id} is closed: {why}",
            expected="an open request",
            remedy="fix this cause; the next check requests a retrain again, and so does `driftloop retrain`",
        )
