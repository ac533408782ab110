"""Laws of the join of rows with labels, for every pair of a format or engine of rows and one of labels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from driftloop.monitoring.config import Monitored
from driftloop.monitoring.errors import KeysDiffer, MissingLabelColumns, SourceMissing
from driftloop.monitoring.rows.canonical import conform
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import CHANGED, DISPUTED, KNOWN, LABELS, count_labels, read_rows, stream_rows
from tests.labeled import NOW, PLACES, SPAN, START, Keep, alone, config, future, made_labels, made_rows
from tests.servers.postgres import Postgres
from tests.written import LOADERS, WRITERS


def expected(rows: pa.Table, labels: pa.Table, now: datetime) -> pd.DataFrame:
    """The join written out: of each row the labels of its key that were known, and the newest one."""
    there = labels.to_pandas().dropna(subset=["order", "outcome"])
    there = there[there["known_at"] <= now.replace(tzinfo=None)]
    found = []
    for key in rows["order_id"].to_pylist():
        mine = there[there["order"] == key] if key is not None else there.iloc[:0]
        newest = mine[mine["known_at"] == mine["known_at"].max()]
        values = newest["outcome"].unique()
        value = values[0] if len(values) == 1 else None
        found.append((value, mine["known_at"].min(), mine["known_at"].max(), len(mine), len(values) > 1))
    made = pd.DataFrame(found, columns=["y", KNOWN, CHANGED, LABELS, DISPUTED])
    return made.assign(y=made["y"].astype(float))


def joined(made: Monitored, folder: Path, now: datetime = NOW) -> pd.DataFrame:
    return read_rows(made.source, made.reading, SPAN, folder, now).frame


def same(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    """Compare what was joined with what was expected, times in UTC."""
    numbers, _ = conform(found[["ts", "fare", "y"]].assign(order_id=""), NUMBERS)
    pd.testing.assert_series_equal(numbers["y"], wanted["y"], check_names=False)
    for name in (KNOWN, CHANGED):
        moments = pd.to_datetime(wanted[name]).dt.as_unit("us").dt.tz_localize("UTC")
        pd.testing.assert_series_equal(found[name], moments, check_names=False)
    assert found[LABELS].tolist() == wanted[LABELS].tolist()
    assert found[DISPUTED].tolist() == wanted[DISPUTED].tolist()


NUMBERS = config(Source(path="a.csv"), Source(path="b.csv"))


@pytest.mark.parametrize("rows", PLACES)
@pytest.mark.parametrize("labels", PLACES)
def test_a_row_has_the_newest_label_that_was_known(keep: Keep, tmp_path: Path, rows: str, labels: str) -> None:
    """Whatever keeps rows and labels, a row gets what a join manually gets: no later and no disputed label."""
    table, outcomes = made_rows(), made_labels()
    made = config(keep(rows, table, "rows"), keep(labels, outcomes, "labels"))
    for now in (NOW, datetime(2026, 1, 3, 7, tzinfo=UTC)):
        same(joined(made, tmp_path, now), expected(table, outcomes, now))


@pytest.mark.parametrize("place", LOADERS)
def test_rows_and_labels_of_one_database(
    place: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two tables of one database are joined there, with the same result."""
    table, outcomes = made_rows(), made_labels()

    def server() -> Postgres:
        made: Postgres = request.getfixturevalue("postgres")
        monkeypatch.setenv("SHOP_PASSWORD", made.password)
        return made

    source = LOADERS[place](tmp_path, outcomes, server)
    url = str(source.url)
    if place == "postgres":
        import psycopg

        with psycopg.connect(url.replace("${SHOP_PASSWORD}", server().password), autocommit=True) as con:
            con.execute("ALTER TABLE trips RENAME TO outcomes")
            con.execute("CREATE TABLE trips (order_id bigint, ts timestamp, fare float8)")
            for row in table.to_pylist():
                con.execute("INSERT INTO trips VALUES (%s, %s, %s)", tuple(row.values()))
    elif place == "duckdb":
        import duckdb

        with duckdb.connect(str(tmp_path / "rows.duckdb")) as opened:
            opened.execute("ALTER TABLE trips RENAME TO outcomes")
            opened.register("given", table)
            opened.execute("CREATE TABLE trips AS SELECT * FROM given")
    else:
        import sqlite3

        with sqlite3.connect(tmp_path / "rows.db") as opened_file:
            opened_file.execute("ALTER TABLE trips RENAME TO outcomes")
        LOADERS[place](tmp_path, table, server)
    made = config(Source(url=url, table="trips"), Source(url=url, table="outcomes"))
    same(joined(made, tmp_path), expected(table, outcomes, NOW))
    counts = count_labels(
        made.source, made.reading, datetime(2026, 1, 1, tzinfo=UTC), NOW, datetime(2026, 1, 20, tzinfo=UTC), tmp_path
    )
    assert (counts.keyless, counts.future, counts.rowless) == (1, future(outcomes), alone(table, outcomes))


