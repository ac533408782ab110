"""Sources that are missing, broken or not what they say: a clear end, nothing lost, and the next check unharmed."""

from __future__ import annotations

import gzip
import io
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import pandas as pd
import pytest

from driftloop.monitoring.errors import BadExpression, SecretMissing, SourceMissing
from driftloop.monitoring.records import Check, Outcome
from tests.laws import lawful_check
from tests.streams import day, stream

Make = Callable[..., Any]
Damage = Callable[[bytes], bytes]
HTML = b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"


def rows(case: str, start: int = 21, end: int = 28) -> pd.DataFrame:
    frame = stream(28, seed=crc32(case.encode()))
    return frame[(frame["ts"] >= day(start)) & (frame["ts"] < day(end))].reset_index(drop=True)


def line(number: int, text: bytes) -> Damage:
    """Replace one line of a CSV."""
    return lambda data: b"\n".join([*data.split(b"\n")[:number], text, *data.split(b"\n")[number + 1 :]])


def cut_in_a_line(data: bytes) -> bytes:
    """End in the middle of the last line, before its last field."""
    return data[: data.rstrip().rfind(b",") - 4]


def decimal_commas(data: bytes, points: int = 0) -> bytes:
    """Numbers as 1,5 after this many rows with 1.5."""
    frame = pd.read_csv(io.BytesIO(data))
    head = frame[:points].to_csv(sep=";", index=False)
    return bytes((head + frame[points:].to_csv(sep=";", decimal=",", index=False, header=False)).encode())


