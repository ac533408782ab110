"""Labels in a table of their own, through the whole loop: late, corrected, missing, and in another engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import psycopg
import pytest

from driftloop.monitoring.records import Check, Outcome
from tests.servers.postgres import Postgres
from tests.streams import day, stream

Make = Callable[..., Any]
DELAY = timedelta(days=3)
COLUMNS: dict[str, Any] = {"columns__id": ["order_id"], "columns__label_delay": "3d"}
NAMES = {"key": ["order"], "time": "known_at", "target": "outcome"}
FAST = {"training__params": {"n_estimators": 10}, "policies__triggers": [{"policy": "never"}]}


def apart(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows with an id, and their labels, each three days late to the second."""
    frame = frame.assign(order_id=[f"A{at:06}" for at in range(len(frame))])
    labels = pd.DataFrame({"order": frame["order_id"], "known_at": frame["ts"] + DELAY, "outcome": frame["y"]})
    return frame.drop(columns="y"), labels


def keep_csv(folder: Path, rows: pd.DataFrame, labels: pd.DataFrame, server: object = None) -> dict[str, Any]:
    rows.to_csv(folder / "rows.csv", index=False)
    labels.to_csv(folder / "labels.csv", index=False)
    return {"source": {"path": "rows.csv"}, "labels": {"path": "labels.csv", **NAMES}}


def keep_duckdb(
    folder: Path, rows: pd.DataFrame, labels: pd.DataFrame, server: Callable[[], Postgres]
) -> dict[str, Any]:
    with duckdb.connect(str(folder / "shop.duckdb")) as con:
        for name, frame in (("orders", rows), ("outcomes", labels)):
            con.register("given", frame)
            con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM given")
    url = "duckdb:///shop.duckdb"
    return {"source": {"url": url, "table": "orders"}, "labels": {"url": url, "table": "outcomes", **NAMES}}


def keep_postgres(
    folder: Path, rows: pd.DataFrame, labels: pd.DataFrame, server: Callable[[], Postgres]
) -> dict[str, Any]:
    place = server().place()
    with psycopg.connect(server().url(place), autocommit=True) as con:
        con.execute("CREATE TABLE orders (ts timestamptz, amount float8, speed float8, city text, kind text, id text)")
        con.execute('CREATE TABLE outcomes ("order" text, known_at timestamptz, outcome float8)')
        for table, frame in (("orders", rows), ("outcomes", labels)):
            with con.cursor().copy(f"COPY {table} FROM STDIN (FORMAT csv)") as copy:
                copy.write(frame.to_csv(index=False, header=False))
        con.execute("ALTER TABLE orders RENAME id TO order_id")
    url = server().url(place, password="${SHOP_PASSWORD}")
    return {"source": {"url": url, "table": "orders"}, "labels": {"url": url, "table": "outcomes", **NAMES}}


def keep_mixed(
    folder: Path, rows: pd.DataFrame, labels: pd.DataFrame, server: Callable[[], Postgres]
) -> dict[str, Any]:
    """Rows in a file, labels on a server."""
    rows.to_parquet(folder / "rows.parquet", index=False)
    made = keep_postgres(folder, rows.iloc[:0], labels, server)
    return {**made, "source": {"path": "rows.parquet"}}


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Postgres]:
    def made() -> Postgres:
        found: Postgres = request.getfixturevalue("postgres")
        monkeypatch.setenv("SHOP_PASSWORD", found.password)
        return found

    return made


def codes(check: Check) -> dict[str, float | None]:
    return {one.code: one.observed for one in check.findings}


