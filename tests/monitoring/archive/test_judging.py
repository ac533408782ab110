"""The comparison of archived models with the champion: paired, decaying, never on a loss that is not finite."""

from __future__ import annotations

import math

import numpy as np
import pytest

from driftloop.monitoring.archive import Scored, leader, leads
from driftloop.monitoring.archive.judging import DECAY, MOST_WINDOWS
from driftloop.monitoring.losses.performance import standard_error, waves

STILL = (0.0, 0.0)


def test_the_error_is_that_of_the_paired_differences() -> None:
    """Two models that fail on the same rows differ significantly on far fewer rows than their own errors suggest."""
    drawn = np.random.default_rng(0)
    hard = drawn.exponential(size=400)
    champion, other = hard + 0.1, hard + drawn.normal(scale=0.02, size=400)
    window = {"1": Scored(champion.mean(), waves(champion).tolist()), "2": Scored(other.mean(), waves(other).tolist())}
    lead = leads([window], "1")["2"]
    assert lead.difference == pytest.approx(float((champion - other).mean()))
    assert lead.error == pytest.approx(standard_error(champion - other))
    assert lead.error < standard_error(champion) / 5
    assert leader({"2": lead}) == "2"


def test_older_windows_count_a_quarter_each() -> None:
    """The mean over the windows decays by half in half a window."""
    windows = [{"1": Scored(2.0, STILL), "2": Scored(2.0 - gain, STILL)} for gain in (0.0, 1.0)]
    lead = leads(windows, "1")["2"]
    assert lead.difference == pytest.approx(0.25 / 1.25)
    assert (DECAY, lead.windows) == (0.25, 2)
    assert leads(windows * 4, "1")["2"].windows == MOST_WINDOWS


def test_only_models_of_the_newest_window_are_compared() -> None:
    """A model that could not be scored this time does not lead; one that is new has the windows that it has."""
    windows = [{"1": Scored(2.0, STILL), "3": Scored(1.0, STILL)}, {"1": Scored(2.0, STILL), "2": Scored(1.0, STILL)}]
    found = leads(windows, "1")
    assert {name: lead.windows for name, lead in found.items()} == {"3": 1}
    assert leads([], "1") == {}
    assert leads([{"2": Scored(1.0, STILL)}], "1") == {}


@pytest.mark.parametrize("loss", [math.inf, math.nan, 2.0, 3.0])
def test_no_lead_without_a_lower_finite_loss(loss: float) -> None:
    """Neither a tie nor a loss that is not finite moves the alias."""
    assert leader(leads([{"1": Scored(2.0, STILL), "2": Scored(loss, STILL)}], "1")) is None


def test_a_champion_without_a_finite_loss_is_no_evidence() -> None:
    """Every model would be better than an infinite loss."""
    assert leader(leads([{"1": Scored(math.inf, STILL), "2": Scored(1.0, STILL)}], "1")) is None


def test_one_standard_error_is_needed_and_the_largest_lead_wins() -> None:
    """Of two better models the better one is taken, if its lead is significant."""
    window = {"1": Scored(2.0, STILL), "2": Scored(1.8, (0.1, 0.0)), "3": Scored(1.5, (0.6, 0.0))}
    assert leader(leads([window], "1")) == "2"
    window["3"] = Scored(1.5, (0.4, 0.0))
    assert leader(leads([window], "1")) == "3"
