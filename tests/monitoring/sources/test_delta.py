"""Delta Lake tables: their current rows and no other ones, from the files that a window needs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from driftloop.monitoring.errors import MissingColumns, NotATime, SourceMissing, SourceUnreadable
from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import count_rows, count_strays, read_rows, span
from tests.lakes import add_deletion_vector, delta, iceberg, rename_columns
from tests.tables import WEEK, columns

DeltaTable = pytest.importorskip("deltalake").DeltaTable
DAY = timedelta(days=1)


def rows(start: int, days: int, **more: Any) -> pa.Table:
    """One row a day from a day of January on."""
    ts = [datetime(2026, 1, 1, tzinfo=UTC) + (start + at) * DAY for at in range(days)]
    plain = {
        "ts": pa.array(ts, pa.timestamp("us", "UTC")),
        "fare": [float(start + at) for at in range(days)],
        "kind": ["a"] * days,
        "y": [1.0] * days,
    }
    return pa.table(plain | more)


def fares(source: Source, folder: Path, window: Window = WEEK, **changes: Any) -> list[float]:
    return read_rows(source, columns(**changes), window, folder).frame["fare"].tolist()


def test_removed_and_replaced_rows_do_not_count(tmp_path: Path) -> None:
    """Their files are still in the folder."""
    source = delta(tmp_path, rows(0, 3), rows(3, 3))
    table = DeltaTable(tmp_path / "trips")
    table.delete("fare = 1")
    table.update(updates={"fare": "fare + 100"}, predicate="fare = 4")
    assert fares(source, tmp_path) == [0, 2, 3, 104, 5]
    assert count_rows(source, columns(), WEEK, tmp_path) == 5
    assert fares(source.model_copy(update={"version": 0}), tmp_path) == [0, 1, 2]


def test_rows_of_a_deletion_vector_do_not_count(tmp_path: Path) -> None:
    """Spark marks rows as removed and leaves the file as it is; a window is cut from the rows that are left."""
    source = delta(tmp_path, rows(0, 9))
    add_deletion_vector(tmp_path / "trips", [0, 2, 8])
    assert fares(source, tmp_path) == [1, 3, 4, 5, 6]
    assert sorted(pa.table(DeltaTable(tmp_path / "trips").scan())["fare"].to_pylist()) == [1, 3, 4, 5, 6, 7]
    late = Window(start=WEEK.start + 4 * DAY, end=WEEK.end + DAY)
    assert fares(source, tmp_path, late, numeric=("fare", "twice"), derived={"twice": "fare * 2"}) == [4, 5, 6, 7]


def test_renamed_columns_are_read_by_their_names(tmp_path: Path) -> None:
    """With column mapping a file may have other names than the table."""
    source = delta(tmp_path, rows(0, 3).rename_columns(["ts", "price", "kind", "y"]))
    rename_columns(tmp_path / "trips", {"price": "fare"})
    assert fares(source, tmp_path) == [0, 1, 2]
    assert fares(source, tmp_path, filter="fare > 1") == [2]


def test_a_feature_that_is_not_known_is_refused(tmp_path: Path) -> None:
    """What a table requires of its readers is not ignored."""
    source = delta(tmp_path, rows(0, 3))
    named = ["deletionVectors", "variantType"]
    add_deletion_vector(tmp_path / "trips", [1], readerFeatures=named, writerFeatures=named)
    with pytest.raises(SourceUnreadable, match="requires 'variantType'") as refused:
        fares(source, tmp_path)
    assert "DROP FEATURE" in refused.value.remedy


def test_only_the_files_of_a_window_are_read(tmp_path: Path) -> None:
    """By the statistics of the log, so that files of other weeks may even be gone, and by partition."""
    source = delta(tmp_path, *(rows(7 * week, 7) for week in range(4)))
    for action in pa.table(DeltaTable(tmp_path / "trips").get_add_actions(flatten=True)).to_pylist():
        if action["min.fare"] >= 7:
            (tmp_path / "trips" / action["path"]).unlink()
    assert fares(source, tmp_path) == [0, 1, 2, 3, 4, 5, 6]
    with pytest.raises(SourceUnreadable, match="a file of version 3 is gone") as gone:
        fares(source, tmp_path, Window(start=WEEK.start, end=WEEK.end + DAY))
    assert "VACUUM" in gone.value.remedy


def test_only_the_columns_of_the_config_are_read(tmp_path: Path) -> None:
    """A nested column and one of another type next to them do no harm."""
    nested = pa.array([{"a": [1, 2]}] * 3)
    source = delta(tmp_path, rows(0, 3, note=nested, blob=pa.array([b"\xff"] * 3)))
    found = read_rows(source, columns(), WEEK, tmp_path)
    assert list(found.frame.columns) == ["ts", "fare", "kind", "y"]
    assert list(found.schema) == ["ts", "fare", "kind", "y", "note", "blob"]


def test_columns_that_came_later_are_null_in_older_files(tmp_path: Path) -> None:
    source = delta(tmp_path, rows(0, 2))
    delta(tmp_path, rows(2, 2, seats=pa.array([1, None], pa.int64())), schema_mode="merge")
    found = read_rows(source, columns(numeric=("fare", "seats")), WEEK, tmp_path).frame
    assert found["seats"].fillna(-1).tolist() == [-1, -1, 1, -1]


@pytest.mark.parametrize(
    ("made", "zone", "expected"),
    [
        (pa.array([datetime(2026, 1, 1, 23, tzinfo=UTC)], pa.timestamp("us", "UTC")), "UTC", 23),
        (pa.array([datetime(2026, 1, 1, 23)], pa.timestamp("us")), "Asia/Tokyo", 14),
        (pa.array([date(2026, 1, 1)], pa.date32()), "UTC", 0),
        (pa.array(["2026-01-01T23:00:00+09:00"]), "UTC", 14),
    ],
    ids=["with zone", "without zone", "date", "text"],
)
def test_times_of_every_type(tmp_path: Path, made: pa.Array, zone: str, expected: int) -> None:
    """With a time at the last microsecond of the log's milliseconds, and without a time."""
    table = rows(0, 1).set_column(0, "ts", made)
    source = delta(tmp_path, table, table.set_column(0, "ts", pa.array([None], made.type)))
    found = read_rows(source, columns(time_zone=zone), WEEK, tmp_path).frame
    assert found["ts"].tolist() == [datetime(2026, 1, 1, expected, tzinfo=UTC)]
    assert count_strays(source, columns(time_zone=zone), datetime(2026, 1, 2, tzinfo=UTC), tmp_path).timeless == 1


