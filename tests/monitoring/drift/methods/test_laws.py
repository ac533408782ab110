"""Laws of the distances between two profiles of the same cells."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance as scipy_distance

from driftloop.monitoring.drift.methods import distance, profile_method
from driftloop.monitoring.drift.methods.wasserstein import MISSING_AWAY
from driftloop.monitoring.profiles import first, like, merge
from driftloop.monitoring.records import Kind
from tests.monitoring.drift.sides import OWN, drawn, far, profiles

both_kinds = pytest.mark.parametrize(("method", "kind"), OWN)
NUMERIC = [name for name, kind in OWN if kind == "numeric"]
# In all cells of the reference, not in groups of its values.
EXACT = [name for name in NUMERIC if not profile_method(name).in_groups]


@both_kinds
def test_equal_sides_are_not_apart(method: str, kind: Kind) -> None:
    """The distance of a profile to itself is zero, to one of other rows with the same values as well, else above."""
    side = drawn(kind, 0)
    assert far(method, side, side, kind) == pytest.approx(0, abs=1e-7)
    assert far(method, side, side.iloc[::-1], kind) == pytest.approx(0, abs=1e-7)
    assert far(method, side, drawn(kind, 1), kind) > 0


@pytest.mark.parametrize(("method", "kind"), [one for one in OWN if one[1] == "categorical" or one[0] in EXACT])
def test_the_way_does_not_matter(method: str, kind: Kind) -> None:
    """In the same cells it is as far back as there; a divergence of numbers has its cells from the reference."""
    old, new = profiles(drawn(kind, 0), drawn(kind, 1, 300), kind)
    assert distance(method, old, new) == pytest.approx(distance(method, new, old), rel=1e-9)


@both_kinds
def test_parts_and_order_do_not_matter(method: str, kind: Kind) -> None:
    """Rows in another order, or profiled in parts that are merged, are exactly as far away."""
    old, new = drawn(kind, 0), drawn(kind, 1)
    reference = first(old.to_frame("x"), {"x": kind})
    at_once = like(reference, new.to_frame("x"))["x"]
    shuffled = like(reference, new.sample(frac=1, random_state=1).to_frame("x"))["x"]
    parts = merge(*(like(reference, part.to_frame("x")) for part in (new[:100], new[100:])))["x"]
    expected = distance(method, reference["x"], at_once)
    assert distance(method, reference["x"], shuffled) == pytest.approx(expected, rel=1e-9)
    assert distance(method, reference["x"], parts) == pytest.approx(expected, rel=1e-9)


@both_kinds
def test_a_growing_shift_is_further_away(method: str, kind: Kind) -> None:
    """The further the values move, or the larger a level grows, the larger the distance."""
    old = drawn(kind, 0, 2000)
    if kind == "numeric":
        steps = [old + by for by in (0, 0.2, 0.5, 1, 2)]
    else:
        steps = [old.mask(np.arange(2000) % 20 < more, "a") for more in (0, 2, 5, 10, 19)]
    scores = [far(method, old, step, kind) for step in steps]
    assert all(before < after for before, after in pairwise(scores)), scores


@both_kinds
def test_missing_values_count(method: str, kind: Kind) -> None:
    """Values that go missing are a distance that grows with their share, and infinite ones are missing."""
    old = drawn(kind, 0)
    scores = [far(method, old, old.mask(np.arange(400) % 10 < lost), kind) for lost in (0, 3, 6, 10)]
    assert all(before < after for before, after in pairwise(scores)), scores
    if kind == "numeric":
        lost = np.arange(400) % 3 == 0
        assert far(method, old, old.mask(lost, np.inf)) == far(method, old, old.mask(lost))


@pytest.mark.parametrize("method", NUMERIC)
@pytest.mark.parametrize("outlier", [1e9, -1e9, 1e300])
def test_one_outlier_changes_nothing(method: str, outlier: float) -> None:
    """A shift of one sd stays as far with one value of a thousand millions on either side, and none appears by it."""
    old, new = drawn("numeric", 0, 2000).dropna(), drawn("numeric", 1, 2000).dropna()
    for by in (0, 1):
        plain = far(method, old, new + by)
        for sides in (([*old, outlier], new + by), (old, [*(new + by), outlier])):
            assert far(method, *sides) == pytest.approx(plain, rel=0.06, abs=0.012)


@pytest.mark.parametrize(("scale", "offset"), [(1e-7, 0.0), (1e6, 1e9), (1e-200, 0.0)])
@pytest.mark.parametrize("method", NUMERIC)
def test_units_do_not_matter(method: str, scale: float, offset: float) -> None:
    """The same values in another unit are exactly as far apart."""
    old, new = drawn("numeric", 0), drawn("numeric", 1) + 0.5
    assert far(method, old * scale + offset, new * scale + offset) == pytest.approx(far(method, old, new), rel=1e-4)


@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0])
def test_wasserstein_agrees_with_scipy(shift: float) -> None:
    """On clean data it is scipy's over the reference's interquartile range, to three thousandths of that range.

    Most of the difference are values beyond the fence; the rest is lost where the curves cross inside a cell.
    """
    generator = np.random.default_rng(0)
    for old, new in (
        (generator.normal(size=5000), generator.normal(size=3000) + shift),
        (generator.exponential(size=5000), generator.exponential(size=3000) * (1 + shift)),
        (generator.poisson(5, 5000).astype(float), generator.poisson(5 + shift, 3000).astype(float)),
    ):
        spread = np.subtract(*np.quantile(old, [0.75, 0.25]))
        expected = stats.wasserstein_distance(old, new) / spread
        assert far("wasserstein", old, new) == pytest.approx(expected, abs=3e-3)


@pytest.mark.parametrize("shift", [0.0, 0.3, 1.0])
def test_ks_agrees_with_scipy(shift: float) -> None:
    """On clean data it is scipy's statistic, less what the gap grows within a cell of a 256th of the rows."""
    generator = np.random.default_rng(0)
    old, new = generator.normal(size=5000), generator.normal(size=3000) + shift
    expected = stats.ks_2samp(old, new).statistic
    assert expected - 0.006 <= far("ks", old, new) <= expected + 1e-9