@pytest.mark.parametrize("labels", PLACES)
@pytest.mark.parametrize("rows", ["csv", "postgres"])
def test_labels_without_a_time_count_at_any_moment(keep: Keep, tmp_path: Path, rows: str, labels: str) -> None:
    """Without a time all labels are known; of two that differ none counts, of two that are alike the label does."""
    outcomes = pa.table({"order": [0, 3, 6, 6, 9, 9], "outcome": [1.0, 2.0, 3.0, 3.0, 4.0, 5.0]})
    made = config(keep(rows, made_rows(), "rows"), keep(labels, outcomes, "labels"), time=None)
    found = joined(made, tmp_path).iloc[:4]
    assert conform(found[["ts", "fare", "y"]].assign(order_id=""), NUMBERS)[0]["y"].tolist()[:3] == [1.0, 2.0, 3.0]
    assert found[LABELS].tolist() == [1, 1, 2, 2]
    assert found[DISPUTED].tolist() == [False, False, False, True]
    assert found[KNOWN].isna().all()


@pytest.mark.parametrize("rows", PLACES)
@pytest.mark.parametrize("labels", PLACES)
def test_keys_of_text_are_compared_as_they_are_spelled(keep: Keep, tmp_path: Path, rows: str, labels: str) -> None:
    """007 and 7 are two names, in text files as in tables of text."""
    table = made_rows([f"00{at}" if at % 2 else f"ä {at}" for at in range(80)])
    outcomes = pa.table({"order": ["ä 0", "001", "2", "1", "ä 4"], "outcome": [1.0, 2.0, 3.0, 4.0, 5.0]})
    made = config(keep(rows, table, "rows"), keep(labels, outcomes, "labels"), time=None)
    found, _ = conform(joined(made, tmp_path)[["ts", "fare", "y"]].assign(order_id=""), NUMBERS)
    assert found["y"].dropna().tolist() == [1.0, 2.0, 5.0]


@pytest.mark.parametrize("rows", ["csv", "sqlite"])
@pytest.mark.parametrize("labels", ["parquet", "duckdb", "postgres"])
def test_text_of_a_file_is_read_as_the_number_that_it_is_compared_with(
    keep: Keep, tmp_path: Path, rows: str, labels: str
) -> None:
    """17.0 of a text file finds the label of 17 in a column of whole numbers, as pandas writes numbers with gaps."""
    table = made_rows(["0.0", "3", " 6", "09", "x", "15.5", *map(str, range(100, 174))])
    outcomes = pa.table({"order": [0, 3, 6, 9, 15], "outcome": [1.0, 2.0, 3.0, 4.0, 5.0]})
    made = config(keep(rows, table, "rows"), keep(labels, outcomes, "labels"), time=None)
    found, _ = conform(joined(made, tmp_path)[["ts", "fare", "y"]].assign(order_id=""), NUMBERS)
    assert found["y"].dropna().tolist() == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("labels", ["csv", "parquet", "sqlite", "postgres"])
@pytest.mark.parametrize("rows", ["parquet", "postgres"])
def test_a_key_of_several_columns(keep: Keep, tmp_path: Path, rows: str, labels: str) -> None:
    """Rows may be known by several columns, the time and a feature among them."""
    outcomes = pa.table(
        {
            "at": pa.array([START, START + timedelta(hours=3), START], pa.timestamp("us")),
            "order": [0, 3, 3],
            "value": [0.0, 1.0, 0.0],
            "outcome": [7.0, 8.0, 9.0],
        }
    )
    made = config(
        keep(rows, made_rows(), "rows"),
        keep(labels, outcomes, "labels"),
        columns={"id": ["ts", "order_id", "fare"]},
        key=["at", "order", "value"],
        time=None,
    )
    found, _ = conform(joined(made, tmp_path)[["ts", "fare", "y"]].assign(order_id=""), NUMBERS)
    assert found["y"].dropna().tolist() == [7.0, 8.0]


