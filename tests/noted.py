"""A watcher of phases that keeps what it is informed of."""

from __future__ import annotations


class Noted:
    """Keeps what it is informed of."""

    def __init__(self) -> None:
        self.phases: list[str] = []

    def enter(self, phase: str) -> None:
        self.phases.append(phase)

    def begin(self, work: str, total: int) -> None:
        self.phases.append(f"{work} of {total}")

    def advance(self) -> None:
        self.phases.append("done")

    def end(self) -> None:
        self.phases.append("end")
