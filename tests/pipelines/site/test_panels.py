"""A panel shows what was measured, and is left out where nothing was."""

from __future__ import annotations

from dataclasses import replace

from driftloop.monitoring.records import Estimate, Outcome
from driftloop.pipelines.site.chart import timeline
from driftloop.pipelines.site.history import ModelHistory
from tests.histories import START, check, history
from tests.outcomes import composed, hold


def test_an_estimate_is_shown_where_labels_are_not_there_yet() -> None:
    """It is drawn next to the loss or alone, with its newest value; one that may not be believed is left out."""
    guess = Estimate(method="dle", loss_name="mae", loss=4.25, rows=900, reference_loss=2.8, applicable=True, reason="")
    both = replace(history(20), checks=tuple(one.model_copy(update={"estimated": guess}) for one in history(20).checks))
    assert "estimated 4.25" in timeline(both)
    alone = replace(both, checks=tuple(one.model_copy(update={"performance": None}) for one in both.checks))
    assert "Champion&#39;s loss" in timeline(alone)
    doubted = guess.model_copy(update={"applicable": False})
    unsure = replace(alone, checks=tuple(one.model_copy(update={"estimated": doubted}) for one in alone.checks))
    assert "Champion's loss" not in timeline(unsure)


def test_the_limit_of_a_rule_within_a_composition_is_drawn() -> None:
    """The limit on the share of drifted features is shown wherever the rule is; limits on other numbers are not."""
    rules = composed("k_of_n", "hold", composed("all_of", "hold", hold("auto_quantile"), hold("drift_share")))
    named = tuple(one.model_copy(update={"votes": (rules,)}) for one in history(20).checks)
    assert "limit 50%" in timeline(replace(history(20), checks=named))
    other = tuple(one.model_copy(update={"votes": (hold("auto_quantile"),)}) for one in history(20).checks)
    assert "limit 50%" not in timeline(replace(history(20), checks=other))


def test_without_labels_or_features_the_panel_is_left_out() -> None:
    """What was never measured has no axis; a lone early exit still has its place in time."""
    early = ModelHistory("taxi", START, checks=(check(0, Outcome.NO_DATA),))
    assert "Drifted features" not in timeline(early)
    assert "Champion's loss" not in timeline(early)
    assert timeline(early).count("<svg") == 2
    assert timeline(replace(early, checks=())) == ""
