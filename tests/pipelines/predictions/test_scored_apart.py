"""Predictions of a real cluster are those of this process, in the log and in a folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from driftloop.monitoring.records import Window
from driftloop.monitoring.sources import shards
from driftloop.pipelines.config.project import load
from driftloop.pipelines.predictions import prediction_log
from driftloop.pipelines.predictions.bulk import predict_into
from driftloop.pipelines.predictions.predict import predict_span
from tests.conftest import Model
from tests.servers.dask import DaskCluster
from tests.streams import day, stream

SPAN = Window(start=day(22.5), end=day(30))


@pytest.fixture
def divided(trained: Callable[..., Model], monkeypatch: pytest.MonkeyPatch) -> Model:
    """A champion whose rows are in files of some days, with ids and a category that it does not know."""
    monkeypatch.setattr(shards, "SHARD", 1)
    frame = stream()
    model = trained(frame.assign(trip=np.arange(len(frame))), columns__id=["trip"])
    rows = pd.read_parquet(model.folder / "rows.parquet")
    rows.loc[rows.index[rows["ts"] >= SPAN.start][10:14], "city"] = "oslo"
    for number, part in enumerate(np.array_split(np.arange(len(rows)), 8)):
        rows.iloc[part].to_parquet(model.folder / f"part{number}.parquet", index=False)
    return model.given(None, source={"path": "part*.parquet"})


def written(folder: Path) -> pd.DataFrame:
    return pq.read_table(folder).to_pandas().sort_values("trip", ignore_index=True)


def on(model: Model, cluster: DaskCluster) -> Any:
    return load(model.given(None, engine={"dask": cluster.address}).file)


def test_a_cluster_scores_what_this_process_does(divided: Model, cluster: DaskCluster, tmp_path: Path) -> None:
    """The output, its counts and notes, and the file of the log are equal; what is written is not scored again."""
    project = load(divided.file)
    here = predict_into(project, SPAN, str(tmp_path / "here"), None)
    logged = predict_span(project, SPAN)
    files = {file.name: file.read_bytes() for file in prediction_log.folder(project).glob("*.parquet")}
    shutil.rmtree(prediction_log.folder(project))
    apart = on(divided, cluster)
    there = predict_into(apart, SPAN, str(tmp_path / "there"), None)
    assert there.notes[0] == f"the rows are scored by dask at {cluster.address}"
    assert (there.notes[1:], there.scored) == (here.notes, here.scored)
    assert "4 of" in here.notes[0]
    pd.testing.assert_frame_equal(written(tmp_path / "there"), written(tmp_path / "here"))
    assert predict_into(apart, SPAN, str(tmp_path / "there"), None).scored == 0
    there_logged = predict_span(apart, SPAN)
    assert (there_logged.rows, there_logged.scored) == (logged.rows, logged.scored)
    assert {file.name: file.read_bytes() for file in prediction_log.folder(apart).glob("*.parquet")} == files
    assert predict_span(apart, SPAN).scored == 0


def test_what_a_cluster_cannot_score_is_noted(divided: Model, tmp_path: Path) -> None:
    config = divided.given(None, engine={"dask": "tcp://127.0.0.1:1"}, source={"path": "p*.csv", "encoding": "cp1252"})
    pd.read_parquet(divided.folder / "part5.parquet").to_csv(divided.folder / "p.csv", index=False)
    done = predict_into(load(config.file), SPAN, str(tmp_path / "o"), None)
    assert done.scored
    assert "engine: this process reads and scores the rows: files are converted from cp1252" in done.notes[0]
