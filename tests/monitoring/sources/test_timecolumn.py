"""Rows that no window reaches are counted by the engine: without a time, out of range, or of the future."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from driftloop.monitoring.errors import BadExpression
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import Strays, count_strays
from tests.tables import HEADER, LINES, columns, csv, parquet, trips

NOW = datetime(2026, 1, 31, tzinfo=UTC)
AT = datetime(2026, 1, 1, 12)


def test_a_database_states_how_many_rows_have_no_time(database: Source, tmp_path: Path) -> None:
    """One of five rows; what is after `now` is of the future, to the moment."""
    assert count_strays(database, columns(), NOW, tmp_path) == Strays(timeless=1)
    assert count_strays(database, columns(), datetime(2026, 1, 8, tzinfo=UTC), tmp_path) == Strays(1, 1)
    assert count_strays(database, columns(), datetime(2026, 1, 8, 0, 0, 1, tzinfo=UTC), tmp_path) == Strays(0, 1)


def test_blank_times_of_a_csv_are_counted(tmp_path: Path) -> None:
    """An empty cell and a quoted empty one, among times and where no row has one."""
    lines = ',1.5,a,1\n"",1.5,a,1\n'
    assert count_strays(csv(tmp_path, HEADER + LINES + lines), columns(), NOW, tmp_path) == Strays(timeless=2)
    assert count_strays(csv(tmp_path, HEADER + lines), columns(), NOW, tmp_path) == Strays(timeless=2)
    assert count_strays(csv(tmp_path, HEADER), columns(), NOW, tmp_path) == Strays()


@pytest.mark.parametrize(
    ("times", "strays"),
    [
        ([AT, None, None], Strays(0, 2)),
        ([None, None], Strays(0, 2)),
        ([date(2026, 1, 1), None], Strays(0, 1)),
        (["2026-01-01T10:00:00+02:00", None, "2026-01-30T23:00:00-05:00", "9999-12-31"], Strays(1, 1, 1)),
        ([AT, datetime(1200, 1, 1), datetime(9999, 12, 31)], Strays(0, 0, 2)),
        ([AT.replace(tzinfo=UTC), datetime(2500, 1, 1, tzinfo=UTC), None], Strays(0, 1, 1)),
        ([date(2026, 1, 1), date(9999, 12, 31), date(1, 1, 1)], Strays(0, 0, 2)),
        ([], Strays()),
    ],
    ids=["moments", "nothing else", "dates", "text", "far off", "aware", "far dates", "empty"],
)
def test_times_of_any_type_are_counted(times: list[Any], strays: Strays, tmp_path: Path) -> None:
    """Nulls have no time; placeholders such as 9999-12-31 are out of range."""
    source = parquet(tmp_path, **trips(times))
    assert count_strays(source, columns(), NOW, tmp_path) == strays


def test_infinity_and_years_before_christ_are_out_of_range(shop: Callable[..., Source], tmp_path: Path) -> None:
    """What PostgreSQL and DuckDB keep as a moment and no window can hold."""
    made = "CREATE TABLE trips (ts timestamptz, fare float8, kind text, y int)"
    rows = "INSERT INTO trips SELECT ts::timestamptz, 1, 'a', 1 FROM (VALUES {}) AS v (ts)"
    times = "('infinity'), ('-infinity'), ('2026-01-02'), (NULL), ('{} BC')"
    assert count_strays(shop(made, rows.format(times.format("0044-03-15"))), columns(), NOW, tmp_path) == Strays(
        0, 1, 3
    )
    with duckdb.connect(str(tmp_path / "x.duckdb")) as con:
        con.execute(made)
        con.execute(rows.format(times.format("0044-03-15").replace("0044-03-15 BC", "0044-03-15 (BC)")))
    source = Source(url="duckdb://x.duckdb", table="trips")
    assert count_strays(source, columns(), NOW, tmp_path) == Strays(0, 1, 3)


def test_a_derived_time_and_a_filter_are_respected(tmp_path: Path) -> None:
    """What an expression cannot read has no time; rows that the filter leaves out are not counted."""
    source = csv(tmp_path, "at,fare,kind,y\n01.02.2025,1,a,1\nsoon,2,a,1\n?,3,b,1\n")
    config = columns(derived={"ts": "try_strptime(\"at\", '%d.%m.%Y')"})
    assert count_strays(source, config, NOW, tmp_path) == Strays(timeless=2)
    kept = columns(derived=config.derived, filter="kind = 'a'")
    assert count_strays(source, kept, NOW, tmp_path) == Strays(timeless=1)
    with pytest.raises(BadExpression):
        count_strays(source, columns(derived={"ts": "strptime(\"at\", '%d.%m.%Y')"}), NOW, tmp_path)
