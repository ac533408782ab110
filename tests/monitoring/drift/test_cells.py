"""Laws of the cells in which two profiles are compared."""

from __future__ import annotations

import numpy as np

from driftloop.monitoring.drift.cells import GROUPS, Folding, missing, with_labels_only
from tests.monitoring.drift.sides import profiles


def test_numbers_are_folded_into_groups_of_like_mass() -> None:
    """A divergence of numbers is summed over some twenty groups of the reference, a heavy value having its own."""
    generator = np.random.default_rng(0)
    old, _ = profiles(generator.normal(size=10_000), [])
    groups = Folding.of(old, 50).fold(old)[1:-1] / 10_000
    assert len(groups) == GROUPS
    assert groups.max() < 1.5 / GROUPS
    heavy, _ = profiles(np.where(generator.random(10_000) < 0.5, 0.0, generator.normal(size=10_000)), [])
    assert Folding.of(heavy, 50).fold(heavy).max() < 5_500


def test_rare_levels_are_one_group() -> None:
    """Levels beyond the most frequent ones are counted together, and apart from levels that are new."""
    old, new = profiles([*"aaabbc", "d"], [*"abcde"], "categorical")
    assert Folding.of(old, 2).fold(old).tolist() == [0, 3, 2, 2, 0]
    assert Folding.of(old, 2).fold(new).tolist() == [0, 1, 1, 2, 1]


def test_a_missing_label_is_not_there_yet() -> None:
    """A target's missing rows are left out before it is scored."""
    _, new = profiles([1.0, 2.0], [1.0, np.nan, np.inf])
    assert (missing(new), missing(with_labels_only(new))) == (2, 0)
