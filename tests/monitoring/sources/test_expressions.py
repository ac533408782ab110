"""Derived columns and the filter: one expression over one row each, and blamed by name when it fails."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from driftloop.monitoring.errors import BadExpression, MissingColumns
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import count_rows, read_rows
from driftloop.monitoring.sources.expressions import levels
from tests.tables import WEEK, columns, parquet, trips


def test_derived_columns_build_on_earlier_ones_and_feed_the_filter(database: Source, tmp_path: Path) -> None:
    """A derived column may use an earlier one, the filter may use both, and none is part of the schema."""
    derived = {"twice": "fare * 2 -- a comment", "more": "twice + 1", "y": "CASE WHEN more > 4 THEN 1 ELSE 0 END"}
    config = columns(numeric=("twice", "more"), derived=derived, filter="more > 0 AND kind = 'a'")
    rows = read_rows(database, config, WEEK, tmp_path)
    assert rows.frame[["twice", "more", "y"]].to_numpy().tolist() == [[4, 5, 1], [2, 3, 0]]
    assert "twice" not in rows.schema
    assert count_rows(database, config.model_copy(update={"filter": "more > 4"}), WEEK, tmp_path) == 1


def test_the_time_may_be_derived(tmp_path: Path) -> None:
    """Epoch seconds become a time column by an expression, in the dialect of each engine."""
    source = parquet(tmp_path, epoch=[1767225600, None], fare=[1.0, 2.0], kind=["a"] * 2, y=[1] * 2)
    config = columns(derived={"ts": "to_timestamp(epoch)"})
    assert [str(ts) for ts in read_rows(source, config, WEEK, tmp_path).frame["ts"]] == ["2026-01-01 00:00:00+00:00"]
    with closing(sqlite3.connect(tmp_path / "epoch.db")) as con:
        con.execute("CREATE TABLE trips AS SELECT 1767225600 AS epoch, 1.0 AS fare, 'a' AS kind, 1 AS y")
        con.commit()
    table = Source(url="sqlite:///epoch.db", table="trips")
    config = columns(derived={"ts": "datetime(epoch, 'unixepoch')"})
    assert [str(ts) for ts in read_rows(table, config, WEEK, tmp_path).frame["ts"]] == ["2026-01-01 00:00:00+00:00"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("fare; DROP TABLE trips", "semicolon"),
        ("fare;", "semicolon"),
        ("DROP TABLE trips", "not an expression"),
        ("(SELECT max(fare) FROM trips)", "SELECT"),
        ("fare IN (SELECT fare FROM trips)", "SELECT"),
        ("fare, y", "parse"),
        ("fare AS z", "not an expression"),
        ("fare +", "parse"),
        ("fare) FROM trips -- (", "parse"),
        ("'open", "parse"),
        (" ", "empty"),
        ("*", "not an expression|more than one"),
        ("max(fare)", "aggregate"),
        ("total(fare)", "aggregate"),
        ("no_such_function(fare)", "no_such_function"),
        ("?", "placeholder"),
    ],
)
def test_only_one_expression_is_taken(database: Source, tmp_path: Path, text: str, why: str) -> None:
    """A derived column or filter that is not one expression over a row is refused by its key, before rows are read."""
    with pytest.raises(BadExpression, match=rf"(?s)columns\.derived\.z: .*({why})"):
        read_rows(database, columns(derived={"z": text}), WEEK, tmp_path)
    with pytest.raises(BadExpression, match=rf"(?s)columns\.filter: .*({why})"):
        count_rows(database, columns(filter=text), WEEK, tmp_path)


def test_an_expression_reads_what_was_there_before_it(database: Source, tmp_path: Path) -> None:
    """A derived column of a source column's name is what later expressions read, and earlier ones do not."""
    derived = {"twice": "fare * 2", "before": "twice + fare", "fare": "fare + 100", "after": "fare", "kind": "'b'"}
    config = columns(numeric=("fare", "before", "after"), derived=derived, filter="kind = 'b' AND fare > 100")
    rows = read_rows(database, config, WEEK, tmp_path).frame
    assert rows[["fare", "before", "after"]].to_numpy().tolist() == [[102, 6, 102], [101, 3, 101]]
    again = columns(numeric=("FARE",), derived={"fare": "fare + 1", "FARE": "fare * 10"})
    assert read_rows(database, again, WEEK, tmp_path).frame["FARE"].tolist() == [30, 20]


