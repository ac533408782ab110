"""Chosen rows of a source in any order are those of its frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.rows.canonical import plain
from driftloop.pipelines.data.drawing import drawn
from driftloop.pipelines.data.fresh import content_digest
from driftloop.pipelines.data.selection import Ordered, Selection, sampled
from tests.weighted import read, rows


@pytest.mark.parametrize("mixed", [False, True])
def test_places_are_those_of_the_frame(mixed: bool, tmp_path: Path) -> None:
    """Rows, columns, digests and labels, from a source in order of time and from one out of order."""
    frame = rows("binary")
    _, fresh = read(tmp_path, frame.sample(frac=1, random_state=0) if mixed else frame, "binary")
    ordered, whole = Ordered(fresh), fresh.frame
    assert (ordered.order is not None) == mixed
    places = drawn(len(whole), 300, 0)
    pd.testing.assert_frame_equal(ordered.frame(places), whole.iloc[places].reset_index(drop=True))
    slim = ordered.columns(["y", "w"])
    pd.testing.assert_frame_equal(slim[["y", "w"]], whole[["y", "w"]])
    marked = whole["y"].notna().to_numpy()
    selection = Selection(ordered, marked, slim["y"].to_numpy(), slim["w"].to_numpy())
    assert len(selection) == marked.sum()
    assert selection.digest == content_digest(whole[marked])
    read_back = pd.concat([plain(piece) for piece in selection.pieces()])
    assert read_back["y"].tolist() == selection.labels.tolist()
    assert selection.weights is not None
    assert np.array_equal(read_back["w"], selection.weights)


def test_few_rows_are_not_sampled(tmp_path: Path) -> None:
    """A note reports how many of how many rows are used, and none where all are."""
    _, fresh = read(tmp_path, rows("regression"), "regression")
    assert sampled(fresh, len(fresh), 0).note(0) is None
    part = sampled(fresh, 100, 0)
    assert (
        part.note(0)
        == f"100 of {len(fresh):,} rows are used, drawn evenly over time (training.max_rows, training.seed: 0)"
    )
    assert part.frame["ts"].is_monotonic_increasing
