"""What a key holds decides how it is compared: DuckDB's SQL and frames spell it alike."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
import pytest

from driftloop.monitoring.sources.labels.keys import Holds, Key, Side, key_sql, spelled

CASES: list[tuple[Holds, Holds, str, list[Any]]] = [
    ("integer", "number", "BIGINT", [17, -3, 2**60, None]),
    ("number", "integer", "DOUBLE", [17.0, 0.5, -2.0, None]),
    ("untyped", "integer", "VARCHAR", ["17.0", " 007", "x1", "-4", None]),
    ("untyped", "untyped", "VARCHAR", ["17.0", " 007", None]),
    ("text", "text", "VARCHAR", ["ä", "007", "", None]),
    ("boolean", "boolean", "BOOLEAN", [True, False, None]),
    ("reading", "reading", "TIMESTAMP", [pd.Timestamp("2026-01-01 03:00:00.000001"), None]),
]


@pytest.mark.parametrize(("holds", "other", "kind", "values"), CASES)
def test_both_ways_spell_a_value_alike(holds: Holds, other: Holds, kind: str, values: list[Any]) -> None:
    """A key is found whether the engine spells it or a frame does."""
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE t (k {kind})")
        con.executemany("INSERT INTO t VALUES (?)", [(value,) for value in values])
        by_engine = [row[0] for row in con.execute(f"SELECT {key_sql('k', holds, other)} FROM t").fetchall()]
    made = spelled(pd.Series(values), Key(Side("k", holds), Side("k", other)))
    by_frame = [None if pd.isna(value) else str(value) for value in made]
    assert by_frame == [None if value is None else str(value) for value in by_engine]


def test_whole_numbers_are_compared_as_numbers() -> None:
    """Only where both sides hold whole numbers; null stays null."""
    key = Key(Side("k", "integer"), Side("k", "integer"))
    assert key.whole
    assert spelled(pd.Series([1.0, None, 3.0]), key).tolist() == [1, pd.NA, 3]
    assert not Key(Side("k", "integer"), Side("k", "untyped")).whole
