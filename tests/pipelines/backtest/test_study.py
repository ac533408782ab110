"""A study on matrices that can be counted: every candidate next to the oracle, what is learned, what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from driftloop.monitoring.errors import HistoryTooShort
from driftloop.monitoring.policies import AnyOf, BadData, EstimatedLoss, KOfN, Periodic
from driftloop.monitoring.records import ColumnScore
from driftloop.pipelines.backtest.candidates import candidates
from driftloop.pipelines.backtest.study import study
from driftloop.pipelines.config.project import Policies
from tests.aging import aging, done


def test_every_candidate_is_next_to_the_oracle() -> None:
    """Costs are means a batch, the cheapest first; retrains, losses and false alarms are those of the replay."""
    found = done(aging())
    assert (found.start, found.played) == (12, 28)
    assert [one.cost for one in found.standings] == sorted(one.cost for one in found.standings)
    named = {one.name: one for one in found.standings}
    always, never = named["always"], named["never"]
    assert always.retrains == 27
    assert always.loss == pytest.approx(1.0)
    assert always.cost == pytest.approx(1 + 27 * 0.2 / 28)
    assert never.loss == pytest.approx(np.mean(1 + 0.1 * np.arange(28)))
    assert (never.retrains, never.false_alarms, never.triggers) == (0, 0, ({"policy": "never"},))
    assert all(one.low <= one.regret <= one.high for one in found.standings)
    assert found.oracle.cost <= min(one.cost for one in found.standings)
    assert (always.front, never.front) == (True, True)


def test_a_delay_that_leaves_no_history_is_reported() -> None:
    """Labels twelve batches late of forty: how many batches it would take."""
    with pytest.raises(HistoryTooShort, match="40 batches, of which 12 are history, with labels that come 12 batches"):
        done(aging(), label_delay=12)
    assert done(aging(), label_delay=4).label_delay == 4


def test_what_is_handed_to_live_policies_is_learned_from_all_of_it() -> None:
    """The age curve of the whole history, the probe bias of the probes and the loss of a fresh model."""
    learned = done(aging(rate=0.1)).learned
    assert learned.batch_loss == pytest.approx(1.0)
    assert learned.handicap == pytest.approx(0.05)
    assert learned.age_gap[:3] == pytest.approx((0.0, 0.1, 0.2))
    assert learned.batches == 40


def test_early_models_with_short_windows_do_not_teach_the_rules() -> None:
    """Neither the price of a retrain nor what is handed on depends on models that had less to learn from."""
    plain = aging()
    loss = plain.loss.copy()
    loss[:5] *= 4
    plain, odd = replace(plain, short=5), replace(plain, short=5, loss=loss)
    assert done(odd).learned == done(plain).learned
    assert done(odd).retrain_cost == done(plain).retrain_cost


def test_drift_is_scored_only_where_a_policy_reads_it() -> None:
    """A rule on drift fires by its scores; those on losses cause none to be computed beyond the sample of signals."""
    asked: set[tuple[int, int]] = set()

    def scores(model: int, batch: int) -> tuple[ColumnScore, ...]:
        asked.add((model, batch))
        moved = (batch - model) / 10
        score = ColumnScore(
            name="a", kind="numeric", role="feature", method="psi", score=moved, threshold=0.4, drifted=moved >= 0.4
        )
        return (score,)

    found = done(aging(), asked=("drift_share", "periodic", "config"), scores=scores)
    named = {one.name: one for one in found.standings}
    share = named["drift_share(threshold=0.5)"] if "drift_share(threshold=0.5)" in named else named["drift_share()"]
    assert share.schedule == tuple(range(15, 39, 4)), "four batches after its training the column has drifted"
    assert len(asked) < 150 + 120
    without = done(aging(), asked=("drift_share",))
    assert {one.name for one in without.standings} == {"never", "always"}
    assert without.notes == (
        "drift_share(threshold=0.5) is not applicable, and not compared: a backtest does not know 'drift'",
    )


def test_rules_that_cannot_judge_are_not_compared() -> None:
    """They are named in the notes with what they lack, and not ranked or recommended, the config's own included."""
    own = KOfN.model_validate({"k": 1, "n": 2, "trigger": {"policy": "estimated_loss"}})
    found = done(aging(), own, ("config", "prediction_drift", "periodic", "cara"))
    assert not [one.name for one in found.standings if "estimated" in one.name or "prediction" in one.name]
    assert found.recommendation is not None
    assert found.recommendation.own_regret is None
    left_out = "is not applicable, and not compared: a backtest does not know"
    assert found.notes == (
        f"config: k_of_n(k=1, n=2, trigger=estimated_loss()) {left_out} 'estimate'",
        f"prediction_drift() {left_out} 'prediction_drift'",
    )


def test_a_rule_that_judges_in_part_is_compared_with_a_note() -> None:
    """A composition of which one member lacks its signal is ranked, and the note names the member."""
    own = AnyOf(triggers=(EstimatedLoss(), Periodic(every=3)))
    found = done(aging(), own, ("config", "cara"))
    assert "own" in {one.kind for one in found.standings}
    assert found.notes == ("a backtest does not know 'estimate': 'estimated_loss' decides without it, or not at all",)


def test_a_backtest_runs_on_the_true_calendar() -> None:
    """A month begins where it begins in the rows: at the first window that ends in it, holes and all."""
    made = aging(42)
    late = [window.earlier(timedelta(days=-30)) if place >= 20 else window for place, window in enumerate(made.windows)]
    for windows in (made.windows, tuple(late)):
        found = done(replace(made, windows=windows), asked=("schedule",), cost=0.01)
        (monthly,) = (one for one in found.standings if one.name == "schedule()")
        first = {(one.end.year, one.end.month): place for place, one in reversed(list(enumerate(windows)))}
        assert monthly.schedule == tuple(sorted(place for place in first.values() if found.start <= place < 41))
        assert not found.notes


def test_a_guard_without_its_signal_is_no_reason() -> None:
    """What a guard lacks is noted once, and not named as the reason why a trigger is not applicable."""
    own = Policies(triggers=(Periodic(every=3),), guards=(BadData(),))
    asked = candidates(own, ("estimated_loss", "config"))
    found = study(aging(), asked, model="shop", loss_name="mae", every=timedelta(days=7))
    assert found.notes == (
        "estimated_loss() is not applicable, and not compared: a backtest does not know 'estimate'",
        "a backtest does not know 'findings': 'bad_data' decides without it, or not at all",
    )
