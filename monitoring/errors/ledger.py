"""Errors of the durable record: it cannot be opened, or someone else's work stands in the way."""

from __future__ import annotations

from driftloop.monitoring.errors.base import DriftloopError


class LedgerError(DriftloopError):
    """The ledger itself does not work, so nothing can be read from it or written to it.

    Every such error is a subclass of its own. Code that must continue without a ledger catches this class.
    """


class LedgerUnusable(LedgerError):
    """The ledger's database cannot be opened."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"the ledger {url} cannot be opened: {why}",
            expected="an SQLAlchemy URL such as sqlite:////folder/ledger.db or postgresql+psycopg://user@host/database",
            remedy="check DRIFTLOOP_LEDGER_URL and the rights of this process; without it a SQLite file is used",
        )


class LedgerUnavailable(LedgerError):
    """The ledger's database was there, and does not answer or cannot be written to any more."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"the ledger {url} is out of reach: {why}",
            expected="a database that can be reached and written to for as long as a check or a retrain runs",
            remedy="bring it back (server, network, disk space) and run the command again: what was written is kept, "
            "and what was left open is carried on",
        )
        self.why = why


class LedgerBroken(LedgerError):
    """The file of the ledger is damaged: it is no database, or not all of it is."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"the ledger {url} is damaged: {why}",
            expected="a database file that nothing but driftloop has written to",
            remedy="stop what uses it and restore it from a backup; without one, `sqlite3 FILE .recover` saves what "
            "can still be read",
        )


class LockLost(DriftloopError):
    """The connection that held a model's lock has ended: another process may be inside by now."""

    def __init__(self, model: str) -> None:
        super().__init__(
            f"the lock on the aliases of {model} was lost with its connection to the ledger, so no alias was moved",
            expected="a database server that keeps a connection for as long as aliases are moved",
            remedy="nothing: the next check carries it on; `driftloop history` shows how it ended",
        )


class LedgerTooNew(LedgerError):
    """A newer driftloop has written the ledger: this one would misread it."""

    def __init__(self, url: str, found: int, known: int) -> None:
        super().__init__(
            f"the ledger {url} is in format {found}, and this driftloop knows no later format than {known}",
            expected=f"a ledger of format 1 to {known}; an older one is brought to {known} when it is opened",
            remedy="update driftloop on this machine, or set DRIFTLOOP_HOME or DRIFTLOOP_LEDGER_URL to another ledger",
        )


class LeaseLost(DriftloopError):
    """Another process has taken over what this one was working on: nothing of this one's counts any more."""

    def __init__(self, resource: str, fence: int, holder: str | None) -> None:
        super().__init__(
            f"the lease on {resource} was lost: attempt {fence} finished after {holder or 'another process'} took over",
            expected="a process that lives and can reach the ledger for as long as it works",
            remedy="nothing: the other process finishes the work; `driftloop history` shows how it ended",
        )


class UnknownRequest(DriftloopError):
    """A request that is not in this ledger."""

    def __init__(self, request_id: str, url: str) -> None:
        super().__init__(
            f"the ledger {url} knows no request {request_id!r}: it was never asked for here",
            expected="the ledger that the check wrote its request into",
            remedy="give checks and trainings the same DRIFTLOOP_LEDGER_URL, or on one machine the same DRIFTLOOP_HOME",
        )


class RequestClosed(DriftloopError):
    """A request that came to its end without a result: it is not trained again by itself."""

    def __init__(self, request_id: str, why: str) -> None:
        super().__init__(
            f"request {request_id} is closed: {why}",
            expected="a request that was not brought to its end",
            remedy="mend what it says; the next check asks again, and so does `driftloop retrain`",
        )