@pytest.mark.parametrize("keep", [keep_csv, keep_duckdb, keep_postgres, keep_mixed])
def test_a_model_learns_from_labels_apart(
    model: Make, tmp_path: Path, server: Callable[[], Postgres], keep: Callable[..., dict[str, Any]]
) -> None:
    """The first champion is trained on joined labels, and the loss is measured on the rows whose labels are due."""
    rows, labels = apart(stream(35))
    made = model(**FAST)
    place = keep(made.folder, rows, labels, server)
    made.given(**COLUMNS, **place)
    first = made.check(day(28))
    assert first.outcome is Outcome.BOOTSTRAPPED, first.reason
    check = made.check(day(35))
    assert check.outcome is Outcome.STEADY, check.reason
    assert check.performance is not None
    assert (check.performance.window.start, check.performance.window.end) == (day(25), day(32))
    assert check.labels is not None
    assert (check.labels.coverage, check.labels.delay_median_days) == (1.0, pytest.approx(3.0))
    assert not {"label_without_row", "disputed_label", "unlabeled_rows"} & set(codes(check))
    in_place = made.given(labels=None)  # the champion is judged alike where the labels are in the rows
    joined = rows.merge(labels.rename(columns={"order": "order_id", "outcome": "y"}), on="order_id")
    joined.drop(columns="known_at").to_parquet(made.folder / "all.parquet", index=False)
    again = in_place.given(source={"path": "all.parquet"}).check(day(35), dry_run=True)
    assert again.performance is not None
    assert again.performance.loss == pytest.approx(check.performance.loss)


def test_late_labels_are_judged_again(model: Make) -> None:
    """A window that was checked before its labels came is judged again with them; the same labels are not."""
    rows, labels = apart(stream(35))
    made = model(**FAST)
    place = keep_csv(made.folder, rows, labels)
    made.given(**COLUMNS, **place)
    made.check(day(28))
    few = labels[labels["order"].str[-1] != "7"]  # a tenth comes later
    few.to_csv(made.folder / "labels.csv", index=False)
    before = made.check(day(35))
    assert before.outcome is Outcome.STEADY, before.reason
    assert codes(before)["unlabeled_rows"] == pytest.approx(0.1 * 7 * 120, abs=10)
    assert made.check(day(35)).outcome is Outcome.ALREADY_CHECKED
    labels.to_csv(made.folder / "labels.csv", index=False)
    after = made.check(day(35))
    assert after.outcome is Outcome.STEADY, after.reason
    assert after.performance is not None
    assert after.labels is not None
    assert after.labels.coverage == 1.0
    # A correction that is made later changes nothing today, and tomorrow it does.
    wrong = labels.assign(outcome=labels["outcome"] + 50, known_at=pd.Timestamp(day(35.5)))
    pd.concat([labels, wrong]).to_csv(made.folder / "labels.csv", index=False)
    assert made.check(day(35)).outcome is Outcome.ALREADY_CHECKED
    corrected = made.check(day(35.9))
    assert corrected.performance is not None
    assert corrected.performance.loss > after.performance.loss + 30


def test_what_is_wrong_with_labels_is_reported_with_numbers(model: Make) -> None:
    """Disputes, labels without a row or a key, labels of the future, rows without an id: one finding each."""
    rows, labels = apart(stream(35))
    made = model(**FAST)
    rows.loc[rows.index[-5:], "order_id"] = None
    rows.loc[rows.index[-7], "order_id"] = rows["order_id"].iloc[-8]
    more = pd.DataFrame(
        {
            "order": ["A003600", "X1", "X2", None, "A000001"],
            "known_at": [labels["known_at"][3600], day(33), day(33), day(33), day(40000)],
            "outcome": [1000.0] * 5,
        }
    )
    labels = labels[~labels["order"].between("A003500", "A003519")]
    place = keep_csv(made.folder, rows, pd.concat([labels, more]))
    made.given(**COLUMNS, **place)
    made.check(day(28))
    found = codes(made.check(day(35)))
    assert found["row_without_id"] == 5
    assert found["repeated_id"] == 2
    assert found["disputed_label"] == 1
    assert found["label_without_row"] == 2
    assert found["label_without_key"] == 1
    assert found["future_label"] == 1
    assert found["unlabeled_rows"] == 21
