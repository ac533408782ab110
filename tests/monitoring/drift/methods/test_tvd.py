"""The total variation distance."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.monitoring.drift.methods.tvd import METHOD, tvd

OLD, NEW = np.array([50.0, 30.0, 20.0]), np.array([20.0, 30.0, 50.0])


def test_it_is_the_textbooks_formula() -> None:
    """The share of rows that would have to move."""
    p, q = OLD / OLD.sum(), NEW / NEW.sum()
    assert tvd(OLD, NEW) == pytest.approx(np.maximum(p - q, 0).sum())


def test_the_number_of_rows_does_not_matter() -> None:
    """Only the shares count, and several pairs are scored together."""
    assert tvd(OLD, 7 * NEW) == pytest.approx(tvd(OLD, NEW))
    both = tvd(np.stack([OLD, OLD]), np.stack([NEW, OLD]))
    assert both == pytest.approx([float(tvd(OLD, NEW)), 0.0])


def test_sides_that_share_nothing_are_as_far_as_can_be() -> None:
    """The bound that the method declares is reached where no cell has rows of both sides."""
    assert METHOD.bound is not None
    assert tvd(np.array([9.0, 0.0]), np.array([0.0, 4.0])) == pytest.approx(METHOD.bound)
