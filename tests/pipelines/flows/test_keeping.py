"""Models of the history that a backtest keeps: stored as versions, compared by checks, brought back, and pruned."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from typing import Any

from click.testing import CliRunner

from driftloop.monitoring.ledger import Kind, Ledger
from driftloop.monitoring.records import Outcome
from driftloop.monitoring.windows import inside
from driftloop.pipelines import registry
from driftloop.pipelines.backtest.history import Ranked
from driftloop.pipelines.cli import main
from driftloop.pipelines.config.project import load
from driftloop.pipelines.flows.keeping import keeping_flow
from driftloop.pipelines.registry.archive import archived
from driftloop.pipelines.requests.pruning import prune
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.scenarios.test_archive import returning
from tests.streams import day, flow_config

Make = Callable[..., Model]


def kept(made: Model, *more: str) -> dict[str, Any]:
    """Run a backtest of the first 42 days that keeps models; return its JSON."""
    line = ["backtest", str(made.file), "--now", f"{day(42):%Y-%m-%d}", "--policies", "config", "--keep-models"]
    run = CliRunner().invoke(main, [*line, "--json", *more], catch_exceptions=False)
    assert run.exit_code == 0, run.output
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_a_model_of_the_history_serves_when_its_data_returns(model: Make) -> None:
    """The champion learned the changed relation only; a backtest has models of the time before, which fit again."""
    spans = {"training__window": "10d", "training__holdout": "2d", "training__params": {"n_estimators": 20}}
    calm = {"policies__triggers": [{"policy": "max_age", "max_age_days": 90}], "promotion": {"watch": 0}}
    made = model(returning(), windows__current="3d", archive__keep=2, **spans, **calm)
    assert made.check(day(42)).outcome is Outcome.BOOTSTRAPPED
    study = kept(made)
    models = [one for one in study["kept_models"] if one["rank"]]
    assert [one["rank"] for one in models] == [1, 2]
    assert [one["version"] for one in models] == ["2", "3"]
    versions = {one.number: one for one in registry.versions(made.name)}
    assert made.champion() == "1", "they have no alias"
    assert registry.aliased(made.name, registry.PREVIOUS) is None
    for version in (versions[one["version"]] for one in models):
        registry.verify(version)
        assert registry.reference(version).loss > 0
        assert registry.scorer(version, load(made.file).training)
        (learned,) = version.trained_on
        assert learned.end <= day(42)
    with closing(Ledger(home.ledger_url())) as ledger:
        shelf = archived(ledger, versions["1"], 1)
        assert [version.number for version in shelf] == ["2"], "archive.keep in all, by rank"
        assert ledger.history(made.name, day(43)).retrains == (), "nothing that they are stored for counts as a retrain"

    check = made.check(day(45))
    assert (check.outcome, check.champion) == (Outcome.SWITCHED_BACK, "1"), check.reason
    assert check.archive is not None
    assert {score.version for score in check.archive.scores} == {"1", "2", "3"}
    newest = max(version.newest_learned for version in versions.values())
    assert check.archive.window.start >= newest, "no model is judged on rows that one has learned from"
    serves = registry.champion(made.name)
    assert serves.number == check.champion_after
    assert serves.newest_row <= day(21), "it learned from the time before the change"
    assert not inside(returning()["ts"][lambda times: times >= day(42)], serves.trained_on[0]).any()
    with closing(Ledger(home.ledger_url())) as ledger:
        (moved,) = ledger.events(made.name, kinds=(Kind.SWITCHED_BACK,))
    assert moved.payload["version"] == serves.number
    assert made.check(day(48)).champion == serves.number

    early = Ranked(end=day(1), batches=0, loss=None)
    again = keeping_flow(
        config=flow_config(made.file), ranked=(early, *(Ranked(**one) for one in study["history_models"])), now=day(48)
    )
    assert again[0].reason is not None
    assert "at least 200 are needed" in again[0].reason, "the next rank takes its place"
    assert [(one.version, one.rank, one.trained) for one in again[1:]] == [("2", 1, False), ("3", 2, False)]
    pruned_by_rank(made, serves.number)


def pruned_by_rank(made: Model, serves: str) -> None:
    """With fewer places the last ranks go, with their files; a version that has served stays."""
    made.given(archive__keep=1)
    files = {one.number: registry.folder(one) for one in registry.versions(made.name)}
    with closing(Ledger(home.ledger_url())) as ledger:
        planned = prune([load(made.file)], ledger, dry_run=True)
        assert len(registry.versions(made.name)) == 3
        assert prune([load(made.file)], ledger) == planned
    left = {one.number for one in registry.versions(made.name)}
    assert left == {"1", "2", serves}
    assert {one.name for one in planned} == {f"{made.name} version {number}" for number in {"3"} - {serves}}
    assert all(files[number].exists() == (number in left) for number in files)
