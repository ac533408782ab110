"""Laws of reading, proven on real files and on real SQLite and DuckDB databases."""

from __future__ import annotations

import gzip
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring import sources
from monitoring.config import Columns, Source
from monitoring.errors import BadExpression, ColumnsLost, DriftloopError, NotATime, SourceMissing, SourceUnreadable
from monitoring.records import Window
from monitoring.sources import count_rows, read_rows, sample, span

WEEK = Window(start=datetime(2026, 1, 1), end=datetime(2026, 1, 8))
TAXI = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "nyc_taxi"
HEADER = "ts,fare,kind,y\n"
LINES = "2026-01-01 00:00:00,1.5,a,1\n2026-01-03 12:00:00,2.5,b,0\n2026-01-08 00:00:00,3.5,a,1\n"


def columns(**changes: Any) -> Columns:
    return Columns(**({"time": "ts", "target": "y", "numeric": ("fare",), "categorical": ("kind",)} | changes))


def csv(folder: Path, text: str | bytes, name: str = "rows.csv") -> Source:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return Source(path=name)


def parquet(folder: Path, name: str = "rows.parquet", **data: Any) -> Source:
    pq.write_table(pa.table(data), folder / name)
    return Source(path=name)


def trips(ts: Any = None, rows: int = 3) -> dict[str, Any]:
    ts = [datetime(2026, 1, 1) + timedelta(days=day) for day in range(rows)] if ts is None else ts
    return {"ts": ts, "fare": [float(at) for at in range(len(ts))], "kind": ["a"] * len(ts), "y": [1] * len(ts)}


