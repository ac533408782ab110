"""Predictions next to the rows are proposed as those of a model elsewhere, with the numbers behind it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from driftloop.monitoring.settings.source import Source
from driftloop.pipelines.config.project import load
from driftloop.pipelines.init import propose
from driftloop.pipelines.init.outputs import comments
from tests.elsewhere import scored
from tests.streams import stream


def test_nothing_without_predictions() -> None:
    """Columns that are left out for other reasons say nothing of a model."""
    frame = pd.DataFrame({"order_id": ["a"], "version": ["1"]})
    left_out = {"order_id": "an identifier", "version": "constant"}
    assert comments(frame, left_out, Source(path="a.csv"), "ts", has_classes=False) is None


@pytest.mark.parametrize(("values", "key"), [([0.2, 0.9], "prediction"), (["yes", "no"], "label")])
def test_classes_have_probabilities_or_labels(values: list[object], key: str) -> None:
    """Numbers from 0 to 1 are probabilities; a database is named by its URL and table."""
    frame = pd.DataFrame({"prediction": values})
    found = comments(frame, {"prediction": "x"}, Source(url="duckdb:///a.db", table="t"), "ts", has_classes=True)
    assert found is not None
    assert f"{key}: prediction" in found[0]
    assert 'source: {url: "duckdb:///a.db", table: t}, id: [ID], time: ts' in found[0]


def test_the_comments_are_a_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without their marks, and without the training, they are read as they are."""
    monkeypatch.chdir(tmp_path)
    rows, table = scored(stream(40, 40), since=30)
    frame = rows.assign(predicted=table["score"], model_version="v" + table["model_version"])
    frame.loc[frame.index[np.arange(len(frame)) % 10 == 0], "predicted"] = np.nan
    frame.to_csv("rows.csv", index=False)
    made = propose("rows.csv", table=None, model=None, target="y", time=None, output=None, force=True)
    note = next(note for note in made.notes if note.startswith("predictions: "))
    assert "1,440 of 1,600 rows have a value of 'predicted', of 2 versions in 'model_version': 'v7' 1,174" in note
    text = made.file.read_text()
    head, _, tail = text.partition("To judge these predictions")
    added = yaml.safe_load("".join(line.removeprefix("#   ") + "\n" for line in tail.splitlines()[1:]))
    config = yaml.safe_load(head)
    config["columns"] |= added["columns"]
    config |= {"predictions": added["predictions"], "training": added["training"]}
    config["policies"] = {"triggers": [{"policy": "never"}]}
    config.pop("gate")
    made.file.write_text(yaml.safe_dump(config))
    project = load(made.file)
    assert project.elsewhere
    assert project.predictions.version == "model_version"
