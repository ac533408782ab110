"""Training by executors of Spark: the model of this process within noise, and deaths in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
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
from driftloop.pipelines.engines import spark_opening, spark_training
from driftloop.pipelines.engines.spark import Spark
from driftloop.pipelines.training.scorer import Scorer
from tests.boosted import FIXED, LONG, as_here, divided, fitted, parts_of, same_errors, same_model
from tests.conftest import Model
from tests.divided import champion_of_parts, trained_alike
from tests.servers.spark import MASTER, ROOT, SparkServer, fitting, needs_spark
from tests.weighted import SPAN

needs_spark()
pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("a_file_is_a_shard")]


def read(address: str, project: Project, seconds: float = 120) -> Fresh:
    engine = Spark(address, address, timedelta(seconds=seconds))
    return engine.read(Query(project, SPAN, project.folder))


@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_the_model_is_that_of_this_process(task: str, address: str, tmp_path: Path) -> None:
    """Parts, levels, classes, weights and the number of trees are equal, the loss within noise; so is a second fit."""
    same_model(task, partial(read, address), tmp_path / "rows")


def test_wrong_parameters_are_the_error_of_this_process(address: str, tmp_path: Path) -> None:
    """Also if one executor only has rows that xgboost refuses; the next model is trained."""
    same_errors(partial(read, address), tmp_path / "rows")


def test_as_many_tasks_as_start_together(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """More shards than executors have cores: fewer tasks, also where the parallelism is set too high."""
    engine = Spark(address, address, timedelta(seconds=120))
    engine.connect()
    assert spark_training.tasks_at_a_time(engine.session, 1) == 1
    monkeypatch.setattr(spark_training, "START", 15)
    settings = spark_opening.SESSIONS[address].conf
    settings.set("spark.sql.leafNodeDefaultParallelism", 5)
    try:
        assert spark_training.tasks_at_a_time(engine.session, 5) == 2
    finally:
        settings.unset("spark.sql.leafNodeDefaultParallelism")


def in_the_middle(root: int, fit: Callable[[], Any], strike: Callable[[], None], times: int = 1) -> Any:
    """Return the result of a fit, or its error, that is struck some times while it runs below a process."""
    found = list[Any]()

    def run() -> None:
        try:
            found.append(fit())
        except EngineUnavailable as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    for _ in range(times):
        while not (began := fitting(root)) and thread.is_alive():
            time.sleep(0.1)
        if not thread.is_alive():
            break
        time.sleep(0.5)
        with suppress(ProcessLookupError, IndexError):
            strike()
        while thread.is_alive() and set(began) & set(fitting(root)):
            time.sleep(0.1)
    thread.join()
    return found[0]


def test_a_death_in_the_middle_of_a_fit(address: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A Python of a task, or an executor, dies: the fit starts again, and ends."""
    project = divided(tmp_path / "rows", "regression")
    _, parts = parts_of(project, read(address, project))
    root, executors = os.getpid(), lambda: fitting(os.getpid())
    if address != MASTER:
        server: SparkServer = request.getfixturevalue("server")
        assert server.process is not None
        root, executors = server.process.pid, server.executors
    made = in_the_middle(root, lambda: fitted(project, parts, **LONG), lambda: os.kill(executors()[0], signal.SIGKILL))
    assert isinstance(made, Scorer)
    as_here(project, parts, made, LONG)


def test_a_fit_that_dies_each_time_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the third time; the next training works."""
    monkeypatch.setenv("PYTHONPATH", ROOT)
    project = divided(tmp_path / "rows", "regression")
    _, parts = parts_of(project, read(MASTER, project))

    def strike() -> None:
        os.kill(fitting(os.getpid())[0], signal.SIGKILL)

    endless = {**LONG, "n_estimators": 100_000}
    gone = in_the_middle(os.getpid(), lambda: fitted(project, parts, **endless), strike, times=9)
    assert isinstance(gone, EngineUnavailable)
    assert "a worker died in each of 3 fits, the last time: Python worker exited unexpectedly" in gone.found
    assert "find why" in gone.remedy
    assert fitted(project, parts, **FIXED).recipe is not None


def test_a_cluster_trains_the_first_champion_and_the_next(
    server: SparkServer, prefect: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check and a retrain train in the executors: the same rows and verdict as here, the loss within noise."""
    (tmp_path / "here").mkdir()
    here = champion_of_parts(tmp_path / "here")
    monkeypatch.setattr(shards, "SHARD", 20_000)
    engine = {"spark": server.address, "timeout": "120s"}
    trained_alike(Model(tmp_path / "there"), here, engine, f"spark at {server.address}")


DRIVER = """
import sys
from pathlib import Path
from driftloop.monitoring.sources import shards
from driftloop.pipelines.config.project import load
from tests import boosted
from tests.pipelines.engines import test_spark_training as tests
shards.SHARD = 1
project = load(Path(sys.argv[2]))
_, parts = boosted.parts_of(project, tests.read(sys.argv[1], project))
boosted.fitted(project, parts, n_estimators=100_000, early_stopping_rounds=None)
"""


def test_a_driver_that_is_killed_blocks_no_other(address: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Its tasks end, and the next driver trains with all executors."""
    project = divided(tmp_path / "rows", "regression")
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, address, str(project.file)], cwd=ROOT)
    root = driver.pid
    if address != MASTER:
        server: SparkServer = request.getfixturevalue("server")
        assert server.process is not None
        root = server.process.pid
    while not (tasks := fitting(root)):
        assert driver.poll() is None
        time.sleep(0.1)
    time.sleep(1)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    while any(Path(f"/proc/{task}").exists() for task in tasks):
        time.sleep(0.1)
    _, parts = parts_of(project, read(address, project))
    assert fitted(project, parts, **FIXED).recipe is not None