@pytest.fixture(params=["sqlite", "duckdb"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    """A table `trips` with one row before, two in and one after the week, and one without a time."""
    file = tmp_path / "rel.db"
    opened = sqlite3.connect(file) if request.param == "sqlite" else duckdb.connect(str(file))
    with closing(opened) as con:
        con.execute("CREATE TABLE trips (ts TIMESTAMP, fare DOUBLE, kind TEXT, y INTEGER, spare TEXT)")
        times = [
            "2025-12-31 23:59:59.999",
            "2026-01-07 23:59:59.999",
            "2026-01-01 00:00:00",
            "2026-01-08 00:00:00",
            None,
        ]
        for fare, ts in enumerate(times):
            con.execute("INSERT INTO trips VALUES (?, ?, 'a', 1, 'x')", (ts, float(fare)))
        con.commit()
    return Source(url=f"{request.param}:///rel.db", table="trips")


# Windows and times


def test_the_window_is_half_open(tmp_path: Path) -> None:
    """A row at the start of the window is in, a row at its end is not."""
    rows = read_rows(csv(tmp_path, HEADER + LINES), columns(), WEEK, tmp_path)
    assert rows.frame["fare"].tolist() == [1.5, 2.5]
    assert count_rows(Source(path="rows.csv"), columns(), WEEK, tmp_path) == 2


def test_the_frame_has_the_needed_columns_in_utc_and_the_schema_has_all(tmp_path: Path) -> None:
    """The frame has time, features and target, the time in UTC; the schema names every column of the source."""
    source = parquet(tmp_path, **trips(), spare=["x"] * 3)
    rows = read_rows(source, columns(), WEEK, tmp_path)
    assert list(rows.frame.columns) == ["ts", "fare", "kind", "y"]
    assert str(rows.frame["ts"].dtype) == "datetime64[us, UTC]"
    assert rows.schema == {"ts": "TIMESTAMP", "fare": "DOUBLE", "kind": "VARCHAR", "y": "BIGINT", "spare": "VARCHAR"}


def test_rows_come_by_time_and_then_as_they_were_written(tmp_path: Path) -> None:
    """Rows are ordered by time; rows of one moment keep their order, over files too."""
    noon, one = datetime(2026, 1, 2, 12), datetime(2026, 1, 2, 13)
    parquet(tmp_path, "b.parquet", ts=[noon, one], fare=[3.0, 4.0], kind=["a"] * 2, y=[1] * 2)
    parquet(tmp_path, "a.parquet", ts=[one, noon], fare=[1.0, 2.0], kind=["a"] * 2, y=[1] * 2)
    frames = [read_rows(Source(path="*.parquet"), columns(), WEEK, tmp_path).frame for _ in range(3)]
    assert frames[0]["fare"].tolist() == [2.0, 3.0, 1.0, 4.0]
    assert all(frame.equals(frames[0]) for frame in frames)


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
    """A time that carries its zone is that moment, whatever columns.time_zone says."""
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


def test_stand_ins_for_a_time_are_in_no_span(tmp_path: Path) -> None:
    """9999-12-31, year 1 and infinity are no times of a row: the span does not reach to them."""
    with closing(duckdb.connect(str(tmp_path / "x.duckdb"))) as con:
        con.execute("CREATE TABLE trips AS SELECT unnest(['0001-01-01', '2026-01-02', '9999-12-31', '-infinity', "
                    "'infinity'])::TIMESTAMP AS ts, 1 AS fare, 'a' AS kind, 1 AS y")  # fmt: skip
        con.execute("CREATE TABLE texts AS SELECT * REPLACE (ts::VARCHAR AS ts) FROM trips WHERE isfinite(ts)")
    for table in ("trips", "texts"):
        found = span(Source(url="duckdb://x.duckdb", table=table), columns(), tmp_path)
        assert found == Window(start=datetime(2026, 1, 2), end=datetime(2026, 1, 2, 0, 0, 0, 1))


def test_an_offset_in_one_csv_of_several_is_heeded(tmp_path: Path) -> None:
    """When an export begins to write offsets, the files before are still read in columns.time_zone."""
    csv(tmp_path, HEADER + "2026-01-02 10:00:00,1,a,1\n", "1.csv")
    csv(tmp_path, HEADER + "2026-01-03T10:00:00+05:00,2,a,1\n", "2.csv")
    frame = read_rows(Source(path="*.csv"), columns(time_zone="Europe/Berlin"), WEEK, tmp_path).frame
    assert [str(ts) for ts in frame["ts"]] == ["2026-01-02 09:00:00+00:00", "2026-01-03 05:00:00+00:00"]


def test_an_offset_far_down_a_csv_is_heeded(tmp_path: Path) -> None:
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
def test_text_that_is_no_time_is_named(tmp_path: Path, wrong: str) -> None:
    """One value that is no time stops the read, and the error shows it: it could belong to any window."""
    source = parquet(tmp_path, **trips(["2026-01-02", wrong, None]))
    with pytest.raises(NotATime, match=f"'ts' holds .*such as '{wrong}'"):
        read_rows(source, columns(), WEEK, tmp_path)


def test_day_and_month_are_not_guessed_in_a_csv(tmp_path: Path) -> None:
    """A CSV with dates in another order than ISO is refused: an engine would guess, and anew for each file."""
    for text in ("31/01/2026", "01-02-2026 10:00:00", "01/02/2026 10:00:00 AM", "2026/01/02"):
        with pytest.raises(NotATime, match=text):
            count_rows(csv(tmp_path, f"{HEADER}{text},1,a,1\n"), columns(), WEEK, tmp_path)


@pytest.mark.parametrize("values", [[1767225600, 1767225601], [1.5, 2.5], [True, False]])
def test_numbers_are_no_times(tmp_path: Path, values: list[Any]) -> None:
    """Numbers and truth values are not taken for times."""
    for call in (read_rows, count_rows):
        with pytest.raises(NotATime, match="such as"):
            call(parquet(tmp_path, **trips(values)), columns(), WEEK, tmp_path)


def test_rows_without_a_time_are_left_out(database: Source, tmp_path: Path) -> None:
    """A row whose time is null is in no window; the others are read to the last millisecond, on each engine."""
    rows = read_rows(database, columns(), WEEK, tmp_path)
    assert rows.frame["fare"].tolist() == [2.0, 1.0]
    assert list(rows.schema) == ["ts", "fare", "kind", "y", "spare"]
    assert count_rows(database, columns(), WEEK, tmp_path) == 2


def test_the_span_ends_just_after_the_last_row(database: Source, tmp_path: Path) -> None:
    """The span holds the first and the last row after the filter; of no rows there is none."""
    whole = span(database, columns(), tmp_path)
    assert whole == Window(start=datetime(2025, 12, 31, 23, 59, 59, 999000), end=datetime(2026, 1, 8, 0, 0, 0, 1))
    assert count_rows(database, columns(), whole, tmp_path) == 4
    assert span(database, columns(filter="fare = 2"), tmp_path).start == datetime(2026, 1, 1, tzinfo=UTC)
    assert span(database, columns(filter="fare > 99"), tmp_path) is None


# Derived columns and the filter


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
        ("DROP TABLE trips", "no expression"),
        ("(SELECT max(fare) FROM trips)", "SELECT"),
        ("fare IN (SELECT fare FROM trips)", "SELECT"),
        ("fare, y", "parse"),
        ("fare AS z", "no expression"),
        ("fare +", "parse"),
        ("fare) FROM trips -- (", "parse"),
        ("'open", "parse"),
        (" ", "empty"),
        ("*", "no expression|more than one"),
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


def test_a_window_function_is_an_expression(database: Source, tmp_path: Path) -> None:
    """An aggregate with OVER gives a value for each row and is taken."""
    frame = read_rows(database, columns(numeric=("top",), derived={"top": "max(fare) OVER ()"}), WEEK, tmp_path).frame
    assert frame["top"].tolist() == [4.0, 4.0]


def test_an_expression_over_unknown_columns_names_them(database: Source, tmp_path: Path) -> None:
    """A column that only an expression needs is lost like any other; one derived later is told apart."""
    with pytest.raises(ColumnsLost, match="no column 'faer'") as lost:
        read_rows(database, columns(derived={"z": "faer + 1"}), WEEK, tmp_path)
    assert "Did you mean 'fare'" in str(lost.value)
    with pytest.raises(ColumnsLost, match="'tolls'"):
        count_rows(database, columns(filter="tolls > 1"), WEEK, tmp_path)
    with pytest.raises(BadExpression, match="derived later"):
        read_rows(database, columns(derived={"a": "b + 1", "b": "fare"}), WEEK, tmp_path)


def test_an_expression_that_fails_on_a_value_is_blamed(tmp_path: Path) -> None:
    """When the data breaks an expression the error names the expression, not the file."""
    source = parquet(tmp_path, **(trips() | {"kind": ["1", "2", "x"]}))
    with pytest.raises(BadExpression, match=r"columns\.derived\.z: .*Could not convert string 'x'"):
        read_rows(source, columns(numeric=("z",), derived={"one": "1", "z": "kind::INTEGER"}), WEEK, tmp_path)


def test_only_the_needed_columns_and_rows_are_read(tmp_path: Path) -> None:
    """Projection and window reach the scan: a file whose other columns are corrupt, and huge, is read all the same."""
    rows = 2_000
    noise = {f"spare{at}": [f"{at}-{row}" * 5 for row in range(rows)] for at in range(20)}
    source = parquet(tmp_path, **trips(rows=rows), **noise)
    file = tmp_path / "rows.parquet"
    spare = pq.ParquetFile(file).metadata.row_group(0).column(10)
    data = bytearray(file.read_bytes())
    start = spare.dictionary_page_offset
    data[start : start + 500] = b"\xff" * 500
    file.write_bytes(data)
    derived = {"half": "fare / 2", "unused": "spare19 || 'x'"}
    frame = read_rows(source, columns(numeric=("half",), derived=derived, filter="fare >= 0"), WEEK, tmp_path).frame
    assert frame["half"].tolist() == [at / 2 for at in range(7)]


# Files


def test_gzip_semicolons_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    """The separator is taken from the header; gzip and a UTF-8 mark are no obstacle."""
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress((HEADER + LINES).encode()))
    assert count_rows(Source(path="rows.csv.gz"), columns(), WEEK, tmp_path) == 2
    source = csv(tmp_path, b"\xef\xbb\xbf" + (HEADER + LINES).replace(",", ";").encode())
    assert count_rows(source, columns(), WEEK, tmp_path) == 2


@pytest.mark.parametrize(("name", "packed"), [("rows.csv", True), ("rows.csv.gz", False)])
def test_a_wrong_ending_hides_no_gzip(tmp_path: Path, name: str, packed: bool) -> None:
    """Whether a file is packed is told by its bytes, not by its name."""
    text = (HEADER + LINES).encode()
    (tmp_path / name).write_bytes(gzip.compress(text) if packed else text)
    assert count_rows(Source(path=name), columns(), WEEK, tmp_path) == 2


def test_an_empty_field_is_null_and_other_words_are_left_alone(tmp_path: Path) -> None:
    """Empty is null, quoted or not; NA is text, and makes a column of numbers text, even if it comes late."""
    text = (
        HEADER + "2026-01-02 00:00:00,1.5,007,1\n" * 30_000 + '2026-01-03 00:00:00,NA,,1\n2026-01-04 00:00:00,,"",1\n'
    )
    frame = read_rows(csv(tmp_path, text), columns(), WEEK, tmp_path).frame
    assert frame["fare"].iloc[[0, 30_000]].tolist() == ["1.5", "NA"]
    assert frame["fare"].isna().sum() == 1
    assert frame["kind"].isna().sum() == 2
    assert frame["kind"].iloc[0] == "007"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (HEADER + LINES + "2026-01-03 12:00:00,2.5\n" + LINES, "line 5 has 2 fields, the header has 4"),
        (HEADER + LINES + "2026-01-03 12:00:00,2.5,a,1,9\n", "line 5 has 5 fields"),
        (HEADER + LINES * 20_000 + "2026-01-03 12:00:00,2.5,a,1,9\n" + LINES, "line 60002 has 5 fields"),
        (HEADER + LINES + "2026-01-03 12:00:0", "line 5 has 1 fields"),
        (HEADER + LINES + "<html><body>502 Bad Gateway</body></html>\n", "line 5 has 1 fields"),
        ("<!DOCTYPE html>\n<html><body>a,b,c</body></html>\n", "HTML"),
        ((HEADER + LINES).encode() + "2026-01-03 12:00:00,1,é,1\n".encode("latin-1"), "not UTF-8: .*0xe9"),
        ((HEADER + LINES).encode("utf-16"), "UTF-16"),
        ((HEADER + LINES).encode() + b"2026-01-03 12:00:00,1,a\0,1\n", "NUL"),
        (HEADER.replace("kind", "fare") + LINES, "names 'fare' more than once"),
        (HEADER + LINES + "2026-01-03 12:00:00,1,a,1\r\n", "CR LF"),
        ("", "0 bytes"),
        ("\n\n", "no header"),
    ],
)
def test_a_broken_csv_is_told_by_name_and_cause(tmp_path: Path, text: str | bytes, why: str) -> None:
    """A CSV that is not one is never read as data; the error names the file among the others, and the line."""
    csv(tmp_path, HEADER + LINES, "a.csv")
    csv(tmp_path, text, "b.csv")
    csv(tmp_path, HEADER + LINES, "c.csv")
    for call in (read_rows, count_rows):
        with pytest.raises(SourceUnreadable, match=rf"b\.csv: cannot be read: .*{why}"):
            call(Source(path="*.csv"), columns(), WEEK, tmp_path)


