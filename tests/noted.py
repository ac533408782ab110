"""A watcher of phases that keeps what it is informed of."""

from __future__ import annotations


class Noted:
    """Keeps what it is informed of."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def enter(self, phase: str) -> None:
        self.seen.append(phase)

    def begin(self, work: str, total: int) -> None:
        self.seen.append(f"{work} of {total}")

    def advance(self) -> None:
        self.seen.append("done")

    def end(self) -> None:
        self.seen.append("end")
