"""A model elsewhere: its predictions are read from a table, judged, and a new version of it is followed."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pytest
from click.testing import CliRunner

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Check, Outcome
from driftloop.pipelines import registry, site
from driftloop.pipelines.cli import main
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.elsewhere import LATER, keep_duckdb, put, scored
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
    assert [retrain.promoted for retrain in history.retrains] == [True]  # the first version replaced none


def test_a_needed_retrain_is_shown_everywhere(model: Make) -> None:
    """By exit code and JSON, in the report, in status and on the site; actions that a model here has are refused."""
    rows, table = scored(stream(35, concept_shift_at=28))
    made = model()
    put(made, keep_duckdb(made.folder, rows, table))
    made.check(day(28))
    done = CliRunner().invoke(main, ["check", str(made.file), "--now", "2026-02-05", "--json"])
    result = json.loads(done.stdout)
    assert (done.exit_code, result["outcome"], result["decision"], result["scored_by"]) == (
        10,
        "needed_elsewhere",
        "retrain",
        "7",
    )
    assert "Retrain needed elsewhere" in Path(result["report"]).read_text("utf-8")
    shown = CliRunner().invoke(main, ["status", made.name]).stdout
    assert "1 (7)" in shown
    assert "retrain needed elsewhere (training: none)" in " ".join(shown.split())
    assert site.rewrite(made.name) is None
    assert any("Retrain needed elsewhere" in page.read_text("utf-8") for page in (home.home() / "site").rglob("*.html"))
    for words in (["retrain"], ["predict"], ["rollback"], ["backtest"], ["adopt", "models:/x/1"], ["promote", "1"]):
        refused = CliRunner().invoke(main, [words[0], str(made.file), *words[1:]])
        assert refused.exit_code == 2, refused.output
        assert f"so `driftloop {words[0]}` is not possible" in refused.output
    valid = CliRunner().invoke(main, ["validate", str(made.file), "--now", "2026-02-05"])
    assert valid.exit_code == 0, valid.output
    assert "rows of 2026-01-29 to 2026-02-05 have a prediction: '7'" in valid.output


PROBABILITIES: dict[str, dict[str, Any]] = {
    "binary": {"prediction": "p_yes"},
    "one class": {"prediction": {"no": "p_no"}},
    "two classes": {"prediction": {"no": "p_no", "yes": "p_yes"}},
    "label": {"prediction": None, "label": "answer"},
}


@pytest.mark.parametrize("kind", PROBABILITIES)
def test_classes_are_judged_by_what_the_table_has(model: Make, kind: str) -> None:
    """The same probabilities, in one column or in two, have the same loss; labels alone have the share of errors."""
    rows, table = scored(stream(28, task="binary"))
    p = 1 / (1 + np.exp(-(table.pop("score") - 21)))
    table = table.assign(p_yes=p, p_no=1 - p, answer=np.where(p > 0.5, "yes", "no"))
    made = model()
    place = keep_files(made.folder, rows, table)
    place["predictions"] |= PROBABILITIES[kind]
    loss = {"loss": "error_rate"} if kind == "label" else {"loss": "brier"}
    put(made, place, task="binary", performance=loss)
    check = made.check(day(28))
    assert check.outcome is Outcome.STEADY, check.reason
    assert check.performance is not None
    target = (rows["y"] == "yes").to_numpy()
    of_window = (rows["ts"] >= day(21)).to_numpy()
    lost = (p - target) ** 2 if kind != "label" else (p > 0.5) != target
    assert check.performance.loss == pytest.approx(lost[of_window].mean(), abs=0.002)


def test_what_is_wrong_with_predictions_is_found(model: Make) -> None:
    """Each with its number; the loss is measured on the rest. Policies that need a training say so."""
    rows, table = scored(stream(28))
    newest = table.index[rows["ts"] >= day(21)]
    table.loc[newest[:10], "score"] = np.inf
    table.loc[newest[10:20], "score"] = np.nan
    table.loc[newest[20:25], "order"] = [f"Z{at}" for at in range(5)]
    twice = table.loc[newest[30:33]].assign(score=0.0)
    future = table.loc[newest[40:44]].assign(scored_at=table["scored_at"].max() + 400 * 720 * LATER)
    table = pd.concat([table, twice, future], ignore_index=True)
    table.loc[len(table)] = [None, table["scored_at"].min(), "7", 1.0]
    made = model()
    triggers = [{"policy": "recoverable_loss"}, {"policy": "performance_drop"}]
    put(made, keep_duckdb(made.folder, rows, table), policies__triggers=triggers)
    check = made.check(day(28))
    found = codes(check)
    assert "10 of" in found["unusable_prediction"]
    assert found["row_without_prediction"].startswith(("15 of", "16 of", "17 of"))
    assert found["disputed_prediction"].startswith("3 rows")
    assert found["prediction_without_row"].startswith("5 of")
    assert found["prediction_without_id"].startswith("1 predictions")
    assert found["future_prediction"].startswith("4 predictions")
    assert check.performance is not None
    assert check.window.rows - check.performance.rows in {28, 29, 30}
    votes = {vote.policy: vote for vote in check.votes}
    assert votes["recoverable_loss"].vote == "not_applicable"
    assert "trained elsewhere" in votes["recoverable_loss"].reason


def test_ids_that_match_no_row_leave_no_champion(model: Make) -> None:
    """The check shows ids of both sides, and how to compare them."""
    rows, table = scored(stream(28))
    made = model()
    put(made, keep_duckdb(made.folder, rows, table.assign(order="X" + table["order"])))
    check = made.check(day(28))
    assert (check.outcome, check.champion) == (Outcome.TOO_FEW_ROWS, None)
    assert "has a prediction in scored" in check.reason
    assert "such as 'XA" in codes(check)["prediction_without_row"]