def test_a_truncated_gzip_is_unreadable(tmp_path: Path) -> None:
    """A gzip file that ends early is not read as far as it goes."""
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress((HEADER + LINES).encode())[:-12])
    with pytest.raises(SourceUnreadable, match=r"rows\.csv\.gz"):
        count_rows(Source(path="rows.csv.gz"), columns(), WEEK, tmp_path)


@pytest.mark.parametrize("damage", ["truncated", "empty", "head only", "csv", "junk inside"])
def test_a_broken_parquet_is_told_by_name(tmp_path: Path, damage: str) -> None:
    """One corrupt file of a glob stops the read, and the error names that file."""
    for name in ("a", "b", "c"):
        parquet(tmp_path, f"{name}.parquet", **trips())
    file = tmp_path / "b.parquet"
    data = file.read_bytes()
    file.write_bytes(
        {
            "truncated": data[:-20],
            "empty": b"",
            "head only": data[:100],
            "csv": (HEADER + LINES).encode(),
            "junk inside": data[:4] + b"\0" * 60 + data[64:],
        }[damage]
    )
    with pytest.raises(SourceUnreadable, match=r"b\.parquet: cannot be read"):
        read_rows(Source(path="*.parquet"), columns(), WEEK, tmp_path)


@pytest.mark.parametrize("ending", ["\n", ""])
def test_a_file_without_rows_gives_none(tmp_path: Path, ending: str) -> None:
    """A header alone, or a parquet without rows, is no error: zero rows, whatever the expressions would say to it."""
    config = columns(derived={"gap": "date_diff('hour', ts, ts)", "z": "fare / 2"}, numeric=("gap", "z"))
    nothing = parquet(tmp_path, **{name: pa.array([], pa.null()) for name in ("ts", "fare", "kind", "y")})
    for source in (csv(tmp_path, HEADER.strip() + ending), nothing):
        frame = read_rows(source, config, WEEK, tmp_path).frame
        assert list(frame.columns) == ["ts", "gap", "z", "kind", "y"]
        assert len(frame) == 0
        assert str(frame["ts"].dtype) == "datetime64[us, UTC]"
        assert count_rows(source, config, WEEK, tmp_path) == 0
        assert span(source, config, tmp_path) is None
        with pytest.raises(ColumnsLost):
            read_rows(source, columns(target="label"), WEEK, tmp_path)


