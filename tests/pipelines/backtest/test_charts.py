"""Regret, front and signals as drawings: a line for every policy, colors that mean one thing, nothing outside."""

from __future__ import annotations

import pytest

from driftloop.pipelines.backtest.charts import pareto, regrets, signals, tone
from driftloop.pipelines.backtest.page import render
from driftloop.pipelines.backtest.study import Study
from tests.aging import aging, done


@pytest.fixture(scope="module")
def study() -> Study:
    return done(aging(seed=1))


def test_every_policy_has_its_line(study: Study) -> None:
    """Wide and narrow; on the front the oracle is as well, and each signal has a plot of its own."""
    assert regrets(study).count("<svg") == 2
    assert regrets(study).count("<title>") == 2 * len(study.standings)
    assert pareto(study).count('class="dot"') == 2 * (len(study.standings) + 1)
    assert [panel.drawing.count("<svg") for panel in signals(study)] == [1] * len(study.signals) == [1, 1, 1]


def test_a_signal_without_a_value_reports_it(study: Study) -> None:
    """No plot of nothing."""
    (first, *rest) = study.signals
    empty = first.model_copy(update={"points": (), "correlation": None})
    other = study.model_copy(update={"signals": (empty, *rest)})
    panels = signals(other)
    assert [panel.drawing.count("<svg") for panel in panels] == [0] + [1] * len(rest)
    assert panels[0].remark == "it never changes"
    assert render(other).count("no value") == 1


def test_colors_distinguish_the_recommended_from_the_configs_own(study: Study) -> None:
    """One policy of each special kind at most, the others are alike."""
    tones = [tone(one, study) for one in study.standings]
    assert (tones.count("best"), tones.count("own"), tones.count("never"), tones.count("oracle")) == (1, 1, 1, 0)
    assert tone(study.oracle, study) == "oracle"
