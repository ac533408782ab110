"""The sequential test: what it promises under its null hypothesis, by simulation, and what it finds."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.stats import nct, t

from driftloop.monitoring.losses.performance import degrees, waves
from driftloop.monitoring.sequential import PROOF, Step, bets, evidence, mean_difference, proven
from driftloop.monitoring.sequential.evidence import EFFECTS, LEAST_ROWS, STAKES, scale_of, t_evidence

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Floats]
WINDOWS = 4


def step(differences: Floats, scale: float) -> Step:
    """The step of one window, as a check makes it."""
    error = float(np.linalg.norm(waves(differences)))
    return Step(float(differences.mean()), error, degrees(len(differences)), bets(differences, scale))


def rejections(draw: Draw, rows: int, scale: float, runs: int) -> int:
    """Count runs of four windows in which a higher loss was proven after any of them."""
    random, found = np.random.default_rng(rows), 0
    for _ in range(runs):
        steps: list[Step] = []
        for _ in range(WINDOWS):
            steps.append(step(draw(random, rows), scale))
            if proven(steps):
                found += 1
                break
    return found


def correlated(memory: float) -> Draw:
    """Rows that resemble their neighbors."""

    def draw(random: np.random.Generator, rows: int) -> Floats:
        noise = lfilter([1], [1, -memory], random.standard_normal(rows + 500))[500:]
        return np.asarray(noise * math.sqrt(1 - memory**2))

    return draw


# Differences with a mean of 0, and the reference loss of their models.
NULLS: dict[str, tuple[Draw, float]] = {
    "normal": (lambda random, rows: random.standard_normal(rows), 1.0),
    "no variance": (lambda random, rows: random.standard_t(2, rows), 1.0),
    "no mean": (lambda random, rows: random.standard_cauchy(rows), 1.0),
    "rare large losses of both": (
        lambda random, rows: random.lognormal(0, 1.5, rows) - random.lognormal(0, 1.5, rows),
        math.exp(1.125),
    ),
    "rare large losses of the model": (lambda random, rows: random.lognormal(0, 1, rows) - math.exp(0.5), 1.6),
    "rare large losses of the other": (lambda random, rows: math.exp(0.5) - random.lognormal(0, 1, rows), 1.6),
    "classes": (lambda random, rows: random.choice([-1.0, 0.0, 1.0], rows, p=[0.05, 0.9, 0.05]), 0.1),
    "equal models": (lambda _, rows: np.zeros(rows), 1.0),
}


@pytest.mark.parametrize("rows", [LEAST_ROWS, 1000])
@pytest.mark.parametrize("name", NULLS)
def test_a_model_that_is_not_worse_is_rarely_called_worse(name: str, rows: int) -> None:
    """At most 1% of the runs are promised: more than 7 of 200 have a probability of 0.1% then."""
    draw, reference = NULLS[name]
    assert rejections(draw, rows, scale_of(reference), 200) <= 7


@pytest.mark.parametrize(("memory", "rows"), [(0.5, LEAST_ROWS), (0.9, 1000), (0.98, 3000)])
def test_rows_that_resemble_their_neighbors_do_not_break_the_promise(memory: float, rows: int) -> None:
    """The bets alone would reject a third of the runs with a memory of 0.9: the waves must agree."""
    assert rejections(correlated(memory), rows, scale_of(1.0), 200) <= 7


@pytest.mark.parametrize(("effect", "rows", "least"), [(0.3, 400, 0.95), (0.5, 200, 0.95), (1.0, LEAST_ROWS, 0.95)])
def test_a_worse_model_is_found_within_two_windows(effect: float, rows: int, least: float) -> None:
    """Effects in units of the standard deviation of a row's difference."""
    random, found = np.random.default_rng(0), 0
    for _ in range(200):
        steps = [step(random.normal(effect, 1, rows), scale_of(1.0)) for _ in range(2)]
        found += proven(steps[:1]) or proven(steps)
    assert found >= least * 200


def test_the_ratio_is_that_of_the_densities() -> None:
    """The series equals the ratio of the noncentral to the central density of Student's t."""
    for freedom in (1, 3, 6):
        for value in (-2.0, 0.0, 0.7, 4.0, 12.0):
            expected = np.mean([nct.pdf(value, freedom, each) / t.pdf(value, freedom) for each in EFFECTS])
            assert t_evidence(value, 1.0, freedom) == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_the_expected_evidence_of_the_null_is_one() -> None:
    """An e-value: integrated over Student's t it is 1; a stake's wealth over a fair coin is 1."""
    grid = np.linspace(-400, 400, 40_001)
    values = [t_evidence(float(one), 1.0, 6) for one in grid[::20]]
    assert np.trapezoid(np.array(values) * t.pdf(grid[::20], 6), grid[::20]) == pytest.approx(1, abs=0.02)
    fair = [np.mean([math.exp(bets(np.array([sign]), 1.0)[at]) for sign in (-1.0, 1.0)]) for at in range(len(STAKES))]
    assert fair == pytest.approx([1.0] * len(STAKES))


def test_what_cannot_be_compared_is_no_evidence() -> None:
    """No window, an infinite loss, or a difference without spread to one side or the other."""
    nothing = bets(np.zeros(100), 1.0)
    assert (evidence([]), proven([])) == (1.0, False)
    assert not proven([Step(math.inf, 1.0, 6, (9.0,) * len(STAKES))])
    assert not proven([Step(0.0, 0.0, 6, nothing)])
    always = bets(np.full(100, 0.5), 1.0)
    assert proven([Step(0.5, 0.0, 6, always)] * 2)
    assert not proven([Step(-0.5, 0.0, 6, bets(np.full(100, -0.5), 1.0))] * 4)


def test_a_large_gain_in_one_window_outweighs_small_losses() -> None:
    """The plain mean must be above 0 too: one very good window with a large spread is a reason to keep the model."""
    steps = [Step(0.5, 0.01, 6, (50.0,) * len(STAKES)), Step(-9.0, 30.0, 6, (0.0,) * len(STAKES))]
    assert evidence(steps) >= PROOF
    assert mean_difference(steps) < 0
    assert not proven(steps)