@pytest.mark.parametrize("rows", ["parquet", "postgres"])
@pytest.mark.parametrize("labels", ["duckdb", "postgres"])
def test_keys_of_different_types_are_refused(keep: Keep, tmp_path: Path, rows: str, labels: str) -> None:
    """Numbers never equal text: the error names both columns, both tables, and what to do."""
    made = config(keep(rows, made_rows(), "rows"), keep(labels, made_labels(str), "labels"))
    with pytest.raises(KeysDiffer) as caught:
        joined(made, tmp_path)
    assert "'order_id' holds whole numbers" in str(caught.value)
    assert "'order' holds text" in str(caught.value)
    assert "CAST" in caught.value.remedy


def test_a_table_of_labels_that_lacks_a_column_or_is_not_there(keep: Keep, tmp_path: Path) -> None:
    """A misspelt key is named with what there is; a missing file with the key of the config that names it."""
    rows, labels = keep("parquet", made_rows(), "rows"), keep("csv", made_labels(), "labels")
    with pytest.raises(MissingLabelColumns, match="no column 'ordr'"):
        joined(config(rows, labels, key=["ordr"]), tmp_path)
    with pytest.raises(SourceMissing) as caught:
        joined(config(rows, Source(path="nowhere.csv")), tmp_path)
    assert "labels.path" in caught.value.remedy


def test_classes_and_words_that_are_no_number(keep: Keep, tmp_path: Path) -> None:
    """Labels of classes keep their spelling, and text among numbers is shown as it is."""
    outcomes = pa.table({"order": [0, 3, 6], "outcome": ["01", "true", "n"]})
    rows, labels = keep("parquet", made_rows(), "rows"), keep("csv", outcomes, "labels")
    made = config(rows, labels, time=None)
    assert joined(made, tmp_path)["y"].tolist()[1:3] == ["true", "n"]
    classes = Monitored.model_validate(made.model_dump() | {"task": "multiclass"})
    assert joined(classes, tmp_path)["y"].tolist()[:3] == ["01", "true", "n"]


def test_numbers_without_a_gap_may_be_disputed(keep: Keep, tmp_path: Path) -> None:
    """Where every row has a label, its numbers are Arrow's own memory: a disputed one is missing all the same."""
    outcomes = pa.table({"order": [*range(80), 3], "outcome": [*map(float, range(80)), 99.0]})
    made = config(keep("parquet", made_rows([*range(80)]), "rows"), keep("parquet", outcomes, "labels"), time=None)
    with stream_rows(made.source, made.reading, SPAN, tmp_path, 1000, NOW) as stream:
        (frame,) = stream.frames
    assert frame["y"].isna().tolist() == [at == 3 for at in range(80)]


@pytest.mark.parametrize("together", [False, True])
def test_exact_numbers_are_keys(
    together: bool, tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A numeric of PostgreSQL equals a whole number, beyond 2^53 to the last digit, joined there or by DuckDB."""
    import psycopg

    far = 2**60
    place = postgres.place()
    monkeypatch.setenv("SHOP_PASSWORD", postgres.password)
    with psycopg.connect(postgres.url(place), autocommit=True) as con:
        con.execute('CREATE TABLE outcomes ("order" numeric, outcome float8)')
        con.execute(f"INSERT INTO outcomes VALUES (0, 1), ({far}, 2), ({far + 1}, 3)")
        con.execute("CREATE TABLE trips (order_id bigint, ts timestamp, fare float8)")
        con.execute(
            f"INSERT INTO trips VALUES (0, '2026-01-01', 0), ({far + 1}, '2026-01-02', 1), (5, '2026-01-03', 2)"
        )
    table = pa.table(
        {"order_id": [0, far + 1, 5], "ts": [START + timedelta(days=at) for at in range(3)], "fare": [0.0] * 3}
    )
    url = postgres.url(place, password="${SHOP_PASSWORD}")
    WRITERS["parquet"](tmp_path / "rows.parquet", table)
    rows = Source(url=url, table="trips") if together else Source(path="rows.parquet")
    found = joined(config(rows, Source(url=url, table="outcomes"), time=None), tmp_path)
    assert found["y"].fillna(-1.0).tolist() == [1.0, 3.0, -1.0]
