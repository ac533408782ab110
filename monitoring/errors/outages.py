"""Errors of the infrastructure: a server that does not answer, a store that is full or not accessible."""

from __future__ import annotations

from driftloop.monitoring.errors.base import DriftloopError

KEPT = "finished steps are recorded, and the next check continues from there"


class ServerUnavailable(DriftloopError):
    """A server that driftloop writes to did not answer, after all retries."""

    def __init__(self, server: str, reason: str, variable: str) -> None:
        super().__init__(
            f"{server} does not answer: {reason}",
            expected="a server that answers while a check or a retrain runs",
            remedy=f"start it again, or correct {variable}; {KEPT}",
        )


class EngineUnavailable(DriftloopError):
    """An engine that does not answer, has no worker, or lost the workers that held the rows of a check."""

    def __init__(self, engine: str, reason: str, remedy: str | None = None) -> None:
        super().__init__(
            f"{engine}: {reason}",
            expected="an engine with workers that answer while a check or a retrain runs",
            remedy=remedy or f"start it again, or correct or remove `engine`; {KEPT}",
        )


class EngineMisfit(DriftloopError):
    """Workers of an engine with other versions than this process: numbers could differ, or objects not be read."""

    def __init__(self, engine: str, found: str, expected: str, packages: str) -> None:
        super().__init__(
            f"{engine}: {found}",
            expected=f"{expected}, as in this process",
            remedy=f"install {packages} on the workers (constraints.txt pins them all), or remove `engine`",
        )


class StorageUnusable(DriftloopError):
    """A disk, folder or database file that is full, read-only or not accessible for this process.

    `closed`: more space would not help. `action` completes "cannot be", as in "cannot be written to".
    """

    def __init__(self, place: str, reason: str, *, closed: bool = False, action: str = "written to") -> None:
        remedy = "correct its permissions" if closed else "free some space or raise the limit"
        super().__init__(
            f"{place} cannot be {action}: {reason}",
            expected="a place that this process may use" if closed else "a place with free space and write permission",
            remedy=f"{remedy}, or use another place; {KEPT}",
        )


class StorageBroken(DriftloopError):
    """A database file is damaged: it is not a database, or only in part."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(
            f"{place} is damaged: {reason}",
            expected="a database file that no other program writes to",
            remedy="stop all processes that use it and restore it from a backup",
        )
