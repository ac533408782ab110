"""References of one column, for tests of what is found in it."""

from __future__ import annotations

from typing import Any

from driftloop.monitoring.records import ColumnReference


def numeric(name: str = "fare", **more: Any) -> ColumnReference:
    """A feature of numbers from 0 to 10 without nulls."""
    facts = {"role": "feature", "null_share": 0.0, "distinct": 50, "low": 0.0, "high": 10.0, "method": "psi"}
    return ColumnReference(name=name, kind="numeric", **(facts | more))


def categorical(name: str = "city", levels: tuple[str, ...] = ("oslo", "rome"), **more: Any) -> ColumnReference:
    """A feature with these categories without nulls."""
    facts = {"role": "feature", "null_share": 0.0, "distinct": len(levels), "levels": levels, "method": "psi"}
    return ColumnReference(name=name, kind="categorical", **(facts | more))