def test_a_day_without_rows_does_not_turn_numbers_into_text(tmp_path: Path) -> None:
    """Among other files a CSV of a header alone does not matter."""
    csv(tmp_path, HEADER + LINES, "a.csv")
    csv(tmp_path, HEADER, "b.csv")
    assert read_rows(Source(path="*.csv"), columns(), WEEK, tmp_path).frame["fare"].dtype == "float64"


def test_files_with_other_types_and_columns_are_read_together(tmp_path: Path) -> None:
    """Integers in one month and doubles in the next are one column; a column that came later is null before."""
    parquet(tmp_path, "1.parquet", **(trips() | {"fare": pa.array([1, 2, None], pa.int32())}))
    parquet(tmp_path, "2.parquet", **(trips() | {"tip": [0.5, 0.5, 0.5]}))
    frame = read_rows(Source(path="*.parquet"), columns(numeric=("fare", "tip")), WEEK, tmp_path).frame
    assert (len(frame), frame["fare"].dtype, frame["tip"].isna().sum()) == (6, "float64", 3)
    csv(tmp_path, HEADER + "2026-01-01,1,a,1\n", "1.csv")
    csv(tmp_path, HEADER + "2026-01-01 10:00:00,1.5,2,1\n", "2.csv")
    assert read_rows(Source(path="*.csv"), columns(), WEEK, tmp_path).frame["fare"].tolist() == [1.0, 1.5]


