"""Rows read and worked on by executors of Spark: equal to those of this process, refused or repeated on failure."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from prefect.settings import PREFECT_TASKS_REFRESH_CACHE, temporary_settings

from driftloop.monitoring.errors import EngineMisfit, EngineUnavailable, SourceUnreadable
from driftloop.monitoring.records import Outcome
from driftloop.monitoring.sources import shards
from driftloop.pipelines.data.fresh import Fresh, read_fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.engines import spark_opening, spark_session, versions
from driftloop.pipelines.engines.spark import Spark
from tests.divided import SOME, WHOLE, champion_of_parts, differences, divided, facts, judged, refused_alike
from tests.servers.spark import MASTER, ROOT, SparkServer, needs_spark
from tests.streams import day

needs_spark()
pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("a_file_is_a_shard")]


def engine(address: str, seconds: float = 120) -> Spark:
    return Spark(address, address, timedelta(seconds=seconds))


def read(address: str, project: Any, seconds: float = 120, **changes: Any) -> Fresh:
    return engine(address, seconds).read(Query(project, WHOLE, project.folder, **changes))


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_the_rows_are_those_of_this_process(
    ending: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where there are several jobs, and where another session of Spark is open in this process."""
    monkeypatch.setattr("driftloop.pipelines.engines.spark_rows.GROUP", 3)
    more: dict[str, Any] = {"columns__weight": "n", "columns__id": ["key"], "columns__filter": "n < 7"}
    project = divided(tmp_path / "rows", ending, **more)
    here = read_fresh(Query(project, WHOLE, project.folder, judged=SOME))
    there = read(address, project, judged=SOME)
    assert there.apart
    own, expected = facts(there), facts(here)
    assert own.pop("rules").__dict__ == expected.pop("rules").__dict__
    assert own == expected
    pd.testing.assert_frame_equal(there.frame, here.frame)
    assert [sum(there.map(len)), *there.before(WHOLE)[:2]] == [len(here), 0, next(iter(there.map(len)))]
    assert there.source == f"spark at {address}, 4 files in 4 shards"
    assert sum(engine(address).stream(Query(project, WHOLE, project.folder), len, 1000)) == len(here)


def test_what_a_source_lacks_is_the_error_of_this_process(address: str, tmp_path: Path) -> None:
    """A broken file and a missing column are the same error, read here or by executors."""
    refused_alike(tmp_path / "rows", lambda project: read(address, project))


def test_other_versions_are_refused(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names what the executor has and what to install."""
    project = divided(tmp_path / "rows", "parquet")
    own = versions.here()
    monkeypatch.setattr(spark_session, "here", lambda: {**own, "xgboost": "99.0"})
    with pytest.raises(EngineMisfit, match=rf"has xgboost {own['xgboost']}") as refused:
        read(address, project)
    assert "install xgboost==99.0 on the workers" in refused.value.remedy
    monkeypatch.undo()
    # An executor that starts later than the first look is compared when it reads.
    monkeypatch.setattr("driftloop.pipelines.engines.spark_rows.here", lambda: {**own, "numpy": "99.0"})
    monkeypatch.setattr(shards, "SHARD", 1)
    with pytest.raises(EngineMisfit, match=rf"has numpy {own['numpy']}"):
        read(address, project)


class Broken:
    """Work that fails in one of three ways."""

    def __init__(self, way: str) -> None:
        self.way = way

    def __call__(self, rows: pd.DataFrame) -> int:
        if self.way == "raises":
            raise ValueError("no such level: 'x'")
        if self.way == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)
        return 0


def test_work_that_fails_is_an_error(address: str, tmp_path: Path) -> None:
    """An error of the work is raised here; a Python that dies each time ends the check, and the next one works."""
    there = read(address, divided(tmp_path / "rows", "parquet"))
    with pytest.raises(ValueError, match="no such level: 'x'"):
        list(there.map(Broken("raises")))
    with pytest.raises(EngineUnavailable, match=r"Python worker exited unexpectedly \(crashed\)") as dead:
        list(there.map(Broken("dies")))
    assert "\n" not in dead.value.found
    assert sum(there.map(len)) == len(there)


def test_a_check_with_spark_is_that_of_this_process(
    address: str, prefect: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Findings, scores, loss, metrics, slices, votes and decision are equal; the same rows are not checked again."""
    monkeypatch.setattr(shards, "SHARD", 20_000)
    model = champion_of_parts(tmp_path)
    with temporary_settings({PREFECT_TASKS_REFRESH_CACHE: True}):  # equal rows have equal keys
        here = model.given().check(day(28), dry_run=True)
        there = model.given(engine={"spark": address, "timeout": "120s"}).check(day(28), dry_run=True)
    assert there.counting is not None
    assert there.counting.sentence().startswith(f"by spark at {address}, 21 files in ")
    assert list(differences(judged(there), judged(here))) == []
    assert (here.cached, there.cached) == (False, False)
    assert there.decision == "retrain"
    del model.changes["engine"]
    assert model.given().check(day(28)).outcome in (Outcome.PROMOTED, Outcome.REJECTED)
    again = model.given(engine={"spark": address, "timeout": "120s"}).check(day(28))
    assert again.outcome is Outcome.ALREADY_CHECKED, again.reason


def test_executors_and_a_server_that_die(server: SparkServer, tmp_path: Path) -> None:
    """Lost rows are read again, and refused if they changed; a server that is gone is an error, and may come back."""
    project = divided(tmp_path / "rows", "parquet", files=6)
    read(server.address, project)
    there = read(server.address, project, seconds=30)
    expected = [len(piece) for piece in there.pieces()]
    os.kill(server.executors()[0], signal.SIGKILL)
    assert list(there.map(len)) == expected
    divided(tmp_path / "rows", "parquet", files=3)
    for executor in server.executors():
        os.kill(executor, signal.SIGKILL)
    with pytest.raises(SourceUnreadable, match="its rows changed while they were checked"):
        list(there.map(len))
    server.kill()
    with pytest.raises(EngineUnavailable, match="the connection to Spark was lost"):
        list(there.map(len))
    with pytest.raises(EngineUnavailable, match="the Spark Connect server does not answer within 5 s"):
        read(server.address, project, seconds=5)
    server.start()
    assert read(server.address, project).digest == read_fresh(Query(project, WHOLE, project.folder)).digest


def test_the_session_of_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found as `active`, another master is refused, and a driver that dies is an error with the fix."""
    monkeypatch.setenv("PYTHONPATH", ROOT)
    project = divided(tmp_path / "rows", "parquet")
    here = read_fresh(Query(project, WHOLE, project.folder)).digest
    assert read(MASTER, project).digest == here
    there = read("active", project)
    assert there.digest == here
    with pytest.raises(EngineUnavailable, match=r"has a session of Spark at local\[2\], and can have one only"):
        read("local[3]", project)
    spark_opening.GATEWAYS[0].proc.kill()
    with pytest.raises(EngineUnavailable, match="the connection to Spark was lost"):
        list(there.map(len))
    with pytest.raises(EngineUnavailable, match="the connection to Spark was lost"):
        read("active", project)
    with pytest.raises(EngineUnavailable, match="pyspark starts no other in this process"):
        read(MASTER, project)
