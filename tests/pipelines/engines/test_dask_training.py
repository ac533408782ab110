"""Training in the workers of a real cluster: the model of this process within noise, and deaths in the middle."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import EngineUnavailable, EstimatorError
from driftloop.monitoring.sources import shards
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.data.fresh import Fresh, content_digest, read_fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.engines.dask import Dask
from driftloop.pipelines.training.capacity import Way
from driftloop.pipelines.training.large import SampledRows, large_parts, sample_sentence
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.steps import Parts, divide, learn, losses
from tests.servers.dask import DaskCluster
from tests.streams import write
from tests.weighted import SPAN, STOPS, rows

BEGAN = re.compile(r"Task 000000 got rank 0")


@pytest.fixture(autouse=True)
def _a_file_is_a_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SHARD", 1)


def divided(folder: Path, task: str, **params: Any) -> Project:
    """Weighted rows in five files; the levels of a category and the classes differ between them."""
    frame = rows(task)
    frame.loc[frame.index < 700, "city"] = "oslo"
    if task == "multiclass":
        frame.loc[frame.index < 500, "y"] = frame["y"].dropna().iloc[0]
    folder.mkdir(exist_ok=True)
    for number, part in enumerate(np.array_split(np.arange(len(frame)), 5)):
        frame.iloc[part].to_parquet(folder / f"{number}.parquet", index=False)
    given: dict[str, Any] = {"training__params": {**STOPS, **params}, "columns__weight": "w", "task": task}
    return load(write(folder, source={"path": "*.parquet"}, **given))


def read(cluster: DaskCluster, project: Project, seconds: float = 60) -> Fresh:
    engine = Dask(cluster.address, cluster.address, timedelta(seconds=seconds))
    return engine.read(Query(project, SPAN, project.folder))


def parts_of(project: Project, fresh: Fresh) -> tuple[SampledRows, Parts]:
    return large_parts(project, fresh, SPAN, Way.APART, project.folder / "cache")


def fitted(project: Project, parts: Parts, **params: Any) -> Scorer:
    return learn(project, parts.train, params, on_disk=parts.on_disk)


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_the_model_is_that_of_this_process(task: str, cluster: DaskCluster, tmp_path: Path) -> None:
    """Parts, levels, classes, weights and the number of trees are equal, the loss within noise; so is a second fit."""
    constraint = {"monotone_constraints": {"amount": 1}} if task == "regression" else {}
    project = divided(tmp_path / "rows", task, **constraint)
    here = read_fresh(Query(project, SPAN, project.folder)).frame
    expected = divide(project, here, SPAN)
    sampled, parts = parts_of(project, read(cluster, project))
    assert parts.whole_train is not None
    assert parts.whole_train.digest == content_digest(expected.train)
    pd.testing.assert_frame_equal(parts.holdout, expected.holdout.reset_index(drop=True))
    assert "training rows are learned from by the workers" in sample_sentence(parts, sampled, Way.APART, project)
    whole, made = learn(project, expected.train, {}), fitted(project, parts)
    assert (made.features, made.classes, made.recipe) == (whole.features, whole.classes, whole.recipe)
    assert "oslo" in made.features.levels["city"]
    known = sampled.learnable()
    second = learn(project, known.frame, {}, like=made, on_disk=known.on_disk)
    labeled = here[here["y"].notna()]
    again = learn(project, labeled, {}, like=whole)
    for own, other, judged in ((made, whole, expected.holdout), (second, again, labeled)):
        loss, local = (float(losses(project, scorer, judged).mean()) for scorer in (own, other))
        assert loss == pytest.approx(local, rel=0.05)
    if constraint:
        amounts = pd.concat([here.head(50).assign(amount=amount) for amount in np.linspace(0, 60, 7)])
        assert (np.diff(made.predict(amounts).reshape(7, 50), axis=0) >= 0).all()


def test_wrong_parameters_are_the_error_of_this_process(cluster: DaskCluster, tmp_path: Path) -> None:
    """The message of xgboost comes from the workers, which train the next model as if nothing had been."""
    project = divided(tmp_path / "rows", "regression")
    _, parts = parts_of(project, read(cluster, project))
    fixed = {"n_estimators": 5, "early_stopping_rounds": None}
    with pytest.raises(EstimatorError) as there:
        fitted(project, parts, **fixed, max_depth=-3)
    with pytest.raises(EstimatorError) as here:
        learn(project, parts.train, {**fixed, "max_depth": -3})
    assert str(there.value) == str(here.value)
    with pytest.raises(EstimatorError, match="needs all rows in memory"):
        fitted(project, parts, **fixed, tree_method="exact")
    assert fitted(project, parts, **fixed).recipe is not None


def began(cluster: DaskCluster) -> int:
    """How many fits began in the first worker of a group."""
    return len(BEGAN.findall((cluster.folder / "workers.log").read_text()))


def in_the_middle(cluster: DaskCluster, fit: Callable[[], Any], strike: Callable[[], None]) -> Any:
    """Return the result of a fit, or its error, that is struck while it runs."""
    before, found = began(cluster), list[Any]()

    def run() -> None:
        try:
            found.append(fit())
        except EngineUnavailable as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while began(cluster) == before:
        time.sleep(0.05)
    assert not found
    strike()
    thread.join()
    return found[0]


@pytest.mark.faults
def test_deaths_in_the_middle_of_a_fit(cluster: DaskCluster, tmp_path: Path) -> None:
    """One worker dies: the fit starts again and ends. All die: an error in time, and the next training works."""
    project = divided(tmp_path / "rows", "regression")
    _, parts = parts_of(project, read(cluster, project, seconds=4))
    long = {"n_estimators": 600, "early_stopping_rounds": None, "learning_rate": 0.01}

    def kill(workers: list[Any]) -> None:
        for worker in workers:
            cluster.end(worker)

    try:
        made = in_the_middle(cluster, lambda: fitted(project, parts, **long), lambda: kill(cluster.workers[:1]))
        assert isinstance(made, Scorer)
        local = learn(
            project, divide(project, read_fresh(Query(project, SPAN, project.folder)).frame, SPAN).train, long
        )
        loss, other = (float(losses(project, scorer, parts.holdout).mean()) for scorer in (made, local))
        assert loss == pytest.approx(other, rel=0.05)
        gone = in_the_middle(cluster, lambda: fitted(project, parts, **long), lambda: kill(list(cluster.workers)))
        assert isinstance(gone, EngineUnavailable)
        assert "no worker is left, for 4 s" in str(gone)
    finally:
        cluster.whole()
    _, again = parts_of(project, read(cluster, project))
    assert fitted(project, again, n_estimators=5, early_stopping_rounds=None).recipe is not None


DRIVER = """
import sys
from pathlib import Path
from driftloop.monitoring.sources import shards
from driftloop.pipelines.config.project import load
from tests.pipelines.engines import test_dask_training as tests
shards.SHARD = 1
project = load(Path(sys.argv[2]))
cluster = type("At", (), {"address": sys.argv[1]})
_, parts = tests.parts_of(project, tests.read(cluster, project))
tests.fitted(project, parts, n_estimators=100_000, early_stopping_rounds=None)
"""


@pytest.mark.faults
def test_a_driver_that_is_killed_blocks_no_other(cluster: DaskCluster, tmp_path: Path) -> None:
    """Its workers stop after a round, and the lock of the dead process ends: the next driver trains."""
    project = divided(tmp_path / "rows", "regression")
    before = began(cluster)
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, cluster.address, str(project.file)])
    while began(cluster) == before:
        assert driver.poll() is None
        time.sleep(0.1)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    _, parts = parts_of(project, read(cluster, project))
    assert fitted(project, parts, n_estimators=5, early_stopping_rounds=None).recipe is not None
