"""`driftloop init --labels` finds key, time and target of the labels, and the delay that was observed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import ConfigError
from driftloop.monitoring.sources import read_rows
from driftloop.monitoring.sources.times import EVER
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.init import Proposal, propose
from tests.streams import stream


def shop(task: str = "regression", days: float = 30.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows with an id and, `days` later on the average, their labels."""
    frame = stream(120, 40, task=task)
    frame.insert(0, "order_id", [f"A{at:06}" for at in range(len(frame))])
    late = pd.to_timedelta(np.random.default_rng(0).normal(days, 1, len(frame)), unit="D")
    labels = pd.DataFrame({"order": frame["order_id"], "known_at": (frame["ts"] + late).dt.floor("s")})
    return frame.drop(columns="y"), labels.assign(converted=frame["y"])


def init(data: str, labels: str, **more: str | None) -> tuple[Proposal, Project]:
    asked: dict[str, Any] = {"table": None, "model": "shop", "target": None, "time": None, **more}
    made = propose(data, output=None, force=True, labels=labels, **asked)
    return made, load(made.file)


def test_labels_of_a_file_thirty_days_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is found by its values, the delay is the 95th percentile in whole days, and the config can be loaded."""
    monkeypatch.chdir(tmp_path)
    rows, labels = shop()
    rows.to_csv("rows.csv", index=False)
    labels.to_csv("labels.csv", index=False)
    made, project = init("rows.csv", "labels.csv")
    assert project.labels is not None
    assert (project.columns.id, project.labels.key) == (("order_id",), ("order",))
    assert (project.labels.time, project.columns.target) == ("known_at", "converted")
    assert project.columns.label_delay == timedelta(days=32)
    assert set(project.columns.features) == {"amount", "speed", "city", "kind"}
    assert "95th percentile 31.6d" in made.notes[0]


def test_labels_of_a_database_and_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels may be in another engine than the rows, and may be classes; whole numbers are keys as well."""
    monkeypatch.chdir(tmp_path)
    rows, labels = shop("binary", days=0.2)
    rows["order_id"], labels["order"] = (values.str[1:].astype(int) for values in (rows["order_id"], labels["order"]))
    rows.to_parquet("rows.parquet", index=False)
    with duckdb.connect("shop.duckdb") as con:
        con.register("given", labels)
        con.execute("CREATE TABLE outcomes AS SELECT * FROM given")
    _, project = init("rows.parquet", "duckdb://shop.duckdb", labels_table="outcomes")
    assert project.task == "binary"
    assert project.labels is not None
    assert (project.labels.url, project.labels.table) == ("duckdb://shop.duckdb", "outcomes")
    assert project.columns.id == ("order_id",)


def test_labels_without_a_key_in_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no column of both tables shares values the error names the columns of both."""
    monkeypatch.chdir(tmp_path)
    rows, labels = shop()
    rows.to_csv("rows.csv", index=False)
    labels.assign(order="B" + labels["order"]).to_csv("labels.csv", index=False)
    with pytest.raises(ConfigError) as caught:
        init("rows.csv", "labels.csv")
    assert "order_id" in caught.value.expected
    assert "known_at" in caught.value.expected
    labels.to_csv("labels.csv", index=False)
    with pytest.raises(ConfigError, match="no column 'paid'"):
        init("rows.csv", "labels.csv", target="paid")


@pytest.mark.parametrize("form", ["%m/%d/%Y %I:%M %p", "%d.%m.%y", "%Y%m%d"])
def test_labels_as_people_write_them(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Times of labels in any form and labels with a currency are read by expressions, and the delay is observed."""
    monkeypatch.chdir(tmp_path)
    rows, labels = shop()
    rows.to_csv("rows.csv", index=False)
    sums = labels["converted"].map(lambda value: f"(${-value:,.2f})" if value < 0 else f"${value:,.2f}")
    labels.assign(known_at=labels["known_at"].dt.strftime(form), converted=sums).to_csv("labels.csv", index=False)
    made, project = init("rows.csv", "labels.csv")
    assert project.labels is not None
    assert project.labels.time == "known_at"
    assert set(project.labels.derived) == {"known_at", "converted"}
    assert project.task == "regression"
    assert project.columns.label_delay == timedelta(days=32)
    read = read_rows(project.source, project.reading, EVER, tmp_path, EVER.end).frame
    expected = shop()[1].set_index("order")["converted"].round(2)
    found = read.set_index("order_id")["converted"].astype(float)
    pd.testing.assert_series_equal(found, expected.reindex(found.index), check_names=False)
    assert "read by labels.derived: 'known_at'" in made.notes[0]


def test_the_shorter_history_of_two_readings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels whose days are all below the 13th are read by day first, if that makes one span of them."""
    monkeypatch.chdir(tmp_path)
    rows, labels = shop(days=1)
    rows.to_csv("rows.csv", index=False)
    few = labels[labels["known_at"].dt.day.le(12) & labels["known_at"].dt.month.eq(3)]
    few.assign(known_at=few["known_at"].dt.strftime("%d/%m/%Y %H:%M")).to_csv("labels.csv", index=False)
    _, project = init("rows.csv", "labels.csv")
    assert project.labels is not None
    assert project.labels.derived == {"known_at": "strptime(\"known_at\", '%d/%m/%Y %H:%M')"}
