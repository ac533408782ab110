"""Laws of the exact tests of single shares."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from driftloop.monitoring.drift.shares import level_share, missing_share, off_value_share, unseen_share
from driftloop.monitoring.drift.variation import Variation
from driftloop.monitoring.profiles import CategoricalProfile, Profile, first, like


def numbers(old_missing: int, old_rows: int, new_missing: int, new_rows: int) -> tuple[Profile, Profile]:
    sides = [
        pd.DataFrame({"x": np.where(np.arange(rows) < lost, np.nan, np.arange(rows) % 7)})
        for lost, rows in ((old_missing, old_rows), (new_missing, new_rows))
    ]
    reference = first(sides[0], {"x": "numeric"})
    return reference["x"], like(reference, sides[1])["x"]


def words(old: Sequence[str | None], new: Sequence[str | None]) -> tuple[CategoricalProfile, CategoricalProfile]:
    before, after = (pd.DataFrame({"x": np.array([*side, None], dtype=object)[:-1]}) for side in (old, new))
    reference = first(before, {"x": "categorical"})
    return reference.categorical("x"), like(reference, after).categorical("x")


@pytest.mark.parametrize("old", [0, 3, 40, 700])
@pytest.mark.parametrize("level", [0.01, 1e-5])
def test_the_limit_is_that_of_the_exact_test(old: int, level: float) -> None:
    """At the threshold and above, and only there, the binomial test given the sum of both counts rejects."""
    rows, fresh = 10_000, 1_000
    for new in [*range(12), 40, 60, 70, 80, 90, 100, 130]:
        measure = missing_share(*numbers(old, rows, new, fresh), floor=0.03)
        if measure is None:
            assert old == new == 0
            continue
        score, threshold = measure.at(level)
        assert score == pytest.approx(abs(new / fresh - old / rows))
        share = fresh / (fresh + rows)
        risen = stats.binom.sf(new - 1, new + old, share) if new / fresh >= old / rows else 1.0
        fallen = stats.binom.cdf(new, new + old, share) if new / fresh < old / rows else 1.0
        enough = score >= 0.03 - 2 * math.sqrt(0.03 * 0.97 / fresh)
        assert (score >= threshold) == (min(risen, fallen) <= level / 2 and enough), (new, score, threshold)


def test_what_cannot_be_found_is_not_asked() -> None:
    """Without a missing row on either side, or a level that is new or was seen once, there is nothing to test."""
    assert missing_share(*numbers(0, 100, 0, 100)) is None
    assert unseen_share(*words(["a", "a"], ["a"])) is None
    assert level_share(*words([*"aabbcc"], [*"abc"])) is None


def test_a_fall_is_found_where_most_are_missing() -> None:
    """Values that come back are found as well as values that go."""
    for old, new in ((9_000, 700), (9_990, 900), (1_000, 10)):
        measure = missing_share(*numbers(old, 10_000, new, 1_000))
        assert measure is not None
        score, threshold = measure.at(1e-4)
        assert score == pytest.approx(abs(new / 1_000 - old / 10_000))
        assert score > threshold


def test_a_share_that_did_not_move_is_no_drift() -> None:
    """Few rows lower the floor to nothing, and levels that all came twice let nothing new be expected."""
    old = [f"{number // 2}" for number in range(700)] + ["once"]
    measure = unseen_share(*words(old, ["0"] * 30), floor=0.005)
    assert measure is not None
    for level in (0.3, 0.01, 1e-5):
        score, threshold = measure.at(level)
        assert score == 0.0
        assert threshold > 0.0


def test_a_new_level_is_found_by_a_few_rows() -> None:
    """Half a percent of rows at a level that ten thousand rows never had is drift, one row is not."""
    old = ["a", "b"] * 5_000
    for many, found in ((1, False), (5, True)):
        measure = unseen_share(*words(old, ["a"] * (1_000 - many) + ["new"] * many))
        assert measure is not None
        score, threshold = measure.at(1e-3)
        assert score == pytest.approx(many / 1_000)
        assert (score >= threshold) is found


def test_new_names_are_usual_where_many_occur_once() -> None:
    """A column full of names seen once has new ones as a matter of course."""
    old, new = [f"id{at}" for at in range(900)], [f"other{at}" for at in range(500)]
    measure = unseen_share(*words(old, new))
    assert measure is not None
    score, threshold = measure.at(0.01)
    assert score < threshold


@pytest.mark.parametrize("rows", [100, 10_000])
def test_rare_levels_raise_few_alarms(rows: int) -> None:
    """Levels with a long tail, drawn again, have unseen rows or a level that is out in one check of twenty at most.

    40 draws at 5% are 2 with a standard deviation of 1.4, so 7 is 3.6 of them away.
    """
    shares = 1 / np.arange(1, 1001) ** 1.2
    names = np.array([f"l{at}" for at in range(1000)], dtype=object)
    alarms = {"unseen": 0, "level": 0}
    for seed in range(40):
        generator = np.random.default_rng(seed)
        old, new = (generator.choice(names, many, p=shares / shares.sum()).tolist() for many in (3_000, rows))
        both = words(old, new)
        unseen, level = unseen_share(*both, floor=0.005), level_share(*both, floor=0.005)
        assert unseen is not None
        assert level is not None
        alarms["unseen"] += np.greater_equal(*unseen.at(0.05))
        alarms["level"] += np.greater_equal(*level.at(0.05))
    assert max(alarms.values()) <= 7, alarms


def test_the_most_unusual_level_is_the_one_that_is_reported() -> None:
    """Of many levels the one furthest over its own threshold gives the score."""
    names = [f"l{at}" for at in range(40)]
    old, new = names * 250, names * 20 + ["l7"] * 50
    measure = level_share(*words(old, new))
    assert measure is not None
    score, threshold = measure.at(0.01)
    assert score == pytest.approx(70 / 850 - 1 / 40)
    assert score > threshold


def test_blocks_widen_the_limit() -> None:
    """A share that goes up and down from block to block has a threshold beyond its ordinary moves."""
    generator = np.random.default_rng(0)
    block = np.repeat(np.arange(10), 500)
    lost = generator.random(5_000) < np.where(block % 2 == 0, 0.05, 0.15)
    frame = pd.DataFrame({"x": np.where(lost, np.nan, 1.0)})
    reference = first(frame, {"x": "numeric"}, block)["x"]
    current = numbers(0, 10, 75, 500)[1]
    limits = [missing_share(reference, current, Variation(blocks)) for blocks in (False, True)]
    rows, weeks = (limit.at(0.01)[1] for limit in limits if limit is not None)
    assert rows < 0.06 < weeks


def test_windows_that_bring_new_levels_make_them_usual() -> None:
    """Where each week of the reference brings a few rows at levels of its own, the next one may as well."""
    block = np.repeat(np.arange(8), 500)
    names = np.array(["a", "b"] * 2_000, dtype=object)
    for week in range(8):
        names[week * 500 : week * 500 + 2 + week] = f"only{week}"
    reference = first(pd.DataFrame({"x": names}), {"x": "categorical"}, block)
    fresh = pd.DataFrame({"x": ["a"] * 490 + ["new"] * 10})
    both = reference.categorical("x"), like(reference, fresh).categorical("x")
    found = [unseen_share(*both, Variation(blocks)) for blocks in (False, True)]
    rows, weeks = (np.greater_equal(*measure.at(1e-3)) for measure in found if measure is not None)
    assert (rows, weeks) == (True, False)


@pytest.mark.parametrize("floor", [0.005, 0.02])
def test_a_change_as_large_as_the_floor_is_found_and_a_fifth_of_it_is_not(floor: float) -> None:
    """However many rows prove it, a negligible change is none; the floor allows for its own sampling error."""
    for share, found in ((floor, True), (floor - 1.9 * math.sqrt(floor / 20_000), True), (floor / 5, False)):
        measure = missing_share(*numbers(0, 100_000, round(share * 20_000), 20_000), floor=floor)
        assert measure is not None
        assert np.greater_equal(*measure.at(0.01)) == found, share


NOISE = np.random.default_rng(0).normal(0, 0.01, 500)


@pytest.mark.parametrize(
    ("old", "new", "moved"),
    [
        (np.full(1000, 5.0), 5.0 + NOISE, 1.0),
        (np.full(1000, -5.0), -5.0 + NOISE, 1.0),
        (np.zeros(1000), NOISE, 1.0),
        (np.full(1000, 5.0), np.full(500, 5.1), 1.0),
        (np.full(1000, 5.0), np.append(np.full(250, 5.0), 5.0 + NOISE[:250]), 0.5),
        (np.append(np.full(999, 5.0), 50.0), 5.0 + NOISE, 0.999),
        (np.full(1000, 1e9), 1e9 + 1e5 * NOISE, 1.0),
    ],
)
def test_a_constant_that_begins_to_vary_is_found(old: np.ndarray, new: np.ndarray, moved: float) -> None:
    """However small the variation is next to the value: a constant has no range that it could be small next to."""
    reference = first(pd.DataFrame({"x": old}), {"x": "numeric"})
    measure = off_value_share(reference.numeric("x"), like(reference, pd.DataFrame({"x": new})).numeric("x"))
    assert measure is not None
    score, threshold = measure.at(0.001)
    assert score == pytest.approx(moved)
    assert score >= threshold


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (np.full(1000, 5.0), np.full(500, 5.0)),
        (np.full(1000, 0.1), np.full(500, np.float32(0.1)).astype(float)),
        (np.arange(1000.0), 5.0 + NOISE),
        (np.append(np.zeros(900), np.arange(100.0)), NOISE),
        (np.full(1000, np.nan), NOISE),
        (np.full(1000, 5.0), np.full(500, np.nan)),
    ],
)
def test_a_column_with_a_range_or_of_one_value_still_is_not_asked(old: np.ndarray, new: np.ndarray) -> None:
    """Rounding to 32 bits is no variation, and a test that can find nothing costs the others nothing."""
    reference = first(pd.DataFrame({"x": old}), {"x": "numeric"})
    assert off_value_share(reference.numeric("x"), like(reference, pd.DataFrame({"x": new})).numeric("x")) is None