def test_lost_columns_are_named_together(tmp_path: Path) -> None:
    """All columns that the config names and the source lacks are in one error, with what is there."""
    with pytest.raises(ColumnsLost, match=r"rows\.csv: no column 'fare', 'y'") as lost:
        read_rows(csv(tmp_path, "ts,faare,kind\n2026-01-01,1,a\n"), columns(), WEEK, tmp_path)
    assert "'faare'" in str(lost.value)


def test_any_type_of_column_comes_through(tmp_path: Path) -> None:
    """No type of column stops a read; decimals come as floats."""
    many = {
        "u8": pa.array([1, None], pa.uint8()),
        "flag": pa.array([True, None]),
        "level": pa.array(["a", "b"]).dictionary_encode(),
        "when": pa.array([datetime(2026, 1, 1), None]),
        "lasted": pa.array([timedelta(hours=1), None], pa.duration("us")),
        "price": pa.array([Decimal("1.25"), None]),
        "big": pa.array([Decimal(10) ** 30, None], pa.decimal128(38, 0)),
        "clock": pa.array([datetime(2026, 1, 1).time(), None]),
        "raw": pa.array([b"x", None]),
        "list": pa.array([[1, 2], None]),
        "pair": pa.array([{"a": 1}, None]),
        "none": pa.array([None, None], pa.null()),
        'o\'dd "name"': [1, 2],
    }
    source = parquet(tmp_path, **(trips(rows=2) | many))
    frame = read_rows(source, columns(numeric=tuple(many)), WEEK, tmp_path).frame
    assert list(frame.columns) == ["ts", *many, "kind", "y"]
    assert (frame["price"].dtype, frame["price"].iloc[0], frame["big"].iloc[0]) == ("float64", 1.25, 1e30)


