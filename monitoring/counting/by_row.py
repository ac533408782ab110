"""One column read row by row, in the same view of the table, where the database cannot count it."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.monitoring.counting.plan import Part
from driftloop.monitoring.profiles import NumericProfile, Profile
from driftloop.monitoring.profiles.building import count, merged
from driftloop.monitoring.profiles.columns import from_frame
from driftloop.monitoring.quality.tally import Counted
from driftloop.monitoring.quality.tally import count as tallied
from driftloop.monitoring.records import ColumnReference
from driftloop.monitoring.rows.canonical import categories, numbers
from driftloop.monitoring.sources.describing import selected
from driftloop.monitoring.sources.snapshot import Snapshot

if TYPE_CHECKING:
    import pandas as pd

DUE = "driftloop: due"


def by_row(
    view: Snapshot, inside: str, name: str, cells: Profile, column: ColumnReference | None, due: str, most: int
) -> list[Part]:
    """Count a column in the cells of a profile: the rows that are `due`, then the others if there are some."""
    relation = view.relation
    select = f"{selected(relation, [name])}, {due} AS {relation.names([DUE])}"
    parts: dict[bool, list[Part]] = {True: [], False: []}
    for frame in relation.pieces(f"SELECT {select} FROM {inside}", most):
        marked = frame[DUE].to_numpy(bool)
        for side in (True, False):
            chosen = frame.loc[marked == side, name].reset_index(drop=True)
            if len(chosen) or not parts[True]:
                parts[side].append(_counted(chosen, name, cells, column))
    return [_sum(some) for some in parts.values() if some]


def _counted(values: pd.Series, name: str, cells: Profile, column: ColumnReference | None) -> Part:
    kind = "numeric" if isinstance(cells, NumericProfile) else "categorical"
    made, coerced = numbers(values, name) if kind == "numeric" else categories(values, name)
    counted = tallied(made, column) if column is not None else Counted(rows=len(made), nulls=int(made.isna().sum()))
    return count(cells, from_frame(made, "numeric" if kind == "numeric" else "categorical")), counted, coerced


def _sum(parts: list[Part]) -> Part:
    profile, counted, coerced = merged([part[0] for part in parts]), parts[0][1], parts[0][2]
    for part in parts[1:]:
        counted, coerced = counted + part[1], coerced + part[2]
    return profile, counted, coerced
