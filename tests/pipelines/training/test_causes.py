"""Planted causes of a rise are found; the benchmark of the same name repeats this 200 times."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.causes import described, features, one
from driftloop.pipelines.training.causes import Sides, cells, find_causes


@pytest.mark.parametrize(
    ("task", "cause"),
    [
        *(("regression", cause) for cause in ("harder_rows", "changed_relation", "broken_column", "segment")),
        ("binary", "changed_relation"),
        ("multiclass", "segment"),
    ],
)
def test_a_planted_cause_is_found(task: str, cause: str) -> None:
    """Each cause for numbers, two and several classes, with 2,000 rows of each side."""
    found, _ = one(cause, task, 1, 2000)
    assert found is not None
    assert found.cause == cause, found.sentence()
    assert len(found.features) == 6
    if cause == "segment":
        assert found.segment is not None
        assert "zone = 'x'" in found.segment.where


def test_no_features_few_rows_and_infinite_losses_are_reasons() -> None:
    """Nothing is compared, and the reason is given."""
    rows = features(300, np.random.default_rng(0))
    losses = np.ones(300)
    assert find_causes(Sides(rows, losses, rows, losses), (), seed=0).reason is not None
    few = Sides(rows, losses, rows.head(10), losses[:10])
    assert find_causes(few, described(rows), seed=0).reason == "10 labeled rows to compare, 50 are needed"
    wild = Sides(rows, losses, rows, np.full(300, np.inf))
    assert find_causes(wild, described(rows), seed=0).reason == "a row has a loss that is not finite"


def test_without_predictions_a_broken_column_is_measured_by_its_rows() -> None:
    """For a model elsewhere nothing is predicted again: the rise is that of the rows in which the column is broken."""
    drawn = np.random.default_rng(0)
    old, new = features(1000, drawn), features(1000, drawn)
    new.loc[::2, "b"] = np.nan
    lost = np.where(new["b"].isna(), 4.0, 1.0) + drawn.normal(0, 0.1, 1000)
    made = find_causes(Sides(old, np.ones(1000) + drawn.normal(0, 0.1, 1000), new, lost), described(old), seed=0)
    assert made.cause == "broken_column"
    assert made.broken[0].rise.value == pytest.approx(1.5, abs=0.1)


def test_slices_are_split_and_columns_of_any_type_have_cells() -> None:
    """A mask over both sides is a slice; missing values have a cell of their own."""
    drawn = np.random.default_rng(0)
    rows = features(600, drawn)
    own, now = drawn.normal(1, 0.1, 600), drawn.normal(1, 0.1, 600) + (rows["zone"] == "x").to_numpy()
    mask = np.r_[rows["zone"] == "x", rows["zone"] == "x"]
    made = find_causes(Sides(rows, own, rows, now), described(rows), seed=0, slices={"zone = x": mask})
    (slice_,) = made.slices
    assert slice_.changed.low < 1.0 < slice_.changed.high
    places = cells(pd.Series([1.0, np.nan, 2.0]))
    assert places[1] not in places[[0, 2]]
    assert len(set(cells(pd.Series(["a", None, "b"], dtype=object)).tolist())) == 3
    assert len(set(cells(pd.Series([None, None], dtype=object)).tolist())) == 1