@pytest.mark.parametrize("name", ["w[1].csv", "it's.csv", "a b*.csv", "${x}.csv".replace("$", "")])
def test_a_file_name_may_hold_any_character(tmp_path: Path, name: str) -> None:
    """A file that exists under the very name is read, pattern or not, and no other."""
    csv(tmp_path, HEADER + LINES * 5, "w1.csv")
    assert count_rows(csv(tmp_path, HEADER + LINES, name), columns(), WEEK, tmp_path) == 2


def test_urls_are_read_like_paths(tmp_path: Path) -> None:
    """file:// and every fsspec filesystem are read like local files, globs included."""
    import fsspec

    source = csv(tmp_path, HEADER + LINES)
    assert count_rows(Source(path=(tmp_path / str(source.path)).as_uri()), columns(), WEEK, Path("/")) == 2
    memory = fsspec.filesystem("memory")
    memory.pipe("/driftloop-test/a.csv", (HEADER + LINES).encode())
    memory.pipe("/driftloop-test/b.csv.gz", gzip.compress((HEADER + LINES).encode()))
    parquet(tmp_path, **trips())
    memory.pipe("/driftloop-test/c.parquet", (tmp_path / "rows.parquet").read_bytes())
    assert count_rows(Source(path="memory://driftloop-test/*.csv"), columns(), WEEK, tmp_path) == 2
    assert count_rows(Source(path="memory://driftloop-test/b.csv.gz"), columns(), WEEK, tmp_path) == 2
    assert len(read_rows(Source(path="memory://driftloop-test/*.parquet"), columns(), WEEK, tmp_path).frame) == 3
    with pytest.raises(SourceMissing, match="memory://driftloop-test/no"):
        count_rows(Source(path="memory://driftloop-test/no.csv"), columns(), WEEK, tmp_path)
    with pytest.raises(SourceMissing, match="nosuch://"):
        count_rows(Source(path="nosuch://x/no.csv"), columns(), WEEK, tmp_path)


def test_a_missing_file_is_named_in_full(tmp_path: Path) -> None:
    """Where nothing matches, the error has the whole path; a folder is told how to name its files."""
    for path in ("no/*.parquet", "./no/../no.csv"):
        with pytest.raises(SourceMissing, match=f"{tmp_path}/no"):
            read_rows(Source(path=path), columns(), WEEK, tmp_path)
    with pytest.raises(SourceMissing, match=r"is a folder(?s:.)*\*\.parquet"):
        read_rows(Source(path=str(tmp_path), format="parquet"), columns(), WEEK, tmp_path)


# Databases


