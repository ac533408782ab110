"""The population stability index."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.monitoring.drift.methods.psi import METHOD, SMOOTHING, psi

OLD, NEW = np.array([5000.0, 3000.0, 2000.0]), np.array([2000.0, 3000.0, 5000.0])


def test_it_is_the_textbooks_formula() -> None:
    """The sum of (q - p) log(q / p); half a row per cell hardly shows among thousands."""
    p, q = OLD / OLD.sum(), NEW / NEW.sum()
    assert psi(OLD, NEW) == pytest.approx(((q - p) * np.log(q / p)).sum(), rel=1e-3)
    assert psi(OLD, OLD) == 0.0


def test_an_empty_cell_is_finite_and_grows_with_the_rows() -> None:
    """A cell that only one side has makes no infinite score; the more rows it has, the larger the score."""
    few, many = (psi(np.array([rows, 0.0]), np.array([0.0, rows])) for rows in (10.0, 1000.0))
    assert np.isfinite(many)
    assert 0 < few < many
    p = (10 + SMOOTHING) / (10 + 2 * SMOOTHING)
    assert few == pytest.approx(2 * (2 * p - 1) * np.log(p / (1 - p)))


def test_a_cell_that_both_sides_lack_does_not_count() -> None:
    """A level that no one has any more changes nothing."""
    assert psi(np.array([9.0, 0.0, 3.0]), np.array([3.0, 0.0, 9.0])) == psi(np.array([9.0, 3.0]), np.array([3.0, 9.0]))
    assert METHOD.bound is None
