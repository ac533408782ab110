"""What is old is removed, and nothing that a version, an open request or the next check needs."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
from click.testing import CliRunner

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.cli import main
from driftloop.pipelines.config.project import load
from driftloop.pipelines.predictions import prediction_log
from driftloop.pipelines.registry import evidence
from driftloop.pipelines.requests.pruning import needed_from, prune, prune_daily
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.streams import day

Trained = Callable[..., Model]
OLD = timedelta(days=400).total_seconds()


def age(file: Path) -> Path:
    """Make a file 400 days old."""
    os.utime(file, (time.time() - OLD, time.time() - OLD))
    return file


def test_old_files_and_runs_go_and_the_next_check_works(trained: Trained) -> None:
    """Reports but the newest, cached results, runs of checks and probes; a dry run removes nothing."""
    made = trained()
    checks = [made.check(day(28)), made.check(day(35))]
    assert all(check.outcome is Outcome.STEADY for check in checks)
    project, client = load(made.file), registry.client()
    reports = [age(Path(str(check.report))) for check in checks]
    foreign = home.reports(made.name) / "notes.html"
    foreign.write_text("of a user")
    age(foreign)
    results = [
        age(file) for file in (home.home() / "prefect" / "storage").iterdir() if file.name.startswith("driftloop-")
    ]
    assert results
    champion = registry.champion(made.name)
    begun = time.time() - OLD
    old = [
        evidence.open_run(made.name, kind, tags={"driftloop.kind": kind}, started=begun)
        for kind in ("check", "probe", "training")
    ]
    for run in old:
        evidence.close_run(run)

    shown = CliRunner().invoke(main, ["prune", str(made.file), "--dry-run", "--json"])
    planned = json.loads(shown.output)["removed"]
    assert all(file.is_file() for file in (*reports, *results, foreign))
    with closing(Ledger(home.ledger_url())) as ledger:
        with ledger.holding(f"prune/{made.name}", waiting=None):
            removed = prune([project], ledger)
            assert "run" not in {one.kind for one in removed}, "another process removes them now"
        removed += prune([project], ledger)
        assert prune([project], ledger) == []
    assert [one.name for one in removed] == [one["name"] for one in planned]
    assert not reports[0].exists()
    assert reports[1].is_file()
    assert foreign.is_file()
    assert not any(file.exists() for file in results)
    known = {run.info.run_id for run in client.search_runs([registry.experiment(made.name)])}
    assert known.isdisjoint(old[:2])
    assert {old[2], champion.run_id, checks[0].mlflow_run_id} <= known
    assert made.check(day(42)).outcome is Outcome.STEADY


def test_runs_that_led_to_a_version_stay(trained: Trained) -> None:
    """The check that trained the champion and its training run, although `runs` is a microsecond."""
    made = trained()
    made.given(retention__runs="0.000001s")
    champion = registry.champion(made.name)
    training = registry.client().get_run(str(champion.run_id))
    with closing(Ledger(home.ledger_url())) as ledger:
        prune([load(made.file)], ledger)
    left = {run.info.run_id for run in registry.client().search_runs([registry.experiment(made.name)])}
    assert {str(champion.run_id), training.data.tags["mlflow.parentRunId"]} <= left
    registry.scorer(champion, load(made.file).training)


def test_a_model_is_pruned_once_per_day(trained: Trained) -> None:
    """The next check on the same day looks at nothing."""
    made = trained()
    stamp = home.home() / "pruned" / made.name
    assert stamp.is_file()
    folder = home.reports(made.name)
    folder.mkdir(parents=True, exist_ok=True)
    old, newest = (folder / f"{year}0101T0000_0123456789abcdef.html" for year in (2020, 2021))
    for file in (old, newest):
        file.write_text("old")
        age(file)
    with closing(Ledger(home.ledger_url())) as ledger:
        assert prune_daily(load(made.file), ledger) == []
        assert old.is_file()
        age(stamp)
        prune_daily(load(made.file), ledger)
    assert time.time() - stamp.stat().st_mtime < 3600
    assert not old.is_file()
    newest.unlink(missing_ok=True)


def test_old_predictions_go_once_nothing_needs_them(trained: Trained) -> None:
    """Rows before the reference of the champion; newer ones, files of a user, and those of no readable time stay."""
    made = trained()
    project = load(made.file)
    champion, folder = registry.champion(made.name), prediction_log.folder(load(made.file))
    start = registry.reference(champion).window.start

    def line(name: str, moment: datetime) -> Path:
        times = pd.DataFrame({"time": pd.to_datetime([moment], utc=True).as_unit("us"), "prediction": [1.0]})
        times.to_parquet(folder / name)
        return age(folder / name)

    folder.mkdir(parents=True, exist_ok=True)
    before, second = start - timedelta(seconds=1), "20250101T000000_20250108T000000_v1_0123456789ab.parquet"
    gone = [line("answers_20250101_v1_01234567_001.parquet", before), line(second, before)]
    kept = [line("answers_20250101_v1_01234567_002.parquet", start), line("mine.parquet", before)]
    kept.append(age(line("answers_20250101_v1_01234567_003.parquet", before)))
    kept[-1].write_bytes(b"not parquet")
    age(kept[-1])
    shown = CliRunner().invoke(main, ["prune", str(made.file), "--dry-run", "--json"])
    planned = {item["name"] for item in json.loads(shown.output)["removed"] if item["kind"] == "prediction"}
    assert all(file.is_file() for file in (*gone, *kept))
    with closing(Ledger(home.ledger_url())) as ledger:
        assert needed_from(project, ledger) == start
        removed = {removal.name for removal in prune([project], ledger) if removal.kind == "prediction"}
        assert needed_from(project.model_copy(update={"model": "never_checked"}), ledger) is None
    assert removed == planned
    assert {Path(name).name for name in removed} == {file.name for file in gone}
    assert not any(file.exists() for file in gone)
    assert all(file.is_file() for file in kept)