PARQUET: dict[str, Damage] = {
    "truncated": lambda data: data[: len(data) // 2],
    "0 bytes": lambda _: b"",
    "without its last byte": lambda data: data[:-1],
    "without its head": lambda data: data[4:],
    "text": lambda _: b"this is no parquet file\n" * 100,
    "HTML": lambda _: HTML,
    "zeros inside": lambda data: data[:2000] + bytes(2000) + data[4000:],
    "gzip": gzip.compress,
}
# What is broken, and a word of the reason.
CSV: dict[str, tuple[Damage, str]] = {
    "0 bytes": (lambda _: b"", "empty"),
    "a field too few": (line(100, b"2026-01-23 00:00:00+00:00,1.0,2.0"), "line 101 has 3 fields"),
    "a field too many": (lambda data: data + b"2026-01-23 00:00:00+00:00,1,2,rome,a,3,4\n", "7 fields"),
    "an open quote": (line(100, b'2026-01-23 00:00:00+00:00,1.0,2.0,"rome,a,3'), "line"),
    "cut in the last line": (cut_in_a_line, "fields"),
    "NUL bytes": (lambda data: data[:500] + b"\0\0" + data[500:], "NUL"),
    "latin-1": (lambda data: data.replace(b"rome", "k\u00f6ln".encode("latin-1")), "UTF-8"),
    "UTF-16": (lambda data: data.decode().encode("utf-16"), "UTF-16"),
    "UTF-16 without a mark": (lambda data: data.decode().encode("utf-16-le"), "NUL"),
    "HTML": (lambda _: HTML, "HTML"),
    "HTML after the rows": (lambda data: data + HTML + b"\n", "line"),
    "blank": (lambda _: b"\n\n\n", "header"),
    "without a header": (lambda data: data.split(b"\n", 1)[1], "no column"),
    "decimal commas after points": (lambda data: decimal_commas(data, points=50), "amount are null"),
}


@pytest.mark.parametrize("case", PARQUET)
def test_broken_parquet(case: str, sibling: Make) -> None:
    """A file that cannot be read whole is bad data, by its name."""
    made = sibling(rows(case))
    file = made.folder / "rows.parquet"
    file.write_bytes(PARQUET[case](file.read_bytes()))
    check = lawful_check(made, day(28))
    assert isinstance(check, Check)
    assert check.outcome is Outcome.BAD_DATA
    assert [f.code for f in check.findings] == ["unreadable_source"]
    assert "rows.parquet" in check.reason


def test_a_file_that_is_written_again(sibling: Make) -> None:
    """After a broken file the whole one is checked as if nothing had been."""
    frame = rows("anew")
    made = sibling(frame)
    file = made.folder / "rows.parquet"
    file.write_bytes(file.read_bytes()[:-100])
    assert lawful_check(made, day(28)).outcome is Outcome.BAD_DATA
    check = lawful_check(made.given(frame), day(28))
    assert isinstance(check, Check)
    assert (check.outcome, check.findings) == (Outcome.STEADY, ())


@pytest.mark.parametrize("case", CSV)
def test_broken_csv(case: str, sibling: Make) -> None:
    """A CSV that is not what its header states is bad data, with the file and what is wrong."""
    damage, why = CSV[case]
    made = sibling(source__path="rows.csv")
    file = made.folder / "rows.csv"
    rows(case).to_csv(file, index=False)
    file.write_bytes(damage(file.read_bytes()))
    check = lawful_check(made, day(28))
    assert isinstance(check, Check)
    assert check.outcome is Outcome.BAD_DATA, check.reason
    assert why in check.reason


def test_decimal_commas(sibling: Make) -> None:
    """A file with numbers as 1,5 throughout is checked as any other."""
    made = sibling(source__path="rows.csv")
    file = made.folder / "rows.csv"
    rows("decimal commas").to_csv(file, index=False)
    file.write_bytes(decimal_commas(file.read_bytes()))
    check = lawful_check(made, day(28))
    assert isinstance(check, Check)
    assert (check.outcome, check.findings) == (Outcome.STEADY, ())


@pytest.mark.parametrize("case", ["truncated", "0 bytes"])
def test_no_training_on_broken_parquet(case: str, alone: Make) -> None:
    """No champion comes of a broken file, and the first one of the file written again."""
    frame = rows(case, 0, 21)
    made = alone(frame)
    file = made.folder / "rows.parquet"
    file.write_bytes(PARQUET[case](file.read_bytes()))
    check = lawful_check(made, day(21))
    assert check.outcome is Outcome.BAD_DATA
    assert lawful_check(made.given(frame), day(21)).outcome is Outcome.BOOTSTRAPPED


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_a_header_alone(ending: bytes, sibling: Make) -> None:
    """A CSV with a header and no rows has no data, which is not the same as being broken."""
    made = sibling(source__path="rows.csv")
    (made.folder / "rows.csv").write_bytes(b"ts,amount,speed,city,kind,y" + ending)
    check = lawful_check(made, day(28))
    assert check.outcome is Outcome.NO_DATA
    assert "empty" in check.reason


@pytest.mark.parametrize("case", ["gzip", "byte order mark", "CR LF", "blank lines at the end"])
def test_csv_in_another_dress(case: str, sibling: Make) -> None:
    """What is odd and still whole is read: steady, and no drift."""
    made = sibling(source__path="rows.csv")
    file = made.folder / "rows.csv"
    options: dict[str, Any] = {
        "CR LF": {"lineterminator": "\r\n"},
        "byte order mark": {"encoding": "utf-8-sig"},
    }
    rows(f"{case}, whole").to_csv(file, index=False, **options.get(case, {}))
    if case == "gzip":
        file.write_bytes(gzip.compress(file.read_bytes()))
    if case == "blank lines at the end":
        file.write_bytes(file.read_bytes() + b"\n\n")
    check = lawful_check(made, day(28))
    assert isinstance(check, Check)
    assert (check.outcome, check.drift_share) == (Outcome.STEADY, 0), check.reason


@pytest.mark.parametrize("broken", ["one truncated", "other columns", "other types"])
def test_one_bad_file_of_several(broken: str, sibling: Make) -> None:
    """Of a glob the file at fault is named; columns and types that differ from file to file are put together."""
    frame = rows(broken)
    made = sibling(source__path="part_*.parquet")
    halves = frame.head(400), frame.tail(-400)
    other: dict[str, dict[str, Any]] = {
        "other columns": {"more": 1},
        "other types": {"amount": halves[1]["amount"].round().astype("int16")},
    }
    halves[0].to_parquet(made.folder / "part_1.parquet")
    last = made.folder / "part_2.parquet"
    halves[1].assign(**other.get(broken, {})).to_parquet(last)
    if broken == "one truncated":
        last.write_bytes(last.read_bytes()[:-100])
    check = lawful_check(made, day(28))
    assert isinstance(check, Check)
    if broken == "one truncated":
        assert check.outcome is Outcome.BAD_DATA
        assert "part_2.parquet" in check.reason
    else:
        assert (check.outcome, check.window.rows) == (Outcome.STEADY, len(frame))


@pytest.mark.parametrize("case", ["no such file", "no match of a glob", "a folder", "no such folder"])
def test_nothing_to_read(case: str, sibling: Make) -> None:
    """A source that is not there is an error that names it, and the check is recorded as failed."""
    path = {"no such file": "gone.parquet", "no match of a glob": "gone_*.csv", "a folder": "dir.csv"}
    made = sibling(source__path=path.get(case, "gone/rows.parquet"))
    (made.folder / "dir.csv").mkdir()
    error = lawful_check(made, day(28))
    assert isinstance(error, SourceMissing)
    assert Path(path.get(case, "rows.parquet")).name in str(error)


def test_a_secret_that_is_not_set(sibling: Make) -> None:
    """A variable that is missing is named with the key that needs it."""
    error = lawful_check(sibling(source__path="${DRIFTLOOP_NO_SUCH_FOLDER}/rows.parquet"), day(28))
    assert isinstance(error, SecretMissing)
    assert "source.path" in str(error)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"columns__filter": "amount >"}, "columns.filter"),
        ({"columns__filter": "CAST(city AS INTEGER) > 1"}, "columns.filter"),
        ({"columns__filter": "true); DROP TABLE rows; --"}, "columns.filter"),
        ({"columns__derived": {"speed": "CAST(kind AS DOUBLE)"}}, "columns.derived.speed"),
    ],
    ids=["syntax", "fails on a value", "injection", "derived fails"],
)
def test_expressions_that_do_not_work(changes: dict[str, Any], key: str, sibling: Make) -> None:
    """An expression of the config that fails is blamed by its key."""
    error = lawful_check(sibling(rows("expressions"), later=changes), day(28))
    assert isinstance(error, BadExpression)
    assert key in str(error)


