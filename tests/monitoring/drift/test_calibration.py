"""Laws of the null distributions: what they promise is kept, on any data, with few rows and with many."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from driftloop.monitoring.drift.calibration import Chance, Null, probabilities
from driftloop.monitoring.drift.cells import Folding
from driftloop.monitoring.drift.methods import distance
from driftloop.monitoring.drift.variation import Variation
from driftloop.monitoring.profiles import Profiles, first, like
from driftloop.monitoring.records import Kind
from tests.monitoring.drift.sides import OWN

ROWS = 4000


def shaped(shape: str, rows: int, generator: np.random.Generator) -> pd.Series:
    if shape == "normal":
        values = generator.normal(size=rows)
    elif shape == "long-tailed":
        values = np.where(generator.random(rows) < 0.05, np.nan, generator.lognormal(size=rows))
    elif shape == "mostly zero":
        values = np.where(generator.random(rows) < 0.9, 0.0, generator.exponential(size=rows))
    else:
        levels = int(shape.split(maxsplit=1)[0])
        shares = 1 / np.arange(1, levels + 1)
        labels = np.array([f"l{at}" for at in range(levels)], dtype=object)
        return pd.Series(labels[generator.choice(levels, rows, p=shares / shares.sum())], dtype=object)
    return pd.Series(values)


def sides(shape: str, rows: int, seed: int) -> tuple[Profiles, Profiles]:
    generator = np.random.default_rng([seed, rows])
    kind: Kind = "categorical" if "levels" in shape else "numeric"
    reference = first(shaped(shape, ROWS, generator).to_frame("x"), {"x": kind})
    return reference, like(reference, shaped(shape, rows, generator).to_frame("x"))


@pytest.mark.parametrize("rows", [30, 1000])
@pytest.mark.parametrize("shape", ["long-tailed", "mostly zero", "3 levels", "300 levels"])
def test_chance_reaches_a_threshold_as_seldom_as_promised(shape: str, rows: int) -> None:
    """Without drift, a score is at its threshold in at most ten percent of the cases, by each method.

    40 draws at 10% are 4 with a standard deviation of 1.9, so 11 is 3.7 of them away.
    """
    alarms = dict.fromkeys(
        (name for name, kind in OWN if kind == ("categorical" if "levels" in shape else "numeric")), 0
    )
    for seed in range(40):
        reference, current = sides(shape, rows, seed)
        chance = Chance((0,))
        for method in alarms:
            threshold = chance.null(method, reference["x"], rows).threshold(0.1)
            alarms[method] += distance(method, reference["x"], current["x"]) >= threshold
    assert max(alarms.values()) <= 11, alarms


@pytest.mark.parametrize(("method", "kind"), OWN)
def test_the_same_seed_draws_the_same(method: str, kind: Kind) -> None:
    """A threshold depends on its column, the number of rows and the seed, and on no other column before it."""
    numeric, other = sides("normal", 100, 0)[0], sides("mostly zero", 100, 0)[0]
    words, more = sides("3 levels", 100, 0)[0], sides("300 levels", 100, 0)[0]
    asked, before = (numeric, other) if kind == "numeric" else (words, more)
    alone, shared = Chance((0,)), Chance((0,))
    shared.null(method, before["x"], 1000)
    thresholds = [chance.null(method, asked["x"], 1000).threshold(0.001) for chance in (alone, shared, shared)]
    assert len(set(thresholds)) == 1
    assert Chance((1,)).null(method, asked["x"], 1000).threshold(0.001) != thresholds[0]


@pytest.mark.parametrize(("method", "kind"), OWN)
def test_more_rows_and_lower_promises_make_finer_thresholds(method: str, kind: Kind) -> None:
    """The threshold falls as rows come, down to what the reference's own rows allow, and rises as alarms get rarer."""
    reference = sides("normal" if kind == "numeric" else "3 levels", 100, 0)[0]["x"]
    by_rows = [Chance((0,)).null(method, reference, rows).threshold(0.001) for rows in (30, 300, 3000, 1_000_000)]
    assert by_rows == sorted(by_rows, reverse=True)
    assert by_rows[-1] > 0
    null = Chance((0,)).null(method, reference, 300)
    by_level = [null.threshold(level) for level in (0.2, 0.05, 0.01, 0.001, 1e-5)]
    assert by_level == sorted(by_level)


def test_the_fitted_tail_is_that_of_the_distribution() -> None:
    """Beyond the draws the threshold of a normal and of a chi-square score errs upwards, by a tenth at 1 in 100,000."""
    generator = np.random.default_rng(0)
    norms, squares = Null.of(np.abs(generator.normal(size=4000)), "ks"), Null.of(generator.chisquare(19, 4000), "psi")
    for level, above in ((1e-3, 1.03), (1e-4, 1.06), (1e-5, 1.1)):
        assert 0.98 < norms.threshold(level) / stats.norm.isf(level / 2) < above
        assert 0.98 < squares.threshold(level) / stats.chi2.isf(level, 19) < above


