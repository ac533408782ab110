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
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.errors import EngineUnavailable
from driftloop.monitoring.sources import shards
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.engines.dask import Dask
from driftloop.pipelines.training.scorer import Scorer
from tests.boosted import FIXED, LONG, as_here, divided, fitted, parts_of, same_errors, same_model
from tests.servers.dask import DaskCluster
from tests.weighted import SPAN

BEGAN = re.compile(r"Task 000000 got rank 0")


@pytest.fixture(autouse=True)
def _a_file_is_a_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SHARD", 1)


def read(cluster: DaskCluster, project: Project, seconds: float = 60) -> Fresh:
    engine = Dask(cluster.address, cluster.address, timedelta(seconds=seconds))
    return engine.read(Query(project, SPAN, project.folder))


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_the_model_is_that_of_this_process(task: str, cluster: DaskCluster, tmp_path: Path) -> None:
    """Parts, levels, classes, weights and the number of trees are equal, the loss within noise; so is a second fit."""
    same_model(task, partial(read, cluster), tmp_path / "rows")


def test_wrong_parameters_are_the_error_of_this_process(cluster: DaskCluster, tmp_path: Path) -> None:
    """The message of xgboost comes from the workers, which train the next model as if nothing had been."""
    same_errors(partial(read, cluster), tmp_path / "rows")


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

    def kill(workers: list[Any]) -> None:
        for worker in workers:
            cluster.end(worker)

    try:
        made = in_the_middle(cluster, lambda: fitted(project, parts, **LONG), lambda: kill(cluster.workers[:1]))
        assert isinstance(made, Scorer)
        as_here(project, parts, made, LONG)
        gone = in_the_middle(cluster, lambda: fitted(project, parts, **LONG), lambda: kill(list(cluster.workers)))
        assert isinstance(gone, EngineUnavailable)
        assert "no worker is left, for 4 s" in str(gone)
    finally:
        cluster.whole()
    _, again = parts_of(project, read(cluster, project))
    assert fitted(project, again, **FIXED).recipe is not None


DRIVER = """
import sys
from pathlib import Path
from driftloop.monitoring.sources import shards
from driftloop.pipelines.config.project import load
from tests import boosted
from tests.pipelines.engines import test_dask_training as tests
shards.SHARD = 1
project = load(Path(sys.argv[2]))
cluster = type("At", (), {"address": sys.argv[1]})
_, parts = boosted.parts_of(project, tests.read(cluster, project))
boosted.fitted(project, parts, n_estimators=100_000, early_stopping_rounds=None)
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
    assert fitted(project, parts, **FIXED).recipe is not None
