"""The challenger on the slices: a family of paired intervals, a tolerance, and what is not compared."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.pipelines.gate import Gate, SliceLosses, judge
from tests.pipelines.gate.examples import clear, evaluation, half, losses


def refused(*slices: SliceLosses, **keys: float) -> bool:
    verdict = judge(clear(slices=slices), Gate.model_validate({"no_slice_worse": keys}))
    assert verdict.passed == (verdict.code != "slice_worse")
    return not verdict.passed


def test_the_reason_names_the_worst_slice_and_by_how_much() -> None:
    """Name, both losses, rows, the relative rise with its interval and the tolerance are in the reason."""
    slices = (half("zone = Bronx", 0.5), half("zone = Queens", 0.1), half("zone = Manhattan", -0.2))
    verdict = judge(clear(slices=slices), Gate.model_validate({"no_slice_worse": True}))
    assert verdict.code == "slice_worse"
    assert verdict.reason.startswith("worse on the slice zone = Bronx: challenger error ")
    assert "(500 held-out rows): 50.0% worse (95% CI over 3 slices " in verdict.reason
    assert verdict.reason.endswith("at most 0% is allowed (gate.no_slice_worse); so is 1 more")


@pytest.mark.parametrize(("tolerance", "expected"), [(0.0, True), (0.4999, True), (0.5, False), (0.6, False)])
def test_at_the_tolerance_exactly_it_passes(tolerance: float, expected: bool) -> None:
    """A challenger that loses half as much again on every row is refused below a tolerance of a half."""
    assert refused(SliceLosses("a", np.full(64, 1.5), np.ones(64)), tolerance=tolerance) == expected


def test_a_small_slice_is_not_compared() -> None:
    """Below `min_rows` a slice has no vote, however bad it is."""
    assert not refused(half(n=49))
    assert refused(half(n=50))
    assert not refused(half(n=50), min_rows=51)


def test_without_a_champion_or_the_key_there_is_nothing_to_compare() -> None:
    """A first training, and a gate without the key, do not ask for slices."""
    assert judge(clear(first=True), Gate.model_validate({"no_slice_worse": True})).passed
    assert judge(clear(slices=(half(),)), Gate.model_validate({"no_slice_worse": False})).passed
    assert judge(clear(slices=(half(),)), Gate()).passed


@pytest.mark.parametrize(("slices", "repetitions"), [(1, 300), (8, 60)])
def test_chance_refuses_an_equal_challenger_seldom(slices: int, repetitions: int) -> None:
    """Equally good on every slice: about 2.5% of the challengers are refused, however many slices there are."""
    rng, hits = np.random.default_rng(11), 0
    for _ in range(repetitions):
        hits += refused(
            *(SliceLosses(str(at), rng.exponential(1.0, 200), rng.exponential(1.0, 200)) for at in range(slices))
        )
    assert hits <= repetitions * 0.025 + 2 * np.sqrt(repetitions * 0.025)


def test_a_zero_loss_of_the_champion_is_named_without_a_share() -> None:
    """Where the champion loses nothing the rise is absolute."""
    verdict = judge(
        clear(slices=(SliceLosses("a", np.ones(60), np.zeros(60)),)), Gate.model_validate({"no_slice_worse": True})
    )
    assert (verdict.code, "%" in verdict.reason.split("):")[1].split("(")[0]) == ("slice_worse", False)


def test_slices_of_different_rows_are_a_mistake() -> None:
    """Both models have a loss on each row of a slice."""
    with pytest.raises(ValueError, match="other rows in a"):
        evaluation(losses(), losses(), slices=(SliceLosses("a", np.ones(2), np.ones(3)),))
