"""Facts of whole rows counted by the database: their number, repetitions, digest, and where labels end."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from driftloop.monitoring.counting.dialects import Dialect

if TYPE_CHECKING:
    from driftloop.monitoring.records import Kind

LEAST_HASH = -(1 << 63)
# Columns besides the time by which rows are drawn: few are cheaper to hash.
OF_SAMPLE = 3


def present(dialect: Dialect, value: str, types: str, kind: Kind) -> str:
    """Return the condition that a value is there: NaN is none, and a number that is infinite counts as none."""
    if types in ("float", "decimal"):
        number = dialect.number(value, types)
        there = dialect.finite(number) if kind == "numeric" else f"NOT ({dialect.nan(number)})"
        return f"({value} IS NOT NULL AND {there})"
    if types == "moment":
        return f"({value} IS NOT NULL AND {dialect.moment(value)})"
    return f"({value} IS NOT NULL)"


def hashed(dialect: Dialect, columns: Mapping[str, tuple[str, Kind | None]], finite: Collection[str] = ()) -> str:
    """Return the hash of a row as a check sees it; `columns` are SQL by their types and kinds, None for the time.

    What the check takes for one value has one hash: NaN and infinite numbers are null. The columns of `finite` have no
    such numbers, and are not searched for them.
    """
    parts = []
    for value, (types, kind) in columns.items():
        numeric = kind == "numeric"
        part = dialect.signed(dialect.number(value, types)) if numeric else dialect.category(value, types)
        if kind is not None and value not in finite and types in ("float", "decimal", "moment"):
            part = f"CASE WHEN {present(dialect, value, types, kind)} THEN {part} END"
        parts.append(part)
    return dialect.hashed(parts)


def summary(dialect: Dialect, row: str, inside: str) -> str:
    """Return the SELECT of the number of rows, of different ones, and the sum of their hashes as text."""
    hashes = f"SELECT {row} AS h FROM {inside}"
    total = dialect.text(dialect.added("h"))
    return f"SELECT COUNT(*) AS n, COUNT(DISTINCT h) AS different, {total} AS total FROM ({hashes}) AS r"


def shared(dialect: Dialect, ids: Mapping[str, str], inside: str) -> tuple[str, str]:
    """Return the condition that a row has an id, and the SELECT of how many rows share theirs with another row.

    `ids` are the columns of the id as SQL, by their types.
    """
    there = " AND ".join(present(dialect, value, types, "categorical") for value, types in ids.items())
    by = ", ".join(dialect.category(value, types) for value, types in ids.items())
    groups = f"SELECT COUNT(*) AS n FROM {inside} AND {there} GROUP BY {by} HAVING COUNT(*) > 1"
    return there, f"SELECT SUM(n) AS repeated FROM ({groups}) AS g"


def draw(dialect: Dialect, columns: Mapping[str, tuple[str, Kind | None]], rows: int, most: int) -> str:
    """Return the condition that draws about `most` of some rows by the content of few columns; all if they are no more.

    The same rows are drawn again, on any machine; rows that are equal in the time and in `OF_SAMPLE` columns are drawn
    together.
    """
    if rows <= most:
        return "1 = 1"
    ranked = sorted(columns, key=lambda value: (columns[value][1] is not None, columns[value][0] != "float"))
    row = hashed(dialect, {value: columns[value] for value in ranked[: OF_SAMPLE + 1]})
    return f"{row} < {LEAST_HASH + (most << 64) // rows}"
