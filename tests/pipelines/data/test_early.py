"""Predictions during a reading: of a second piece on, up to a size, and no error of theirs ends the reading."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.records import Window
from driftloop.pipelines.config.project import load
from driftloop.pipelines.data import early
from driftloop.pipelines.data.early import Early
from driftloop.pipelines.data.fresh import Fresh, read_fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.data.spread import spread
from tests.streams import day, stream, write

SPAN = Window(start=day(0), end=day(4))


def twice(rows: pd.DataFrame) -> Any:
    return 2 * rows["amount"].to_numpy()


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Fresh]:
    project = load(write(tmp_path, stream(4, a_day=50)))

    def with_(predicts: Early, piece: int = 30) -> Fresh:
        return read_fresh(Query(project, SPAN, project.folder, early=predicts), piece)

    return with_


def test_pieces_are_predicted_as_they_are_kept(read: Callable[..., Fresh]) -> None:
    """Predictions belong to the piece with the same place; the first one has none if the model came too late for it."""
    predicts = Early("m-1", lambda: twice)
    for _ in range(2):  # a reading that is tried again starts from nothing
        fresh = read(predicts)
        made = list(zip(fresh.pieces(), fresh.early("m-1"), strict=True))
        assert len(made) == 7
        assert all(values is not None for _, values in made[1:])
        for piece, values in made:
            assert values is None or values.tolist() == twice(piece).tolist()
    assert fresh.early("m-2") == [None] * 7, "another model has predicted nothing"


def test_one_piece_loads_no_model(read: Callable[..., Fresh]) -> None:
    """A window of few rows, or of none, ends as early as before."""
    loaded: list[bool] = []
    fresh = read(Early("m-1", lambda: loaded.append(True)), piece=1 << 16)
    assert (len(fresh), fresh.early("m-1"), loaded) == (200, [None], [])


def test_an_error_is_left_to_the_pass_that_scores(read: Callable[..., Fresh]) -> None:
    """A model that is not there, or that fails on the rows, predicts nothing, and the rows are all there."""

    def gone() -> early.Predict:
        raise OSError("the artifact is gone")

    def failing(rows: pd.DataFrame) -> Any:
        raise ValueError(f"{len(rows)} rows of another shape")

    for load_model in (gone, lambda: None, lambda: failing):
        fresh = read(Early("m-1", load_model))
        assert (len(fresh), fresh.early("m-1")) == (200, [None] * 7)


def test_predictions_do_not_grow_with_the_rows(read: Callable[..., Fresh], monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a number of bytes rows are predicted after the reading."""
    monkeypatch.setattr(early, "MOST", 300)
    made = [values for values in read(Early("m-1", lambda: twice)).early("m-1") if values is not None]
    assert sum(values.nbytes for values in made) == 2 * 30 * 8


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_reading_that_ends_leaves_no_thread(error: type[BaseException]) -> None:
    """A source that fails, or Ctrl-C, while rows are predicted ends both; the error is the reader's."""
    predicting, before = threading.Event(), threading.active_count()

    def predict(rows: pd.DataFrame) -> Any:
        predicting.set()
        return np.zeros(len(rows))

    def frames() -> Iterator[pd.DataFrame]:
        yield from [pd.DataFrame({"amount": [1.0]})] * 2
        assert predicting.wait(30)
        raise error("gone")

    predicts = Early("m-1", lambda: predict)
    with pytest.raises(error, match="gone"):
        list(spread(predicts, predicts.watched(frames())))
    assert threading.active_count() == before
