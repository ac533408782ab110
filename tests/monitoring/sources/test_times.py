"""A time is read as it was meant, whatever its type, its zone and its spelling."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from driftloop.monitoring.errors import NotATime
from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import count_rows, read_rows, span
from tests.tables import HEADER, WEEK, columns, csv, parquet, trips


def test_naive_times_are_read_in_the_zone_of_the_config(tmp_path: Path) -> None:
    """A time without a zone is a reading of the clocks in columns.time_zone, before and after they change."""
    source = csv(tmp_path, HEADER + "2026-03-28 12:00:00,1,a,1\n2026-03-29 12:00:00,2,a,1\n")
    window = Window(start=datetime(2026, 3, 28), end=datetime(2026, 3, 30))
    frame = read_rows(source, columns(time_zone="Europe/Berlin"), window, tmp_path).frame
    assert [str(ts) for ts in frame["ts"]] == ["2026-03-28 11:00:00+00:00", "2026-03-29 10:00:00+00:00"]


@pytest.mark.parametrize("as_text", [False, True])
def test_skipped_and_doubled_clock_readings_do_not_crash_or_get_lost(tmp_path: Path, as_text: bool) -> None:
    """Over both changes of the clocks each row is in one of adjoining windows, and the count agrees with the read."""
    readings = [datetime(2026, 3, 29, 0, 30) + timedelta(minutes=30 * at) for at in range(8)]
    readings += [datetime(2026, 10, 25, 0, 30) + timedelta(minutes=30 * at) for at in range(8)]
    source = parquet(tmp_path, **trips([str(reading) for reading in readings] if as_text else readings))
    berlin = columns(time_zone="Europe/Berlin")
    fares = []
    for day in (datetime(2026, 3, 28, 22), datetime(2026, 10, 24, 21)):
        for hour in range(8):
            window = Window(start=day + timedelta(hours=hour), end=day + timedelta(hours=hour + 1))
            frame = read_rows(source, berlin, window, tmp_path).frame
            assert count_rows(source, berlin, window, tmp_path) == len(frame)
            fares += frame["fare"].tolist()
    assert sorted(fares) == [float(at) for at in range(16)]


def test_times_with_a_zone_are_converted(tmp_path: Path) -> None:
    """A time that carries its zone is that moment, whatever columns.time_zone states."""
    times = pa.array([datetime(2026, 1, 1, tzinfo=UTC)], pa.timestamp("ns", "America/New_York"))
    source = parquet(tmp_path, ts=times, fare=[1.0], kind=["a"], y=[1])
    frame = read_rows(source, columns(time_zone="Asia/Tokyo"), WEEK, tmp_path).frame
    assert [str(ts) for ts in frame["ts"]] == ["2026-01-01 00:00:00+00:00"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC"])
def test_times_of_any_unit_are_read(tmp_path: Path, unit: str, zone: str | None) -> None:
    """Seconds to nanoseconds are read alike, in the widest of windows too; a nanosecond before the end is inside."""
    late = pd.Timestamp("2026-01-07 23:59:59.999999999" if unit == "ns" else "2026-01-07 23:59:59").value
    late //= {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[unit]
    source = parquet(tmp_path, **trips(pa.array([late], pa.int64()).cast(pa.timestamp(unit, zone))))
    ever = Window(start=datetime(1, 1, 1), end=datetime(9999, 12, 31))
    for window in (WEEK, ever):
        frame = read_rows(source, columns(), window, tmp_path).frame
        assert frame["ts"].dt.floor("s").tolist() == [pd.Timestamp("2026-01-07 23:59:59", tz="UTC")]
        assert count_rows(source, columns(), window, tmp_path) == 1
    assert span(source, columns(), tmp_path).end <= WEEK.end


def test_placeholders_of_a_time_are_in_no_span(tmp_path: Path) -> None:
    """9999-12-31, year 1 and infinity are no times of a row: the span does not reach to them."""
    with closing(duckdb.connect(str(tmp_path / "x.duckdb"))) as con:
        con.execute("CREATE TABLE trips AS SELECT unnest(['0001-01-01', '2026-01-02', '9999-12-31', '-infinity', "
                    "'infinity'])::TIMESTAMP AS ts, 1 AS fare, 'a' AS kind, 1 AS y")  # fmt: skip
        con.execute("CREATE TABLE texts AS SELECT * REPLACE (ts::VARCHAR AS ts) FROM trips WHERE isfinite(ts)")
    for table in ("trips", "texts"):
        found = span(Source(url="duckdb://x.duckdb", table=table), columns(), tmp_path)
        assert found == Window(start=datetime(2026, 1, 2), end=datetime(2026, 1, 2, 0, 0, 0, 1))


def test_an_offset_in_one_csv_of_several_is_respected(tmp_path: Path) -> None:
    """When an export begins to write offsets, the files before are still read in columns.time_zone."""
    csv(tmp_path, HEADER + "2026-01-02 10:00:00,1,a,1\n", "1.csv")
    csv(tmp_path, HEADER + "2026-01-03T10:00:00+05:00,2,a,1\n", "2.csv")
    frame = read_rows(Source(path="*.csv"), columns(time_zone="Europe/Berlin"), WEEK, tmp_path).frame
    assert [str(ts) for ts in frame["ts"]] == ["2026-01-02 09:00:00+00:00", "2026-01-03 05:00:00+00:00"]


def test_an_offset_far_down_a_csv_is_respected(tmp_path: Path) -> None:
    """One line with an offset after thousands without is that moment; the engine alone would drop the offset."""
    text = HEADER + "2026-01-02 10:00:00,1,a,1\n" * 30_000 + "2026-01-03T10:00:00+05:00,2,a,1\n"
    frame = read_rows(csv(tmp_path, text), columns(time_zone="Europe/Berlin"), WEEK, tmp_path).frame
    assert [str(ts) for ts in frame["ts"].iloc[[0, -1]]] == ["2026-01-02 09:00:00+00:00", "2026-01-03 05:00:00+00:00"]


def test_dates_are_midnights_of_their_zone(tmp_path: Path) -> None:
    """A date is its midnight in columns.time_zone: New Year in Tokyo is still the old year in UTC."""
    source = parquet(tmp_path, **trips([date(2026, 1, 1), date(2026, 1, 8)]))
    assert count_rows(source, columns(), WEEK, tmp_path) == 1
    frame = read_rows(source, columns(time_zone="Asia/Tokyo"), WEEK, tmp_path).frame
    assert [str(ts) for ts in frame["ts"]] == ["2026-01-07 15:00:00+00:00"]


def test_text_may_mix_the_spellings_of_iso(tmp_path: Path) -> None:
    """ISO text is read with and without T, seconds, fractions and offset; an offset counts for more than the zone."""
    texts = [
        "2026-01-02",
        "2026-01-02T10:00",
        "2026-01-02 10:00:00.25",
        "2026-01-02T10:00:00Z",
        "2026-01-01T00:30:00+02:00",
    ]
    source = parquet(tmp_path, **trips(pa.array(texts).dictionary_encode()))
    window = Window(start=datetime(2025, 12, 31), end=datetime(2026, 1, 8))
    frame = read_rows(source, columns(time_zone="Europe/Berlin"), window, tmp_path).frame
    assert dict(zip(frame["fare"], frame["ts"].astype(str), strict=True)) == {
        0.0: "2026-01-01 23:00:00+00:00",
        1.0: "2026-01-02 09:00:00+00:00",
        2.0: "2026-01-02 09:00:00.250000+00:00",
        3.0: "2026-01-02 10:00:00+00:00",
        4.0: "2025-12-31 22:30:00+00:00",
    }
    assert span(source, columns(), tmp_path) == Window(
        start=datetime(2025, 12, 31, 22, 30), end=datetime(2026, 1, 2, 10, 0, 0, 250001)
    )


@pytest.mark.parametrize("wrong", ["yesterday", "", "01/02/2026", "1767225600", "2026-13-01", "2026-01-05 noon"])
def test_text_that_is_not_a_time_is_named(tmp_path: Path, wrong: str) -> None:
    """One value that is not a time stops the read, and the error shows it: it could belong to any window."""
    source = parquet(tmp_path, **trips(["2026-01-02", wrong, None]))
    with pytest.raises(NotATime, match=f"'ts' holds .*such as '{wrong}'"):
        read_rows(source, columns(), WEEK, tmp_path)


def test_day_and_month_are_not_guessed_in_a_csv(tmp_path: Path) -> None:
    """A CSV with dates in another order than ISO is refused: an engine would guess, and again for each file."""
    for text in ("31/01/2026", "01-02-2026 10:00:00", "01/02/2026 10:00:00 AM", "2026/01/02"):
        with pytest.raises(NotATime, match=text):
            count_rows(csv(tmp_path, f"{HEADER}{text},1,a,1\n"), columns(), WEEK, tmp_path)


@pytest.mark.parametrize("values", [[1767225600, 1767225601], [1.5, 2.5], [True, False]])
def test_numbers_are_no_times(tmp_path: Path, values: list[Any]) -> None:
    """Numbers and truth values are not taken for times."""
    for call in (read_rows, count_rows):
        with pytest.raises(NotATime, match="such as"):
            call(parquet(tmp_path, **trips(values)), columns(), WEEK, tmp_path)