@pytest.mark.parametrize("level", [0.1, 0.01, 0.001])
def test_few_draws_are_paid_for(level: float) -> None:
    """Over many draws of a null distribution its threshold is reached as seldom as promised, beyond the draws as well.

    The mean of 600 thresholds' true levels has a standard error of some 2%. A tail that is fitted as if its scale were
    known reaches 10% more.
    """
    generator = np.random.default_rng(0)
    nulls = [Null.of(np.abs(generator.normal(size=1000)), "ks") for _ in range(600)]
    reached = [2 * stats.norm.sf(null.threshold(level)) for null in nulls]
    assert 0.8 * level < np.mean(reached) < 1.05 * level


def test_a_score_that_chance_cannot_move_is_no_drift() -> None:
    """Where all draws are alike, the threshold is above them: a column of unique names is always as far away."""
    assert Null.of(np.full(1000, 0.8), "tvd").threshold(0.01) > 0.8
    names = pd.DataFrame({"x": [f"id{at}" for at in range(500)]})
    reference = first(names, {"x": "categorical"})
    current = like(reference, pd.DataFrame({"x": [f"new{at}" for at in range(500)]}))
    for method in ("tvd", "jensenshannon", "psi"):
        threshold = Chance((0,)).null(method, reference["x"], 500).threshold(0.01)
        assert distance(method, reference["x"], current["x"]) < threshold


def test_levels_never_seen_have_the_share_of_those_seen_once() -> None:
    """Good's estimate: many levels seen once announce as many rows at levels not seen yet, and known ones give way."""
    rare = pd.DataFrame({"x": ["a"] * 60 + [f"once{at}" for at in range(40)]})
    reference = first(rare, {"x": "categorical"})["x"]
    shares = probabilities(reference, Folding.of(reference, 50))
    assert shares.sum() == pytest.approx(1)
    assert shares[-1] == pytest.approx(0.4, abs=0.02)
    sure = first(pd.DataFrame({"x": ["a"] * 60 + ["b"] * 40}), {"x": "categorical"})["x"]
    assert probabilities(sure, Folding.of(sure, 50))[-1] == pytest.approx(0.01, abs=0.002)


def restless(rows: int, seed: int, kind: Kind, blocks: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows whose level, or whose shares, go up and down from block to block."""
    generator = np.random.default_rng(seed)
    block = np.repeat(np.arange(blocks), rows)
    if kind == "numeric":
        values: object = generator.normal(size=rows * blocks) + generator.normal(0, 0.3, blocks)[block]
    else:
        odds = generator.dirichlet(np.array([5.0, 3.0, 2.0]) * 6, blocks)
        values = np.concatenate([generator.choice(["a", "b", "c"], rows, p=one) for one in odds])
    return pd.DataFrame({"x": values}), block


@pytest.mark.parametrize("kind", ["numeric", "categorical"])
def test_blocks_take_ordinary_ups_and_downs_for_chance(kind: Kind) -> None:
    """What moves from week to week is drift against rows alone, and none against the reference's own weeks.

    40 draws at 5% are 2 with a standard deviation of 1.4, so 7 is 3.6 of them away.
    """
    method = "wasserstein" if kind == "numeric" else "tvd"
    alarms = {False: 0, True: 0}
    for seed in range(40):
        frame, block = restless(500, seed, kind, 13)
        fresh = block == 12
        reference = first(frame[~fresh].reset_index(drop=True), {"x": kind}, block[~fresh])
        score = distance(method, reference["x"], like(reference, frame[fresh])["x"])
        for blocks in alarms:
            alarms[blocks] += score >= Chance((0,), Variation(blocks)).null(method, reference["x"], 500).threshold(0.05)
    assert alarms[False] >= 20
    assert alarms[True] <= 7


def test_blocks_still_find_what_is_larger_than_their_own_moves() -> None:
    """A shift of several of the usual weekly moves is drift by blocks as well."""
    frame, block = restless(500, 0, "numeric", 12)
    reference = first(frame, {"x": "numeric"}, block)
    moved = like(reference, restless(500, 1, "numeric", 1)[0] + 3)["x"]
    threshold = Chance((0,), Variation(True)).null("wasserstein", reference["x"], 500).threshold(0.001)
    assert distance("wasserstein", reference["x"], moved) > threshold


def test_too_few_blocks_are_not_believed() -> None:
    """Fewer than four blocks report no variation: the rows alone are chance then."""
    frame, block = restless(500, 0, "numeric", 3)
    reference = first(frame, {"x": "numeric"}, block)["x"]
    rows, blocks = (Chance((0,), Variation(asked)).null("wasserstein", reference, 500) for asked in (False, True))
    assert rows.threshold(0.01) == blocks.threshold(0.01)