def test_hundreds_of_derived_columns_are_read_together(database: Source, tmp_path: Path) -> None:
    """One SELECT holds all that build on the source alone: four hundred are read as quickly as a few."""
    derived = {f"d{at}": f"fare + {at}" for at in range(400)}
    config = columns(numeric=tuple(derived), derived=derived, filter="d399 > 0")
    begun = time.monotonic()
    rows = read_rows(database, config, WEEK, tmp_path).frame
    assert rows["d399"].tolist() == [401, 400]
    assert time.monotonic() - begun < 60
    assert levels({name: ["fare"] for name in derived}) == [list(derived)]


def test_columns_that_build_on_each_other_are_read(database: Source, tmp_path: Path) -> None:
    """Fifty in a row; more than a hundred, or more than an engine can plan, are refused by name."""
    chain = {f"d{at}": f"d{at - 1} + 1" if at else "fare" for at in range(101)}
    fifty = dict(list(chain.items())[:50])
    rows = read_rows(database, columns(numeric=("d49",), derived=fifty), WEEK, tmp_path).frame
    assert rows["d49"].tolist() == [51, 50]
    with pytest.raises(BadExpression, match=r"columns\.derived\.d100: .*depends on a chain of 100 derived columns"):
        read_rows(database, columns(numeric=("d100",), derived=chain), WEEK, tmp_path)
    tree = {f"d{at}": f"d{at - 1} + d{at - 1}" if at else "fare" for at in range(60)}
    if str(database.url).startswith("duckdb"):
        assert read_rows(database, columns(numeric=("d59",), derived=tree), WEEK, tmp_path).frame["d59"][1] == 2**59
        return
    with pytest.raises(BadExpression, match=r"columns\.derived\.d13: .*reads more than 20,000 columns"):
        read_rows(database, columns(numeric=("d59",), derived=tree), WEEK, tmp_path)


def test_a_failing_expression_is_found_among_many(database: Source, tmp_path: Path) -> None:
    """The error names the one at fault, not one of the same SELECT."""
    derived = {f"d{at}": f"fare + {at}" for at in range(30)} | {"d7": "nothing(fare)", "d31": "d3 + 1"}
    with pytest.raises(BadExpression, match=r"columns\.derived\.d7: .*nothing"):
        read_rows(database, columns(numeric=tuple(derived), derived=derived), WEEK, tmp_path)


def test_a_window_function_is_an_expression(database: Source, tmp_path: Path) -> None:
    """An aggregate with OVER gives a value for each row and is taken."""
    frame = read_rows(database, columns(numeric=("top",), derived={"top": "max(fare) OVER ()"}), WEEK, tmp_path).frame
    assert frame["top"].tolist() == [4.0, 4.0]


def test_an_expression_over_unknown_columns_names_them(database: Source, tmp_path: Path) -> None:
    """A column that only an expression needs is lost like any other; one derived later is distinguished."""
    with pytest.raises(MissingColumns, match="no column 'faer'") as lost:
        read_rows(database, columns(derived={"z": "faer + 1"}), WEEK, tmp_path)
    assert "Did you mean 'fare'" in str(lost.value)
    with pytest.raises(MissingColumns, match="'tolls'"):
        count_rows(database, columns(filter="tolls > 1"), WEEK, tmp_path)
    with pytest.raises(BadExpression, match="derived later"):
        read_rows(database, columns(derived={"a": "b + 1", "b": "fare"}), WEEK, tmp_path)


def test_an_expression_that_fails_on_a_value_is_blamed(tmp_path: Path) -> None:
    """When the data breaks an expression the error names the expression, not the file."""
    source = parquet(tmp_path, **(trips() | {"kind": ["1", "2", "x"]}))
    with pytest.raises(BadExpression, match=r"columns\.derived\.z: .*Could not convert string 'x'"):
        read_rows(source, columns(numeric=("z",), derived={"one": "1", "z": "kind::INTEGER"}), WEEK, tmp_path)


@pytest.mark.parametrize("deep", ["(" * 400 + "true" + ")" * 400, "NOT " * 2000 + "true", "f(" * 400 + "1" + ")" * 400])
def test_an_expression_that_is_nested_too_deep_is_blamed(database: Source, tmp_path: Path, deep: str) -> None:
    """It is an error of the expression, never one of the parser's own."""
    with pytest.raises(BadExpression, match=r"columns\.filter: (?s:.)*nested too deep"):
        count_rows(database, columns(filter=deep), WEEK, tmp_path)