@pytest.mark.parametrize("vector", [False, True])
def test_the_last_microseconds_of_a_file_are_found(tmp_path: Path, vector: bool) -> None:
    """The log has times in milliseconds, cut off."""
    late = datetime(2026, 1, 1, 0, 0, 0, 1999, tzinfo=UTC)
    source = delta(tmp_path, rows(0, 2, ts=pa.array([late] * 2, pa.timestamp("us", "UTC"))))
    if vector:
        add_deletion_vector(tmp_path / "trips", [0])
    window = Window(start=late, end=late + timedelta(microseconds=1))
    assert fares(source, tmp_path, window) == ([1] if vector else [0, 1])


def test_decimals_and_bytes_are_those_of_parquet(tmp_path: Path) -> None:
    prices = pa.array([Decimal("1.10"), Decimal("2.00"), None], pa.decimal128(20, 2))
    source = delta(tmp_path, rows(0, 3, fare=prices, kind=prices))
    found = read_rows(source, columns(), WEEK, tmp_path).frame
    assert found["fare"].fillna(-1).tolist() == [1.1, 2.0, -1]
    assert found["kind"].fillna("-").tolist() == ["1.1", "2", "-"]


def test_an_empty_table_has_no_rows(tmp_path: Path) -> None:
    source = delta(tmp_path, rows(0, 3))
    DeltaTable(tmp_path / "trips").delete()
    assert count_rows(source, columns(), WEEK, tmp_path) == 0
    assert span(source, columns(), tmp_path) is None


def _moved(folder: Path) -> Source:
    delta(folder, rows(0, 1))
    return Source(delta="trips/_delta_log")


@pytest.mark.parametrize(
    ("made", "found", "fix"),
    [
        (lambda _: Source(delta="nowhere"), "no such folder", "_delta_log"),
        (_moved, "is no Delta Lake table", "source.path"),
        (lambda folder: delta(folder, rows(0, 1)).model_copy(update={"version": 7}), "no version 7", "source.version"),
    ],
)
def test_a_table_that_cannot_be_found(tmp_path: Path, made: Any, found: str, fix: str) -> None:
    with pytest.raises(SourceMissing, match=found) as missing:
        count_rows(made(tmp_path), columns(), WEEK, tmp_path)
    assert fix in missing.value.remedy


def test_an_iceberg_table_is_named_as_one(tmp_path: Path) -> None:
    iceberg(tmp_path, rows(0, 1))
    with pytest.raises(SourceMissing, match="is an Iceberg table") as missing:
        count_rows(Source(delta="lake/shop/trips"), columns(), WEEK, tmp_path)
    assert "source.catalog" in missing.value.remedy


def test_wrong_columns_are_named(tmp_path: Path) -> None:
    source = delta(tmp_path, rows(0, 3))
    with pytest.raises(MissingColumns, match="'nope'"):
        fares(source, tmp_path, numeric=("nope",))
    with pytest.raises(NotATime, match="'kind' holds text that is not a time"):
        count_rows(source, columns(time="kind", categorical=("ts",)), WEEK, tmp_path)


def test_an_object_store_without_an_answer_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason, and without the secret that the environment has."""
    environment = (
        ("AWS_ACCESS_KEY_ID", "AKIAOPENSESAME"),
        ("AWS_SECRET_ACCESS_KEY", "sesame/open+99"),
        ("AWS_REGION", "eu-north-1"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_ALLOW_HTTP", "true"),
    )
    for name, value in environment:
        monkeypatch.setenv(name, value)
    with pytest.raises(SourceMissing, match="Connection refused") as missing:
        count_rows(Source(delta="s3://bucket/trips"), columns(), WEEK, tmp_path)
    assert "AWS_ACCESS_KEY_ID" in missing.value.remedy
    assert "sesame" not in str(missing.value).lower()
