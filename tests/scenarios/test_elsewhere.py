"""A model elsewhere: its predictions are read from a table, judged, and a new version of it is followed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Check, Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.elsewhere import keep_duckdb, put, scored
from tests.servers.postgres import Postgres
from tests.streams import day, stream

Make = Callable[..., Model]


def keep_files(folder: Path, rows: pd.DataFrame, table: pd.DataFrame, server: object = None) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    rows.to_parquet(folder / "rows.parquet", index=False)
    table.to_csv(folder / "scored.csv", index=False)
    return {"source": {"path": "rows.parquet"}, "predictions": {"source": {"path": "scored.csv"}}}


def keep_postgres(
    folder: Path, rows: pd.DataFrame, table: pd.DataFrame, server: Callable[[], Postgres]
) -> dict[str, Any]:
    place = server().place()
    with psycopg.connect(server().url(place), autocommit=True) as con:
        con.execute(
            "CREATE TABLE orders (ts timestamptz, amount float8, speed float8, city text, kind text, y float8, "
            "order_id text)"
        )
        con.execute('CREATE TABLE scored ("order" text, scored_at timestamptz, model_version text, score float8)')
        for name, frame in (("orders", rows), ("scored", table)):
            with con.cursor().copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy:
                copy.write(frame.to_csv(index=False, header=False))
    url = server().url(place, password="${SHOP_PASSWORD}")
    return {"source": {"url": url, "table": "orders"}, "predictions": {"source": {"url": url, "table": "scored"}}}


def keep_mixed(folder: Path, rows: pd.DataFrame, table: pd.DataFrame, server: Callable[[], Postgres]) -> dict[str, Any]:
    """Rows in a file, predictions on a server."""
    made = keep_postgres(folder, rows.iloc[:0], table, server)
    folder.mkdir(parents=True, exist_ok=True)
    rows.to_parquet(folder / "rows.parquet", index=False)
    return {**made, "source": {"path": "rows.parquet"}}


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Postgres]:
    def made() -> Postgres:
        found: Postgres = request.getfixturevalue("postgres")
        monkeypatch.setenv("SHOP_PASSWORD", found.password)
        return found

    return made


def codes(check: Check) -> dict[str, str]:
    return {one.code: one.message for one in check.findings}


@pytest.mark.parametrize("keep", [keep_duckdb, keep_files, keep_postgres, keep_mixed])
def test_a_model_elsewhere_is_judged(
    model: Make, server: Callable[[], Postgres], keep: Callable[..., dict[str, Any]]
) -> None:
    """The first version has a reference of its own predictions; features, predictions and loss are judged by it."""
    rows, table = scored(stream(35, concept_shift_at=28))
    made = model()
    put(made, keep(made.folder, rows, table, server))
    first = made.check(day(28))
    assert first.outcome is Outcome.STEADY, first.reason
    assert (first.champion, first.scored_by, first.decision) == ("1", "7", "wait")
    assert first.performance is not None
    assert 0 <= first.window.rows - first.performance.rows <= 2  # the newest ones are scored after the check
    assert first.performance.loss == pytest.approx(first.performance.reference_loss, rel=0.2)
    assert {score.name for score in first.columns} == {"amount", "speed", "city", "kind", "y", "prediction"}
    assert first.estimated is not None
    assert "version_took_over" in codes(first)
    assert made.check(day(28)).outcome is Outcome.ALREADY_CHECKED
    worse = made.check(day(35))
    assert (worse.outcome, worse.decision) == (Outcome.NEEDED_ELSEWHERE, "retrain"), worse.reason
    assert worse.reason.startswith("retrain needed elsewhere (training: none); retrain: mae")
    assert worse.retrain is None
    assert [version.number for version in registry.versions(made.name)] == ["1"]


def test_a_new_version_becomes_the_champion(model: Make) -> None:
    """It waits until it has scored enough labeled rows, then it is promoted once, with a reference of its own."""
    rows, table = scored(stream(49), since=25)
    made = model()
    put(made, keep_duckdb(made.folder, rows, table))
    assert made.check(day(28)).scored_by == "7"  # four days of seven
    waits = made.check(day(32))
    assert (waits.champion, waits.scored_by) == ("1", "7")
    assert "it scored 0 rows from 2026-01-12 to 2026-01-26" in codes(waits)["version_pending"]
    assert waits.performance is None
    dry = made.check(day(39), dry_run=True)
    assert (dry.champion, "a dry run changes nothing" in codes(dry)["version_pending"]) == ("1", True)
    taken = made.check(day(39))
    assert (taken.champion, taken.champion_after, taken.scored_by, taken.outcome) == ("2", "2", "8", Outcome.STEADY)
    assert codes(taken)["version_took_over"].endswith("it is the champion, version 2, in place of version 1 ('7')")
    assert "version_took_over" not in codes(made.check(day(46)))
    with closing(Ledger(home.ledger_url())) as ledger:
        moves = [event.payload["version"] for event in ledger.events(made.name, kinds=(Kind.PROMOTED,))]
        history = ledger.history(made.name, day(60))
    assert moves == ["2", "1"]
    assert [retrain.promoted for retrain in history.retrains] == [True, True]
