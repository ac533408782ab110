"""The Kolmogorov-Smirnov distance."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.monitoring.drift.methods.ks import METHOD, ks

OLD, NEW = np.array([50.0, 30.0, 20.0]), np.array([20.0, 30.0, 50.0])


def test_it_is_the_textbooks_formula() -> None:
    """The largest gap between the cumulative shares."""
    p, q = OLD / OLD.sum(), NEW / NEW.sum()
    assert ks(OLD, NEW) == pytest.approx(np.abs(np.cumsum(p) - np.cumsum(q)).max())


def test_the_number_of_rows_does_not_matter() -> None:
    """Only the shares count, and several pairs are scored together."""
    assert ks(OLD, 7 * NEW) == pytest.approx(ks(OLD, NEW))
    both = ks(np.stack([OLD, OLD]), np.stack([NEW, OLD]))
    assert both == pytest.approx([float(ks(OLD, NEW)), 0.0])


def test_sides_that_share_nothing_are_as_far_as_can_be() -> None:
    """The bound that the method declares is reached where no cell has rows of both sides."""
    assert METHOD.bound is not None
    assert ks(np.array([9.0, 0.0]), np.array([0.0, 4.0])) == pytest.approx(METHOD.bound)


def test_the_order_of_the_cells_matters() -> None:
    """The same rows further away in order are further away: a shift by two cells is not one by one."""
    one, two = np.array([0.0, 9.0, 0.0, 0.0]), np.array([0.0, 3.0, 3.0, 3.0])
    assert ks(one, two) == pytest.approx(2 / 3)
    assert ks(np.array([5.0, 5.0, 0.0]), np.array([5.0, 0.0, 5.0])) == pytest.approx(0.5)
