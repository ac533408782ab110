"""Errors of the durable record: it cannot be opened, or someone else's work stands in the way."""

from __future__ import annotations

from monitoring.errors.base import DriftloopError


class LedgerUnusable(DriftloopError):
    """The ledger's database cannot be opened."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            f"the ledger {url} cannot be opened: {why}",
            expected="an SQLAlchemy URL such as sqlite:////folder/ledger.db or postgresql+psycopg://user@host/database",
            remedy="check DRIFTLOOP_LEDGER_URL and the rights of this process; without it a SQLite file is used",
        )


class LedgerTooNew(DriftloopError):
    """A newer driftloop has written the ledger: this one would misread it."""

    def __init__(self, url: str, found: int, known: int) -> None:
        super().__init__(
            f"the ledger {url} is in format {found}, and this driftloop knows no later format than {known}",
            expected=f"a ledger of format 1 to {known}; an older one is brought to {known} when it is opened",
            remedy="update driftloop on this machine, or set DRIFTLOOP_HOME or DRIFTLOOP_LEDGER_URL to another ledger",
        )