def test_database_urls_may_be_relative_or_absolute(
    database: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database file is found from the YAML's folder, whatever the current one, or by its absolute path."""
    monkeypatch.chdir("/")
    engine = str(database.url).partition(":")[0]
    for url in (
        f"{engine}://rel.db",
        f"{engine}:///rel.db",
        f"{engine}://{tmp_path}/rel.db",
        f"{engine}:///{tmp_path}/rel.db",
    ):
        assert count_rows(Source(url=url, table="main.trips"), columns(), WEEK, tmp_path) == 2


def test_a_missing_database_is_not_created(tmp_path: Path) -> None:
    """Reading leaves no trace: a database that is not there stays away."""
    for url in ("sqlite:///no.db", "duckdb://no.db", "sqlite://"):
        with pytest.raises(SourceMissing, match="no database file"):
            count_rows(Source(url=url, table="trips"), columns(), WEEK, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_table_is_told_what_tables_there_are(database: Source, tmp_path: Path) -> None:
    """A wrong table name is answered with the right ones."""
    with pytest.raises(SourceMissing, match="no such table; there are 'trips'"):
        count_rows(database.model_copy(update={"table": "rides"}), columns(), WEEK, tmp_path)


def test_a_table_of_another_schema_is_read(tmp_path: Path) -> None:
    """schema.table leads to that table, and a view counts as one."""
    with closing(duckdb.connect(str(tmp_path / "x.duckdb"))) as con:
        con.execute("CREATE SCHEMA lake; CREATE TABLE lake.base AS SELECT DATE '2026-01-02' ts, 1 fare, 'a' kind, 1 y")
        con.execute("CREATE VIEW lake.trips AS SELECT * FROM lake.base")
    assert count_rows(Source(url="duckdb://x.duckdb", table="lake.trips"), columns(), WEEK, tmp_path) == 1
    with pytest.raises(SourceMissing, match=r"'lake\.base', 'lake\.trips'"):
        count_rows(Source(url="duckdb://x.duckdb", table="trips"), columns(), WEEK, tmp_path)


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_a_file_that_is_no_database_is_unreadable(tmp_path: Path, engine: str) -> None:
    """A database file with other content is a broken source, not a missing one."""
    (tmp_path / "junk.db").write_bytes(b"this is no database at all. " * 500)
    with pytest.raises(SourceUnreadable):
        count_rows(Source(url=f"{engine}:///junk.db", table="trips"), columns(), WEEK, tmp_path)


def test_sqlite_values_of_any_type_come_through(tmp_path: Path) -> None:
    """SQLite holds what it was given: text among integers is read, and a number among times is refused."""
    with closing(sqlite3.connect(tmp_path / "x.db")) as con:
        con.execute("CREATE TABLE trips (ts DATETIME, fare INTEGER, kind BOOLEAN, y DECIMAL(10, 2))")
        con.execute("INSERT INTO trips VALUES ('2026-01-02T10:00:00', 'n/a', 1, 2.5), ('2026-01-03', 5, NULL, 1)")
        con.commit()
        source = Source(url="sqlite:///x.db", table="trips")
        frame = read_rows(source, columns(), WEEK, tmp_path).frame
        assert frame["fare"].tolist() == ["n/a", 5]
        assert frame["y"].tolist() == [2.5, 1.0]
        con.execute("INSERT INTO trips VALUES (1767225600, 1, 1, 1)")
        con.commit()
        with pytest.raises(NotATime, match="1767225600"):
            count_rows(source, columns(), WEEK, tmp_path)


def test_the_window_reaches_the_scan(tmp_path: Path) -> None:
    """The engine's plan shows it: SQLite uses an index on text times, DuckDB filters and projects in the scan."""
    with closing(sqlite3.connect(tmp_path / "x.db")) as con:
        con.execute("CREATE TABLE trips (ts TEXT, fare REAL, kind TEXT, y INTEGER)")
        con.execute("CREATE INDEX by_time ON trips (ts)")
    config = columns(derived={"z": "fare * 2"}, filter="z > 1")
    with sources._opened(Source(url="sqlite:///x.db", table="trips"), tmp_path, config) as engine:
        plan = engine.fetch(f"EXPLAIN QUERY PLAN SELECT ts FROM {sources._within(engine, config, WEEK, 'text')}")
    assert "USING INDEX by_time" in plan["detail"][0]
    many = trips(rows=30) | {f"spare{at}": [at] * 30 for at in range(20)}
    with sources._opened(parquet(tmp_path, **many), tmp_path, config) as engine:
        within = sources._within(engine, config, WEEK, "naive")
        plan = engine.con.raw_sql(f"EXPLAIN SELECT ts, z FROM {within}").fetchall()[0][1]
    scan = plan[plan.upper().rindex("PARQUET") :]
    assert "spare" not in plan
    assert "Filters" in scan
    assert "2026-01-08" in scan


# What must not show, must not clash and must not be slow


@pytest.mark.parametrize("table", ["rides", "trips"])
def test_no_secret_shows_in_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    """What stands for ${NAME} never shows, wherever the error arises; the name does."""
    monkeypatch.setenv("DATA", f"{tmp_path}/hunter2 folder")
    monkeypatch.setenv("SERVER", "postgres://bob:hunter2@127.0.0.1:1/x")
    monkeypatch.setenv("PASSWORD", "hunter2/ü")
    (tmp_path / "hunter2 folder").mkdir()
    (tmp_path / "hunter2 folder" / "bad.parquet").write_bytes(b"junk" * 10)
    (tmp_path / "hunter2 folder" / "bad.csv").write_bytes(b"<html>")
    (tmp_path / "hunter2 folder" / "bad.db").write_bytes(b"junk" * 500)
    broken = [
        Source(path=path) for path in ("${DATA}/no.csv", "${DATA}/bad.csv", "${DATA}/*.parquet", "sub${DATA}/x.csv")
    ]
    urls = (
        "sqlite:///${DATA}/bad.db",
        "duckdb://${DATA}/no.db",
        "duckdb://${DATA}/bad.db",
        "${SERVER}",
        "nosuch://a:${PASSWORD}@h/x",
    )
    broken += [Source(url=url, table=table) for url in (*urls, "nosuch://a:hunter2@h/x")]
    for source in broken:
        with pytest.raises(DriftloopError) as caught:
            read_rows(source, columns(), WEEK, tmp_path)
        assert "hunter2" not in str(caught.value), source
        assert "${" in str(caught.value) or "***" in str(caught.value), source


def test_reads_may_run_at_once(database: Source, tmp_path: Path) -> None:
    """Each call has a connection of its own: eight threads on one source all get the whole answer."""
    parquet(tmp_path, **trips(rows=500))
    both = [database, Source(path="rows.parquet")] * 8
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda source: len(read_rows(source, columns(), WEEK, tmp_path).frame), both))
    assert counts == [2, 7] * 8


