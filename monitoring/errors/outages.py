"""Errors of what lies beneath: a server that does not answer, a store without room or closed to us."""

from __future__ import annotations

from monitoring.errors.base import DriftloopError

KEPT = "what was recorded is kept, and the next check carries on from there"


class ServerAway(DriftloopError):
    """A server that the product writes to did not answer, however often it was tried."""

    def __init__(self, server: str, why: str, variable: str) -> None:
        super().__init__(
            f"{server} does not answer: {why}",
            expected="a server that answers for as long as a check or a retrain runs",
            remedy=f"start it again, or correct {variable}; {KEPT}",
        )


class StorageUnusable(DriftloopError):
    """A disk, folder or database file that is full, read-only or broken."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            f"{where} cannot be written to: {why}",
            expected="a place with room that this process may write to",
            remedy=f"free some space, mend the permissions, or move the place elsewhere; {KEPT}",
        )