def test_an_expression_over_a_lost_column(sibling: Make) -> None:
    """A column that only the filter needs is lost as any other."""
    check = lawful_check(sibling(rows("filter"), later={"columns__filter": "no_such_column > 1"}), day(28))
    assert isinstance(check, Check)
    assert check.outcome is Outcome.BAD_DATA
    assert "'no_such_column'" in check.reason


# Databases


def database(made: Any, frame: pd.DataFrame, name: str = "rides") -> Path:
    file: Path = made.folder / "rows.db"
    with sqlite3.connect(file) as open_:
        frame.assign(ts=frame["ts"].astype(str)).to_sql(name, open_, index=False, if_exists="replace")
    return file


def sqlite(sibling: Make, table: str = "rides") -> Any:
    made = sibling()
    made.changes["source"] = {"url": f"sqlite:///{made.folder}/rows.db", "table": table}
    return made.given()


def test_times_as_text_in_sqlite(sibling: Make) -> None:
    """A table whose times are text is read as any other."""
    frame = rows("sqlite")
    made = sqlite(sibling)
    database(made, frame)
    check = lawful_check(made, day(28))
    assert isinstance(check, Check)
    assert (check.outcome, check.window.rows, check.drift_share) == (Outcome.STEADY, len(frame), 0)


@pytest.mark.parametrize("case", ["table", "database"])
def test_a_missing_table(case: str, sibling: Make) -> None:
    """A table or database that is not there is named, and nothing is created."""
    made = sqlite(sibling, "trips")
    if case == "table":
        database(made, rows("missing"))
    error = lawful_check(made, day(28))
    assert isinstance(error, SourceMissing)
    assert ("'rides'" if case == "table" else "rows.db") in str(error)
    assert (made.folder / "rows.db").exists() == (case == "table")


@pytest.mark.parametrize("case", ["an empty table", "values of other types", "no database"])
def test_odd_tables(case: str, sibling: Make) -> None:
    """SQLite keeps any value in any column: what is not a number is reported, an empty table has no data."""
    frame = rows(case)
    made = sqlite(sibling)
    if case == "an empty table":
        database(made, frame.head(0))
    elif case == "no database":
        (made.folder / "rows.db").write_bytes(b"this is no database " * 100)
    else:
        database(made, frame.assign(amount=frame["amount"].astype(object).where(frame.index % 10 > 0, "many")))
    check = lawful_check(made, day(28))
    assert isinstance(check, Check)
    wanted = {"an empty table": Outcome.NO_DATA, "no database": Outcome.BAD_DATA}
    assert check.outcome is wanted.get(case, Outcome.STEADY), check.reason
    if case == "values of other types":
        assert ("type_changed", "amount") in {(f.code, f.column) for f in check.findings}


def test_a_lock_that_becomes_unavailable(sibling: Make) -> None:
    """A database that someone writes to is waited for."""
    made = sqlite(sibling)
    writer = sqlite3.connect(database(made, rows("locked")), check_same_thread=False, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")

    def let_go() -> None:
        writer.execute("COMMIT")
        writer.close()

    release = threading.Timer(1.0, let_go)
    release.start()
    check = lawful_check(made, day(28))
    release.join()
    assert isinstance(check, Check)
    assert check.outcome is Outcome.STEADY, check.reason
