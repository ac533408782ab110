"""What can be wrong with a profile: made in other cells, lacking a column, or a file that is none."""

from __future__ import annotations

from driftloop.monitoring.errors import DriftloopError


class CellsDiffer(DriftloopError):
    """Two profiles whose counts mean different things."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"two profiles cannot be merged: {what}",
            expected="profiles of the same columns, counted in the cells of one reference",
            remedy="make both with `like(reference, rows)` of the same reference profile",
        )


class ProfileUnreadable(DriftloopError):
    """A file that should hold stored profiles and does not."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(
            f"{place} holds no profiles: {why}",
            expected="a file that `save` of driftloop.monitoring.profiles wrote",
            remedy="make the profile again from the reference rows: a retrain does that",
        )
