"""Iceberg tables: their current rows and no other ones, by a catalog or by a file of metadata."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from driftloop.monitoring.errors import MissingColumns, SourceMissing, SourceUnreadable
from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import count_rows, count_strays, read_rows, span
from tests.lakes import CATALOG, add_deletes, catalog, iceberg, positions
from tests.monitoring.sources.test_delta import rows
from tests.tables import WEEK, columns

pytest.importorskip("pyiceberg")
DAY = timedelta(days=1)


def fares(source: Source, folder: Path, window: Window = WEEK, **changes: Any) -> list[float]:
    return read_rows(source, columns(**changes), window, folder).frame["fare"].tolist()


def files(folder: Path) -> list[str]:
    """The files of the table, in the order in which they were written."""
    tasks = catalog(folder).load_table("shop.trips").scan().plan_files()
    each = sorted((int.from_bytes(task.file.lower_bounds[1], "little"), task.file.file_path) for task in tasks)
    return [path for _, path in each]


def test_removed_rows_do_not_count_and_old_snapshots_can_be_read(tmp_path: Path) -> None:
    """By the catalog, and by a file of metadata, which is one moment of the table for ever."""
    source = iceberg(tmp_path, rows(0, 3), rows(3, 3))
    table = catalog(tmp_path).load_table("shop.trips")
    first, metadata = table.metadata.snapshots[0].snapshot_id, table.metadata_location
    table.delete("fare = 1")
    assert fares(source, tmp_path) == [0, 2, 3, 4, 5]
    assert fares(source.model_copy(update={"version": first}), tmp_path) == [0, 1, 2]
    assert fares(Source(iceberg=metadata), tmp_path) == [0, 1, 2, 3, 4, 5]
    assert fares(Source(iceberg=metadata.removeprefix(f"file://{tmp_path}/")), tmp_path) == [0, 1, 2, 3, 4, 5]


def test_rows_of_position_deletes_do_not_count(tmp_path: Path) -> None:
    """Their files keep them; the deletes count for the file that they name."""
    source = iceberg(tmp_path, rows(0, 4), rows(4, 4))
    first, second = files(tmp_path)
    deletes = pa.concat_tables([positions(first, [1]), positions(second, [0])])
    add_deletes(tmp_path, "POSITION_DELETES", deletes)
    assert fares(source, tmp_path) == [0, 2, 3, 5, 6]
    assert count_rows(source, columns(filter="fare > 2"), WEEK, tmp_path) == 3


def test_equality_deletes_are_refused(tmp_path: Path) -> None:
    """The library cannot apply them: rows would come back."""
    source = iceberg(tmp_path, rows(0, 4))
    add_deletes(tmp_path, "EQUALITY_DELETES", rows(1, 1).select(["ts"]))
    with pytest.raises(SourceUnreadable, match="equality deletes") as refused:
        fares(source, tmp_path)
    assert "rewrite_data_files" in refused.value.remedy


def test_only_the_files_of_a_window_are_read(tmp_path: Path) -> None:
    """By the bounds in the manifests, so that files of other weeks may even be gone."""
    source = iceberg(tmp_path, *(rows(7 * week, 7) for week in range(4)))
    for path in files(tmp_path)[1:]:
        Path(path.removeprefix("file://")).unlink()
    assert fares(source, tmp_path) == [0, 1, 2, 3, 4, 5, 6]
    with pytest.raises(SourceUnreadable, match=r"a file of snapshot \d+ is gone"):
        fares(source, tmp_path, Window(start=WEEK.start, end=WEEK.end + DAY))


def test_renamed_added_and_reordered_columns(tmp_path: Path) -> None:
    """Older files have the values of a column by its id, under any name; of a new one they have none."""
    from pyiceberg.types import LongType

    iceberg(tmp_path, rows(0, 2).rename_columns(["ts", "price", "kind", "y"]))
    table = catalog(tmp_path).load_table("shop.trips")
    with table.update_schema() as update:
        update.rename_column("price", "fare")
        update.add_column("seats", LongType())
        update.move_first("seats")
    source = iceberg(tmp_path, pa.table({"seats": pa.array([1, None], pa.int64()), **_by_name(rows(2, 2))}))
    found = read_rows(source, columns(numeric=("fare", "seats"), filter="fare > 0"), WEEK, tmp_path).frame
    assert found["fare"].tolist() == [1, 2, 3]
    assert found["seats"].fillna(-1).tolist() == [-1, 1, -1]


def _by_name(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return {name: table[name] for name in table.column_names}


def test_a_column_of_a_wider_type(tmp_path: Path) -> None:
    """Older files have the narrow one, also in the bounds of the manifests."""
    from pyiceberg.types import DoubleType, LongType

    iceberg(tmp_path, rows(0, 2, y=pa.array([1, 2], pa.int32()), fare=pa.array([0, 1], pa.float32())))
    with catalog(tmp_path).load_table("shop.trips").update_schema() as update:
        update.update_column("y", LongType())
        update.update_column("fare", DoubleType())
    source = iceberg(tmp_path, rows(2, 2, y=pa.array([2**40, 3], pa.int64())))
    assert fares(source, tmp_path, filter="y > 1") == [1, 2, 3]


def test_a_partitioned_table_with_times_that_are_missing(tmp_path: Path) -> None:
    """A row without a time is in none of the windows and is counted."""
    source = iceberg(tmp_path, rows(0, 3))
    with catalog(tmp_path).load_table("shop.trips").update_spec() as update:
        update.add_identity("kind")
    iceberg(tmp_path, rows(3, 3), rows(6, 1, ts=pa.array([None], pa.timestamp("us", "UTC"))))
    assert fares(source, tmp_path) == [0, 1, 2, 3, 4, 5]
    assert count_strays(source, columns(), WEEK.end, tmp_path).timeless == 1


def test_an_empty_table_has_no_rows(tmp_path: Path) -> None:
    catalog(tmp_path).create_table("shop.trips", schema=rows(0, 1).schema)
    source = Source(iceberg="shop.trips", catalog=CATALOG)
    assert count_rows(source, columns(), WEEK, tmp_path) == 0
    assert span(source, columns(), tmp_path) is None


@pytest.mark.parametrize(
    ("changes", "found", "fix"),
    [
        ({"iceberg": "shop.rides"}, r"no such table; shop has shop\.trips", "source.iceberg"),
        ({"iceberg": "mall.trips"}, "there is no namespace 'mall'", "source.iceberg"),
        ({"catalog": {"type": "sql", "uri": "sqlite:///no.db"}}, "no database file", "source.catalog"),
        ({"catalog": {"type": "nosuch"}}, "'nosuch' is not a valid CatalogType", "source.catalog"),
        ({"version": 5}, "there is no snapshot 5", "source.version"),
        ({"iceberg": "no.metadata.json", "catalog": None}, "no such file of metadata", "source.catalog"),
    ],
)
def test_a_table_that_cannot_be_found(tmp_path: Path, changes: dict[str, Any], found: str, fix: str) -> None:
    source = iceberg(tmp_path, rows(0, 1))
    with pytest.raises(SourceMissing, match=found) as missing:
        count_rows(source.model_copy(update=changes), columns(), WEEK, tmp_path)
    assert fix in missing.value.remedy
    assert not (tmp_path / "no.db").exists()


def test_what_is_no_metadata_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.metadata.json").write_text('{"format-version": 2}')
    with pytest.raises(SourceUnreadable, match="not the metadata of an Iceberg table"):
        count_rows(Source(iceberg="a.metadata.json"), columns(), WEEK, tmp_path)


def test_a_catalog_without_an_answer_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token of the environment is in no message."""
    monkeypatch.setenv("LAKE_TOKEN", "open+sesame/99")
    made = {"type": "rest", "uri": "http://127.0.0.1:9/?token=${LAKE_TOKEN}", "token": "${LAKE_TOKEN}"}
    with pytest.raises(SourceMissing, match="the catalog cannot be opened") as missing:
        count_rows(Source(iceberg="shop.trips", catalog=made), columns(), WEEK, tmp_path)
    assert "sesame" not in str(missing.value)


def test_wrong_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingColumns, match="'nope'"):
        fares(iceberg(tmp_path, rows(0, 3)), tmp_path, numeric=("nope",))
