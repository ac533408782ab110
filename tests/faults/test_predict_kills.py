"""`driftloop predict --out` killed at random moments and run again: every row once, as without a kill."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pyarrow.parquet as pq
import pytest

from driftloop.pipelines.operations import functions
from driftloop.pipelines.predictions.outputs.folder import MANIFEST
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.pipelines.conftest import ROOT, trained
from tests.servers.dask import DaskCluster
from tests.streams import day, stream

__all__ = ["trained"]
SEED, KILLS, ROWS = 20261128, 6, 900_000
SPAN = (day(21), day(42))


@pytest.fixture(scope="module")
def model(trained: Callable[..., Model]) -> Model:
    """A model whose rows of three weeks take some seconds to score."""
    made = trained(stream().assign(trip=np.arange(42 * 120)), columns__id=["trip"])
    rows = pd.read_parquet(made.folder / "rows.parquet")
    part = rows[rows["ts"] >= day(21)]
    more = part.sample(ROWS, replace=True, random_state=SEED).sort_values("ts", ignore_index=True)
    more.assign(trip=np.arange(ROWS)).to_parquet(made.folder / "rows.parquet", index=False)
    return made


def killed_until_done(model: Model, parts: Callable[[], int], *more: str) -> None:
    """Run the command, kill it at a random moment after it has committed something, several times, and let it end."""
    chance = random.Random(SEED)
    words = ["predict", str(model.file), "--from", f"{SPAN[0]:%Y-%m-%d}", "--to", f"{SPAN[1]:%Y-%m-%d}", *more]
    command = [sys.executable, "-m", "driftloop.pipelines.cli", *words]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DRIFTLOOP_HOME": str(home.home())}
    for _ in range(KILLS):
        before = parts()
        run = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while run.poll() is None and parts() == before:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.5))
        run.send_signal(signal.SIGKILL)
        run.communicate()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert f"{ROWS:,} rows" in done.stdout, done.stdout
    assert "already in" in done.stdout, done.stdout


def count(manifest: str | bytes | None) -> int:
    return len(json.loads(manifest)["parts"]) if manifest else 0


def ordered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values("trip", ignore_index=True)[["trip", "version", "prediction"]]


@pytest.fixture(scope="module")
def whole(model: Model, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The rows of a run that was not interrupted."""
    place = tmp_path_factory.mktemp("whole") / "out"
    assert functions.predict(model.file, span=SPAN, out=place).scored == ROWS
    return ordered(pq.read_table(place).to_pandas())


def test_a_folder_has_every_row_once(model: Model, whole: pd.DataFrame, tmp_path: Path) -> None:
    """After kills the files are those of an uninterrupted run, and nothing else is in the folder."""
    manifest = tmp_path / "out" / MANIFEST
    parts = lambda: count(manifest.read_bytes()) if manifest.exists() else 0  # noqa: E731
    killed_until_done(model, parts, "--out", str(tmp_path / "out"))
    pd.testing.assert_frame_equal(ordered(pq.read_table(tmp_path / "out").to_pandas()), whole)
    assert len(list((tmp_path / "out").glob("day=*/*"))) == 21


def test_a_folder_scored_by_a_cluster_has_every_row_once(
    model: Model, whole: pd.DataFrame, cluster: DaskCluster, tmp_path: Path
) -> None:
    """The workers score, and the killed process writes: what it had asked for is not written by anyone else."""
    manifest = tmp_path / "out" / MANIFEST
    parts = lambda: count(manifest.read_bytes()) if manifest.exists() else 0  # noqa: E731
    model.given(None, engine={"dask": cluster.address})
    try:
        killed_until_done(model, parts, "--out", str(tmp_path / "out"))
    finally:
        del model.changes["engine"]
        model.given()
    pd.testing.assert_frame_equal(ordered(pq.read_table(tmp_path / "out").to_pandas()), whole)


def test_a_table_of_postgres_has_every_row_once(model: Model, whole: pd.DataFrame, postgres: Any) -> None:
    """A transaction that was open when the process was killed is rolled back, and its lock is free."""
    place = postgres.place()

    def parts() -> int:
        if postgres.execute(f"SELECT to_regclass('{place}.scored_progress')") == [(None,)]:
            return 0
        return sum(count(row[0]) for row in postgres.execute("SELECT manifest FROM scored_progress", place))

    killed_until_done(model, parts, "--out", postgres.url(place), "--table", "scored")
    with psycopg.connect(postgres.url(place)) as con:
        rows = con.execute("SELECT trip, version, prediction FROM scored").fetchall()
    found = pd.DataFrame(rows, columns=["trip", "version", "prediction"])
    pd.testing.assert_frame_equal(ordered(found), whole, check_dtype=False)
