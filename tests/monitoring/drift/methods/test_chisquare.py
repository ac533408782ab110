"""The symmetric chi-square distance."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.monitoring.drift.methods.chisquare import METHOD, chisquare

OLD, NEW = np.array([50.0, 30.0, 20.0]), np.array([20.0, 30.0, 50.0])


def test_it_is_the_textbooks_formula() -> None:
    """Half the sum of (p - q)^2 / (p + q)."""
    p, q = OLD / OLD.sum(), NEW / NEW.sum()
    assert chisquare(OLD, NEW) == pytest.approx(((p - q) ** 2 / (p + q)).sum() / 2)


def test_the_number_of_rows_does_not_matter() -> None:
    """Only the shares count, and several pairs are scored together."""
    assert chisquare(OLD, 7 * NEW) == pytest.approx(chisquare(OLD, NEW))
    both = chisquare(np.stack([OLD, OLD]), np.stack([NEW, OLD]))
    assert both == pytest.approx([float(chisquare(OLD, NEW)), 0.0])


def test_sides_that_share_nothing_are_as_far_as_can_be() -> None:
    """The bound that the method declares is reached where no cell has rows of both sides."""
    assert METHOD.bound is not None
    assert chisquare(np.array([9.0, 0.0]), np.array([0.0, 4.0])) == pytest.approx(METHOD.bound)
