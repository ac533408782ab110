"""The naive baseline is a row of every backtest, and a model that does not beat it is not worth monitoring."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from driftloop.pipelines.backtest.page import render
from driftloop.pipelines.backtest.words import as_table
from tests.aging import aging, done


def test_a_model_that_beats_the_baseline_is_compared_with_it_in_the_last_row() -> None:
    """The constant's own loss, its regret over the oracle, and no warning."""
    matrices = replace(aging(), naive=np.full(40, 9.0))
    found = done(matrices)
    assert found.baseline is not None
    assert (found.baseline.name, found.baseline.loss, found.worth) == ("naive baseline (median)", 9.0, True)
    assert found.baseline.regret == pytest.approx(100 * (9.0 / found.oracle.cost - 1))
    table = as_table(found)
    assert table.index("naive baseline (median)") > table.index("never")
    assert "Not worth" not in table
    assert "naive baseline (median)" in render(found)
    assert "not worth it" not in render(found)


@pytest.mark.parametrize("naive", [0.4, 1.0])
def test_models_that_do_not_beat_it_are_called_worthless_before_anything_else(naive: float) -> None:
    """Worse than a constant, or not significantly better, comes first in table and page."""
    matrices = aging(rate=0.0, seed=1)
    found = done(replace(matrices, naive=naive * np.nanmean(matrices.loss, axis=0, where=~np.isnan(matrices.loss))))
    assert found.worth is False
    table = as_table(found)
    assert table.index("Not worth monitoring yet") < table.index("policy ")
    assert "baseline" in render(found).split("Not worth monitoring yet")[1][:200]


@pytest.mark.parametrize(
    ("loss", "name"), [("mse", "mean"), ("log_loss", "class shares"), ("error_rate", "most frequent class")]
)
def test_the_constant_is_named(loss: str, name: str) -> None:
    """Which constant it is depends on the loss."""
    found = done(replace(aging(), naive=np.full(40, 9.0)), loss_name=loss)
    assert found.baseline is not None
    assert found.baseline.name == f"naive baseline ({name})"


def test_without_a_baseline_nothing_is_claimed() -> None:
    """Matrices from elsewhere may have none."""
    assert (done(aging()).baseline, done(aging()).worth) == (None, None)
