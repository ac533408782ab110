"""Laws of the naive opponent: no other constant does better on the rows it was learned from."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.monitoring.losses import named
from driftloop.pipelines.training.baseline import naive_losses

NUMBERS = np.random.default_rng(0).exponential(size=501)
NAMES = np.array(["a"] * 50 + ["b"] * 30 + ["c"] * 21, dtype=object)


@pytest.mark.parametrize("loss", ["mae", "mse"])
def test_no_constant_number_is_better(loss: str) -> None:
    """The naive number is at the bottom: every constant next to it loses more."""
    naive = naive_losses(NUMBERS, NUMBERS, named(loss)).mean()
    for constant in np.linspace(NUMBERS.min(), NUMBERS.max(), 200):
        assert named(loss).rows(NUMBERS, np.full(501, constant)).mean() >= naive - 1e-12


@pytest.mark.parametrize("loss", ["log_loss", "brier", "error_rate"])
def test_no_constant_probabilities_are_better(loss: str) -> None:
    """The naive shares are at the bottom: random other probabilities lose more."""
    naive = naive_losses(NAMES, NAMES, named(loss)).mean()
    for other in np.random.default_rng(1).dirichlet([1, 1, 1], size=200):
        predicted = np.broadcast_to(other, (len(NAMES), 3))
        assert named(loss).rows(NAMES, predicted, ["a", "b", "c"]).mean() >= naive - 1e-12


def test_missing_labels_teach_nothing() -> None:
    """Labels that are not there count neither as a number nor as a class."""
    assert naive_losses([1.0, np.nan, 3.0], [2.0], named("mse")).tolist() == [0.0]
    mostly_missing = np.array(["a", None, None, None], dtype=object)
    assert naive_losses(mostly_missing, ["a", "b"], named("error_rate")).tolist() == [0.0, 1.0]


def test_losses_have_one_value_per_row() -> None:
    """The shape is that of the held-out rows, none included."""
    assert naive_losses(NAMES, NAMES[:7], named("log_loss")).shape == (7,)
    assert naive_losses(NUMBERS, NUMBERS[:0], named("mae")).shape == (0,)
