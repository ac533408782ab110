"""Errors of what lies beneath: a server that does not answer, a store without room or closed to us."""

from __future__ import annotations

from driftloop.monitoring.errors.base import DriftloopError

KEPT = "what was recorded is kept, and the next check carries on from there"


class ServerUnavailable(DriftloopError):
    """A server that the product writes to did not answer, however often it was tried."""

    def __init__(self, server: str, why: str, variable: str) -> None:
        super().__init__(
            f"{server} does not answer: {why}",
            expected="a server that answers for as long as a check or a retrain runs",
            remedy=f"start it again, or correct {variable}; {KEPT}",
        )


class StorageUnusable(DriftloopError):
    """A disk, folder or database file that is full, read-only or closed to this process.

    `closed`: more room would not help. `action` is what was tried, as in "cannot be written to".
    """

    def __init__(self, where: str, why: str, *, closed: bool = False, action: str = "written to") -> None:
        remedy = "correct its permissions" if closed else "free some space or raise the limit"
        super().__init__(
            f"{where} cannot be {action}: {why}",
            expected="a place that this process may use"
            if closed
            else "a place with room that this process may write to",
            remedy=f"{remedy}, or move the place elsewhere; {KEPT}",
        )


class StorageBroken(DriftloopError):
    """A database file is damaged: it is no database, or not all of it is."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            f"{where} is damaged: {why}",
            expected="a database file that nothing else has written to",
            remedy="stop what uses it and restore it from a backup",
        )
