"""Levels that differ in case or outer spaces only are found, and the SQL makes one level of them."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from driftloop.monitoring.settings.source import Source
from driftloop.pipelines.init.spellings import SHOWN, one_spelling, spellings


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["web", "WEB", "app", "Web"], ("WEB", "Web", "web")),
        (["Y", "n", "y", "N", None], ("N", "Y", "n", "y")),
        (["rome", "rome ", "oslo"], ("rome", "rome ")),
        (["true", "TRUE", "False"], ("TRUE", "true")),
        (["a", "b"], ()),
        ([1.0, 2.0], ()),
    ],
)
def test_levels_are_compared_without_case_and_outer_spaces(values: list[object], found: tuple[str, ...]) -> None:
    """Text of booleans too: it is read as it is written. Numbers have no case."""
    assert spellings(pd.Series(values, dtype=object)) == found


def test_a_few_levels_are_shown() -> None:
    """A column of many spellings does not fill the file."""
    assert len(spellings(pd.Series([text for at in range(50) for text in (f"a{at}", f"A{at}")]))) == SHOWN


@pytest.mark.parametrize(("values", "levels"), [(["web", "WEB"], {"web"}), (["b ", "B", " b"], {"b"})])
def test_the_expression_leaves_one_level(values: list[str], levels: set[str]) -> None:
    """DuckDB, which reads all files, gives the same text for all spellings."""
    sql = one_spelling("c", spellings(pd.Series(values)), Source(path="rows.csv"))
    rows = duckdb.sql(f"SELECT DISTINCT {sql} FROM (SELECT unnest({values!r}) AS c)").fetchall()
    assert {text for (text,) in rows} == levels