def test_divergences_agree_with_scipy() -> None:
    """On categories they are the textbook's numbers: exactly, and the index to its half row of smoothing."""
    old, new = ["a"] * 500 + ["b"] * 300 + ["c"] * 200, ["a"] * 300 + ["b"] * 300 + ["c"] * 400
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.3, 0.3, 0.4])
    assert far("jensenshannon", old, new, "categorical") == pytest.approx(scipy_distance.jensenshannon(p, q))
    assert far("hellinger", old, new, "categorical") == pytest.approx(np.sqrt(1 - np.sqrt(p * q).sum()))
    assert far("tvd", old, new, "categorical") == pytest.approx(0.2)
    assert far("psi", old, new, "categorical") == pytest.approx(((p - q) * np.log(p / q)).sum(), rel=0.01)
    both = stats.chi2_contingency(np.array([p, q]) * 1000, correction=False)
    assert far("chisquare", old, new, "categorical") == pytest.approx(both.statistic / 2000)


@pytest.mark.parametrize(("method", "kind"), [one for one in OWN if profile_method(one[0]).bound is not None])
def test_bounds(method: str, kind: Kind) -> None:
    """Sides that share nothing reach the declared bound, and nothing is beyond."""
    old, new = ([0.0, 1.0], [5.0, 6.0, 6.0]) if kind == "numeric" else (["a", "b"], ["c"])
    assert far(method, old, new, kind) == pytest.approx(profile_method(method).bound)


@both_kinds
def test_the_shape_of_the_tail_is_the_declared_one(method: str, kind: Kind) -> None:
    """A shift of twice the size has four times the score of a quadratic method and twice that of another.

    The null distribution's tail is fitted by it: a wrong declaration would give wrong thresholds far out.
    """
    if kind == "numeric":
        values = stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000)
        small, large = (far(method, values, values + by) for by in (0.1, 0.2))
    else:
        old = ["a"] * 5000 + ["b"] * 5000
        small, large = (far(method, old, ["a"] * (5000 + by) + ["b"] * (5000 - by), kind) for by in (400, 800))
    power = np.log2(large / small)
    assert power == pytest.approx(2 if profile_method(method).quadratic else 1, abs=0.3)


def test_a_lost_column_is_as_far_as_missing_values_are() -> None:
    """Where one side has no values, Wasserstein's distance is that of a missing value; where both have none, zero."""
    assert far("wasserstein", [1.0, 2.0, 3.0], [np.nan] * 4) == MISSING_AWAY
    assert far("wasserstein", [np.nan] * 4, [1.0, 2.0, 3.0]) == MISSING_AWAY
    assert far("wasserstein", [np.nan], [np.nan]) == 0


@settings(max_examples=60)
@given(
    st.lists(st.floats(-1e12, 1e12) | st.sampled_from([np.nan, np.inf, 0.0]), max_size=30),
    st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=30),
)
def test_any_numbers_have_a_finite_distance(old: list[float], new: list[float]) -> None:
    """Whatever numbers are on either side, every method gives a finite number that is not negative."""
    sides = profiles(old, new)
    for method in NUMERIC:
        score = distance(method, *sides)
        assert np.isfinite(score)
        assert score >= 0
