"""Story of a check whose rows a real cluster reads and scores: the verdict of this process, and why it is not used."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prefect.settings import PREFECT_TASKS_REFRESH_CACHE, temporary_settings

from driftloop.monitoring.errors import EngineUnavailable
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Outcome, Window
from driftloop.monitoring.sources import shards
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.engines import Engine
from driftloop.pipelines.flows.dividing import divided, trained_by
from driftloop.pipelines.predictions import prediction_log
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.divided import EVERYTHING, champion_of_parts, differences, judged, trained_alike
from tests.servers.dask import DaskCluster
from tests.servers.ports import free_port
from tests.streams import day, stream


@pytest.fixture(scope="module")
def made(prefect: None, tmp_path_factory: pytest.TempPathFactory) -> Model:
    return champion_of_parts(tmp_path_factory.mktemp("divided"))


def test_a_check_on_the_cluster_is_that_of_this_process(
    cluster: DaskCluster, made: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Findings, scores, loss, metrics, slices, votes and decision are equal; the same rows are not checked again."""
    monkeypatch.setattr(shards, "SHARD", 20_000)
    with temporary_settings({PREFECT_TASKS_REFRESH_CACHE: True}):  # equal rows have equal keys
        here = made.given().check(day(28), dry_run=True)
        made.given(engine={"dask": cluster.address})
        there = made.check(day(28), dry_run=True)
    assert there.counting is not None
    assert there.counting.sentence().startswith(f"by dask at {cluster.address}, 21 files in ")
    assert here.counting is None
    assert list(differences(judged(there), judged(here))) == []
    assert (here.cached, there.cached) == (False, False)
    assert there.decision == "retrain"
    assert there.performance is not None
    del made.changes["engine"]
    final = made.given().check(day(28))
    assert final.outcome in (Outcome.PROMOTED, Outcome.REJECTED)
    again = made.given(engine={"dask": cluster.address}).check(day(28))
    assert again.outcome is Outcome.ALREADY_CHECKED, again.reason


def test_a_cluster_that_is_gone_fails_the_check_and_not_the_next_one(made: Model) -> None:
    """The check is recorded as failed, with the reason; without the engine the same rows are checked."""
    nowhere = f"tcp://127.0.0.1:{free_port()}"
    made.given(engine={"dask": nowhere, "timeout": "1s"})
    with pytest.raises(EngineUnavailable, match="does not answer within 1 s"):
        made.check(day(35))
    with closing(Ledger(home.ledger_url())) as ledger:
        (newest,) = ledger.checks(made.name, most=1)
    assert newest.outcome is Outcome.FAILED
    assert "does not answer" in newest.reason
    del made.changes["engine"]
    assert made.given().check(day(35)).outcome is not Outcome.FAILED


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"source": {"url": "sqlite:///rows.db", "table": "t"}}, "no files to divide"),
        ({"source": {"path": "parts/*.csv", "encoding": "cp1252"}}, "converted from cp1252"),
        ({"labels": {"path": "l.parquet", "key": ["w"]}, "columns__id": ["w"]}, "labels are joined by id"),
        ({"drift__reference": {"same_period": "1y"}}, "rows of an earlier period"),
        ({"training__estimator": "mine:fit"}, "custom code of 'mine'"),
        ({"performance": {"loss": "mine:cost"}}, "custom code of 'mine'"),
    ],
)
def test_what_workers_cannot_reach_is_read_here_with_the_reason(
    changes: dict[str, Any], reason: str, made: Model
) -> None:
    other = Model(made.folder.parent / "other")
    settings = {**EVERYTHING, **changes, "engine": {"dask": "tcp://127.0.0.1:1"}}
    if "labels" in changes:
        settings.pop("columns__weight")
    project = load(other.given(**settings).file)
    assert project.engine is not None
    found = divided(project, project.engine, registry.champion(made.name), Window(start=day(21), end=day(28)))
    assert isinstance(found, str)
    assert reason in found


def test_a_cluster_trains_the_first_champion_and_the_next(
    cluster: DaskCluster, made: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check and a retrain train in the workers: the same rows and verdict as here, the loss within noise."""
    monkeypatch.setattr(shards, "SHARD", 20_000)
    trained_alike(Model(tmp_path), made, {"dask": cluster.address}, f"dask at {cluster.address}")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"training__window": "choose"}, "training.window: choose"),
        ({"training__estimator": "linear", "training__params": {}}, "linear learns from rows in the memory"),
        ({"training__params": {"tree_method": "exact"}}, "xgboost with tree_method exact"),
        ({"training__params": {"booster": "gblinear"}}, "xgboost with booster gblinear"),
        ({"training__estimator": "linear", "training__params": {}, "training__max_rows": 1000}, None),
        ({}, None),
    ],
)
def test_what_workers_cannot_train_is_trained_here_with_the_reason(
    changes: dict[str, Any], reason: str | None, made: Model
) -> None:
    other = Model(made.folder.parent / "trained")
    found = trained_by(load(other.given(**{**EVERYTHING, **changes, "engine": {"dask": "tcp://127.0.0.1:1"}}).file))
    assert isinstance(found, Engine) if reason is None else reason in str(found)


def test_logged_predictions_keep_a_check_here(made: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    project = load(made.given(engine={"dask": "tcp://127.0.0.1:1"}).file)
    assert project.engine is not None
    champion, span = registry.champion(made.name), Window(start=day(21), end=day(28))
    assert isinstance(divided(project, project.engine, champion, span), Engine)
    rows = stream(42).iloc[2600:2610].reset_index(drop=True)
    prediction_log.append(project, champion, span, rows, np.zeros(len(rows)), ())
    assert "in the prediction log" in str(divided(project, project.engine, champion, span))
