"""Rows read and worked on by a real cluster: equal to those of this process, refused or repeated where that fails."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from driftloop.monitoring.errors import EngineMisfit, EngineUnavailable, FileNotShared, SourceUnreadable
from driftloop.monitoring.sources import shards
from driftloop.pipelines.config.project import load
from driftloop.pipelines.data.fresh import read_fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.data.selection import sampled
from driftloop.pipelines.engines.dask import Dask
from tests.divided import SOME, WHOLE, divided, facts, refused_alike
from tests.servers.dask import DaskCluster
from tests.servers.ports import free_port
from tests.streams import stream, write


@pytest.fixture(autouse=True)
def _a_file_is_a_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "SHARD", 1)


def engine(cluster: DaskCluster, seconds: float = 60) -> Dask:
    return Dask(cluster.address, cluster.address, timedelta(seconds=seconds))


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_the_rows_are_those_of_this_process(ending: str, cluster: DaskCluster, tmp_path: Path) -> None:
    more: dict[str, Any] = {"columns__weight": "n", "columns__id": ["key"], "columns__filter": "n < 7"}
    project = divided(tmp_path / "rows", ending, **more)
    here = read_fresh(Query(project, WHOLE, project.folder, judged=SOME))
    there = engine(cluster).read(Query(project, WHOLE, project.folder, judged=SOME))
    assert there.apart
    assert not here.apart
    own, expected = facts(there), facts(here)
    assert own.pop("rules").__dict__ == expected.pop("rules").__dict__
    assert own == expected
    pd.testing.assert_frame_equal(there.frame, here.frame)
    pd.testing.assert_frame_equal(sampled(there, 99, 0).frame, sampled(here, 99, 0).frame)
    assert [sum(there.map(len)), *there.before(WHOLE)[:2]] == [len(here), 0, next(iter(there.map(len)))]
    assert there.source.endswith("4 files in 4 shards")
    if ending != "parquet":
        assert any("'1.5%'" in finding.message and ", line" in finding.message for finding in there.findings)


def test_what_a_source_lacks_is_the_error_of_this_process(cluster: DaskCluster, tmp_path: Path) -> None:
    """A broken file and a missing column are the same error, read here or by workers."""
    refused_alike(tmp_path / "rows", lambda project: engine(cluster).read(Query(project, WHOLE, project.folder)))


def test_a_file_that_a_worker_does_not_have_is_named(tmp_path: Path) -> None:
    project = divided(tmp_path / "rows", "parquet")
    with shards.shard_rows(project.source, project.reading, WHOLE, project.folder) as found:
        assert found is not None
        shard = pickle.loads(pickle.dumps(found.shards[0]))
    Path(shard.files[0]).unlink()
    with pytest.raises(FileNotShared, match=r"\.parquet: no such file on a worker"):
        next(shard.frames(1000))


def test_a_source_without_rows_is_read_here(cluster: DaskCluster, tmp_path: Path) -> None:
    project = load(write(tmp_path, stream(1).head(0), source={"path": "*.parquet"}))
    there = engine(cluster).read(Query(project, WHOLE, project.folder))
    assert (len(there), there.apart) == (0, False)


def test_other_versions_are_refused(cluster: DaskCluster, tmp_path: Path) -> None:
    """A worker is asked for its versions before it works; the error names them and how to install ours."""
    other = tmp_path / "xgboost-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: xgboost\nVersion: 1.0\n")
    worker = cluster.worker(tmp_path)
    cluster.ready()
    project = divided(tmp_path / "rows", "parquet")
    try:
        with pytest.raises(EngineMisfit) as refused:
            engine(cluster).read(Query(project, WHOLE, project.folder))
    finally:
        cluster.end(worker)
        cluster.ready()
    assert "(of 3 workers) has xgboost 1.0" in refused.value.found
    assert "pip" not in refused.value.found
    assert "xgboost==" in refused.value.remedy
    assert engine(cluster).read(Query(project, WHOLE, project.folder)).apart


def test_no_scheduler_and_no_worker_are_errors_in_time(tmp_path: Path) -> None:
    nowhere = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(EngineUnavailable, match=r"does not answer within 0\.5 s"):
        Dask(nowhere, nowhere, timedelta(seconds=0.5)).cluster.connect()
    idle = DaskCluster(tmp_path, workers=0)
    idle.start()
    try:
        with pytest.raises(EngineUnavailable, match="no worker is there within 1 s"):
            Dask(idle.address, idle.address, timedelta(seconds=1)).cluster.connect()
    finally:
        idle.stop()


class Slow:
    """Work that takes its time, and notes that it began."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, rows: pd.DataFrame) -> int:
        (self.folder / f"{len(list(self.folder.iterdir()))}-{rows.index.size}").touch()
        time.sleep(1)
        return len(rows)


@pytest.mark.faults
def test_the_work_of_a_dead_worker_is_repeated(cluster: DaskCluster, tmp_path: Path) -> None:
    """One worker dies in the middle: the result is whole. All die: an error in time, and the next read works."""
    project = divided(tmp_path / "rows", "parquet", files=6)
    there = engine(cluster, seconds=4).read(Query(project, WHOLE, project.folder))
    expected = [len(piece) for piece in there.pieces()]
    kept = cluster.workers[-1]

    def dying(victims: Callable[[], list[Any]]) -> list[int]:
        began = tmp_path / f"began{time.monotonic_ns()}"
        began.mkdir()
        found = []
        for number, result in enumerate(there.map(Slow(began))):
            found.append(result)
            if number == 0:
                for worker in victims():
                    cluster.end(worker)
        return found

    assert dying(lambda: [worker for worker in cluster.workers if worker is not kept]) == expected
    with pytest.raises(EngineUnavailable, match=r"no worker is left, for 4 s"):
        dying(lambda: [kept])
    cluster.worker()
    cluster.worker()
    cluster.ready()
    again = engine(cluster).read(Query(project, WHOLE, project.folder))
    assert again.digest == there.digest


@pytest.mark.faults
def test_rows_that_changed_meanwhile_are_refused(cluster: DaskCluster, tmp_path: Path) -> None:
    """A shard that is read a second time must have the rows of the first time."""
    project = divided(tmp_path / "rows", "parquet", files=2)
    there = engine(cluster).read(Query(project, WHOLE, project.folder))
    divided(tmp_path / "rows", "parquet", files=3)
    for worker in list(cluster.workers):
        cluster.end(worker)
    cluster.worker()
    cluster.worker()
    with pytest.raises(SourceUnreadable, match="its rows changed meanwhile"):
        list(there.map(len))
