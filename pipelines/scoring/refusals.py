"""Refusals of requests: what was found in a body, what is expected, and how to fix it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from driftloop.monitoring.errors import listed, suggestion
from driftloop.monitoring.served.errors import ServingError

LARGEST_BODY, MOST_ROWS = 32_000_000, 100_000


class Refused(ServingError):
    """A request that is refused, with its HTTP status."""

    def __init__(self, status: int, found: str, *, expected: str, remedy: str) -> None:
        super().__init__(found, expected=expected, remedy=remedy)
        self.status = status


def wrong_value(column: str, row: int | None, value: object, expected: str) -> Refused:
    """Return the refusal of a value; rows are counted from 0."""
    where = "" if row is None else f"row {row}: "
    return Refused(
        422,
        f"{where}{column} is {shown(value)}",
        expected=f"{expected} in {column}",
        remedy="correct the value, or send null for a missing one",
    )


def shown(value: object) -> str:
    """Return a value as it is shown in a refusal."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def lost(name: str, at: int, rows: Sequence[Mapping[str, Any]]) -> Refused:
    """Return the refusal of rows that lack a column, the one `at` among them."""
    there = list(rows[at])
    lacks = f"the rows lack {name!r}" if not any(name in row for row in rows) else f"row {at} lacks {name!r}"
    return Refused(
        422,
        f"{lacks}; it has {listed(there)}" if there else f"{lacks}, and is empty",
        expected=f"the column {name!r} in every row, with null for a missing value",
        remedy=f"add it, or correct its name.{suggestion(name, there)}",
    )


def refuse_number(rows: int) -> None:
    """Raise `Refused` for too many rows."""
    if rows > MOST_ROWS:
        raise Refused(
            413, f"{rows:,} rows", expected=f"at most {MOST_ROWS:,} rows per request", remedy="send several requests"
        )