def test_a_source_can_be_written_to_after_a_read(database: Source, tmp_path: Path) -> None:
    """Connections are closed, after an error too: nobody is kept from writing."""
    read_rows(database, columns(), WEEK, tmp_path)
    with pytest.raises(DriftloopError):
        read_rows(database, columns(filter="no_such_function(fare)"), WEEK, tmp_path)
    connect = sqlite3.connect if str(database.url).startswith("sqlite") else duckdb.connect
    with closing(connect(str(tmp_path / "rel.db"))) as con:
        con.execute("DELETE FROM trips")
        con.commit()
    assert count_rows(database, columns(), WEEK, tmp_path) == 0


def test_importing_is_light() -> None:
    """`driftloop --help` must not wait for engines: they are imported when rows are read."""
    code = (
        "import sys, monitoring.sources; print({'ibis', 'duckdb', 'pandas', 'pyarrow', 'sqlglot'} & set(sys.modules))"
    )
    here = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=here, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# Samples


def test_a_sample_has_all_columns_and_few_rows(database: Source, tmp_path: Path) -> None:
    """A sample has every column, no more rows than asked for, and of many files some of the first and the last."""
    assert sample(database, tmp_path, rows=3).shape == (3, 5)
    for month in range(30):
        parquet(tmp_path, f"{month:02}.parquet", **trips([datetime(2026, 1, month + 1)] * 50))
    taken = sample(Source(path="*.parquet"), tmp_path, rows=100)
    assert taken.shape == (100, 4)
    assert {taken["ts"].min(), taken["ts"].max()} == {pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-30")}
    assert len(sample(Source(path="*.parquet"), tmp_path, rows=1)) == 1
    assert sample(csv(tmp_path, HEADER), tmp_path).shape == (0, 4)


@pytest.mark.skipif(not TAXI.is_dir(), reason="the taxi data lies beside the project on the founders' machine only")
def test_the_dirty_taxi_months_are_one_source() -> None:
    """36 months of TLC files, with types that change, are read by window, derived duration and filter."""
    config = Columns(
        time="tpep_pickup_datetime",
        time_zone="America/New_York",
        target="duration_min",
        numeric=("trip_distance", "hour"),
        categorical=("VendorID", "PULocationID"),
        derived={
            "duration_min": "epoch(tpep_dropoff_datetime - tpep_pickup_datetime) / 60.0",
            "hour": "hour(tpep_pickup_datetime)",
        },
        filter="duration_min BETWEEN 1 AND 180 AND trip_distance > 0",
    )
    source = Source(path="nyc_taxi/*.parquet")
    window = Window(start=datetime(2019, 3, 1), end=datetime(2019, 3, 15))
    frame = read_rows(source, config, window, TAXI.parent).frame
    assert len(frame) == count_rows(source, config, window, TAXI.parent)
    assert 4000 < len(frame) < 5000
    assert frame["duration_min"].between(1, 180).all()
    assert (frame["tpep_pickup_datetime"].dt.tz_convert("America/New_York").dt.hour == frame["hour"]).all()
    assert span(source, config, TAXI.parent).start.year < 2018  # dirty: wrong years are the caller's to filter
