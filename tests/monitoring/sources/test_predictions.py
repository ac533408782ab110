"""Predictions are joined by id and version, as of a moment; tables that cannot be joined are refused by name."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from driftloop.monitoring.config import Monitored
from driftloop.monitoring.errors import DriftloopError, KeysDiffer, MissingPredictionColumns, SourceMissing
from driftloop.monitoring.records import Window, changed
from driftloop.monitoring.settings.predictions import SCORED, UNDECIDED
from driftloop.monitoring.sources import count_predictions, fitting, serving, stream_rows
from tests.streams import day

WEEK = Window(start=day(0), end=day(7))
ROWS = pd.DataFrame({"order_id": [1, 2, 3, 4], "ts": [day(at + 1) for at in range(4)], "fare": 1.0, "y": 1.0})


def table(*lines: tuple[Any, float, str, Any]) -> pd.DataFrame:
    """Lines of order, day scored, version and score."""
    frame = pd.DataFrame(lines, columns=["order", "at", "version", "score"])
    return frame.assign(at=[day(at) for at in frame["at"]])


def kept(folder: Path, scored: pd.DataFrame, kind: str = "parquet", **changes: Any) -> Monitored:
    ROWS.to_parquet(folder / "rows.parquet", index=False)
    file = folder / f"scored.{kind}"
    scored.to_parquet(file, index=False) if kind == "parquet" else scored.to_csv(file, index=False)
    given = {"source": {"path": file.name}, "id": "order", "time": "at", "version": "version", "prediction": "score"}
    return Monitored.model_validate(
        {
            "model": "m",
            "task": "regression",
            "source": {"path": "rows.parquet"},
            "columns": {"time": "ts", "target": "y", "id": "order_id", "numeric": ["fare"]},
            "predictions": {name: value for name, value in {**given, **changes}.items() if value is not None},
        }
    )


def read(config: Monitored, folder: Path, version: str, now: float = 7) -> pd.DataFrame:
    reading = changed(config.reading, scored_by=version)
    with stream_rows(config.source, reading, WEEK, folder, 2, day(now)) as stream:
        return pd.concat(stream.frames, ignore_index=True)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_the_newest_prediction_of_a_version_counts(tmp_path: Path, kind: str) -> None:
    """As far as it was known; predictions of other versions, of the future and of other ids do not."""
    lines = [(1, 1.1, "007", 10.0), (1, 1.2, "007", 11.0), (1, 1.3, "8", 99.0), (2, 2.1, "007", 20.0)]
    config = kept(tmp_path, table(*lines, (3, 6.5, "007", 30.0), (9, 1.0, "007", 90.0)), kind)
    assert read(config, tmp_path, "007", 6)[SCORED].fillna(-1).tolist() == [11.0, 20.0, -1, -1]
    assert read(config, tmp_path, "007")[SCORED].fillna(-1).tolist() == [11.0, 20.0, 30.0, -1]
    assert read(config, tmp_path, "8")[SCORED].fillna(-1).tolist() == [99.0, -1, -1, -1]
    assert serving(config.source, config.reading, WEEK, tmp_path, day(6)).scored == Counter({"007": 1, "8": 1})


def test_predictions_of_one_moment_that_differ_are_in_dispute(tmp_path: Path) -> None:
    """Of one version the prediction does not count; of two versions the row counts for neither."""
    config = kept(tmp_path, table((1, 1.1, "7", 1.0), (1, 1.1, "7", 2.0), (2, 2.1, "7", 3.0), (2, 2.1, "8", 3.0)))
    frame = read(config, tmp_path, "7")
    assert frame[UNDECIDED].tolist() == [True, False, False, False]
    assert frame[SCORED].fillna(-1).tolist() == [-1, 3.0, -1, -1]
    found = serving(config.source, config.reading, WEEK, tmp_path, day(7))
    assert (found.rows, found.disputed, found.scored) == (4, 1, Counter({"7": 1}))


def test_a_table_without_a_version_has_one(tmp_path: Path) -> None:
    """Its name replaces the missing column."""
    config = kept(tmp_path, table((1, 1.1, "7", 1.0), (2, 2.1, "8", 2.0)), version=None)
    assert serving(config.source, config.reading, WEEK, tmp_path, day(7)).scored == Counter({"unversioned": 2})
    assert read(config, tmp_path, "unversioned")[SCORED].fillna(-1).tolist() == [1.0, 2.0, -1, -1]


def test_predictions_that_serve_no_row_are_counted(tmp_path: Path) -> None:
    """Of an id without a row, without an id, and of the future."""
    lines = [(1.0, 1.1, "7", 1.0), (9.0, 2.0, "7", 1.0), (None, 2.0, "7", 1.0), (2.0, 30.0, "7", 1.0)]
    config = kept(tmp_path, table(*lines))
    counts = count_predictions(config.source, config.reading, day(0), day(7), day(8), tmp_path)
    assert (counts.known, counts.rowless, counts.keyless, counts.future) == (2, 1, 1, 1)


def test_keys_and_columns_that_cannot_be_joined_are_refused(tmp_path: Path) -> None:
    """The error names the key of the config."""
    text = kept(tmp_path, table(("A1", 1.1, "7", 1.0)))
    with pytest.raises(KeysDiffer) as keys:
        fitting(text.source, text.reading, tmp_path)
    assert "predictions.id 'order' holds text" in keys.value.found
    assert "no row can find its prediction" in keys.value.found
    lost = kept(tmp_path, table((1, 1.1, "7", 1.0)), prediction="scor")
    with pytest.raises(MissingPredictionColumns, match="Did you mean 'score'"):
        fitting(lost.source, lost.reading, tmp_path)
    gone = kept(tmp_path, table((1, 1.1, "7", 1.0)), source={"path": "gone.parquet"})
    with pytest.raises(SourceMissing, match=r"predictions\.source\.path"):
        fitting(gone.source, gone.reading, tmp_path)
    assert issubclass(MissingPredictionColumns, DriftloopError)
