"""The Jensen-Shannon distance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import distance

from driftloop.monitoring.drift.methods.jensenshannon import METHOD, jensenshannon

OLD, NEW = np.array([50.0, 30.0, 20.0]), np.array([20.0, 30.0, 50.0])


def test_it_is_the_textbooks_formula() -> None:
    """Scipy's distance in nats."""
    p, q = OLD / OLD.sum(), NEW / NEW.sum()
    assert jensenshannon(OLD, NEW) == pytest.approx(distance.jensenshannon(p, q))


def test_the_number_of_rows_does_not_matter() -> None:
    """Only the shares count, and several pairs are scored together."""
    assert jensenshannon(OLD, 7 * NEW) == pytest.approx(jensenshannon(OLD, NEW))
    both = jensenshannon(np.stack([OLD, OLD]), np.stack([NEW, OLD]))
    assert both == pytest.approx([float(jensenshannon(OLD, NEW)), 0.0])


def test_sides_that_share_nothing_are_as_far_as_can_be() -> None:
    """The bound that the method declares is reached where no cell has rows of both sides."""
    assert METHOD.bound is not None
    assert jensenshannon(np.array([9.0, 0.0]), np.array([0.0, 4.0])) == pytest.approx(METHOD.bound)
