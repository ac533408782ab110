"""A study on matrices that can be counted: standings, front, recommendation, ranks of signals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from monitoring.errors import HistoryTooShort
from monitoring.policies import Always, Never, Periodic
from monitoring.records import ColumnScore, Window
from pipelines.backtest.candidates import candidates
from pipelines.backtest.matrices import Matrices
from pipelines.backtest.standings import on_front, regret_interval
from pipelines.backtest.study import Study, study
from pipelines.config import Policies
from tests.streams import day

WEEK = timedelta(days=7)
NEVER = Never()


def ageing(batches: int = 40, rate: float = 0.1, seed: int | None = None) -> Matrices:
    """Models that lose `rate` a batch, probes that are worse by 0.05; with a seed, batches of different hardness."""
    at = np.arange(batches)
    loss = 1.0 + rate * (at[None, :] - at[:, None] - 1.0)
    if seed is not None:
        loss = loss * np.random.default_rng(seed).uniform(0.8, 1.2, batches)
    windows = tuple(Window(start=day(7 * n), end=day(7 * n + 7)) for n in range(batches))
    return Matrices(loss, np.full_like(loss, 0.01), loss + 0.05, np.full(batches, 500), windows)


def done(matrices: Matrices, own: Any = NEVER, asked: tuple[str, ...] = (), **more: Any) -> Study:
    given = {"model": "shop", "loss_name": "mae", "every": WEEK, **more}
    return study(matrices, candidates(Policies(triggers=(own,), guards=()), asked), **given)


def test_every_candidate_stands_beside_the_oracle() -> None:
    """Costs are means a batch, the cheapest first; retrains, losses and false alarms are those of the replay."""
    found = done(ageing())
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


def test_a_config_that_never_retrains_is_told_to() -> None:
    """Ageing models: a rule is recommended, confirmed on the later part, with what it saves and an interval."""
    found = done(ageing(seed=1)).recommendation
    assert found is not None
    assert (found.confirmed, found.own) == (True, False)
    assert found.saving is not None
    assert found.saving_low is not None
    assert 0 < found.saving_low < found.saving
    assert found.earlier.end == found.later.start
    assert found.triggers[0]["policy"] in found.name


def test_a_config_that_is_best_is_kept() -> None:
    """Models that grow better with age, a config that never retrains: kept, also beside its like."""
    found = done(ageing(rate=-0.02), asked=("config", "periodic")).recommendation
    assert found is not None
    assert found.own
    assert found.name == "config: never()"


def test_a_choice_that_fails_on_the_later_part_is_not_confirmed() -> None:
    """Ageing that ends in the middle: what paid earlier costs more than the config later."""
    matrices = ageing(rate=0.4)
    matrices.loss[:, 26:] = np.where(np.isnan(matrices.loss[:, 26:]), np.nan, 1.0)
    found = done(matrices, own=Periodic(every=20), asked=("config", "periodic")).recommendation
    assert found is not None
    assert not found.confirmed
    assert found.saving is not None
    assert found.saving < 0


def test_nothing_is_recommended_of_one_policy() -> None:
    """There is no choice in one rule."""
    assert done(ageing(), asked=("cara",)).recommendation is None


def test_a_delay_that_leaves_no_history_is_told() -> None:
    """Labels twelve batches late of forty: how many batches it would take."""
    with pytest.raises(HistoryTooShort, match="40 batches, of which 12 are history, with labels that come 12 batches"):
        done(ageing(), label_delay=12)
    assert done(ageing(), label_delay=4).label_delay == 4


def test_signals_are_ranked_by_what_they_foretell() -> None:
    """Where age is all, age, probe and rise tell the gap exactly; a score that never changes has no rank."""

    def scores(model: int, batch: int) -> tuple[ColumnScore, ...]:
        score = ColumnScore(
            name="a", kind="numeric", role="feature", method="psi", score=0.3, threshold=0.1, drifted=True
        )
        return (score,)

    found = {one.name: one for one in done(ageing(), scores=scores).signals}
    assert [one.correlation for one in found.values()][:3] == pytest.approx([1.0] * 3)
    assert found["mean drift score"].correlation is None
    assert found["age (batches)"].pairs == 39 * 38 // 2
    assert len(found["age (batches)"].points) <= 300
    gap = dict(found["age (batches)"].points)
    assert gap[3.0] == pytest.approx(20.0), "two batches older than fresh, at 0.1 each, in per cent of 1"


def test_what_is_handed_to_live_policies_is_learned_from_all_of_it() -> None:
    """The age curve of the whole history, the handicap of the probes and the loss of a fresh model."""
    learned = done(ageing(rate=0.1)).learned
    assert learned.batch_loss == pytest.approx(1.0)
    assert learned.handicap == pytest.approx(0.05)
    assert learned.age_gap[:3] == pytest.approx((0.0, 0.1, 0.2))
    assert learned.batches == 40


def test_an_interval_is_narrow_where_batches_agree_and_wide_where_not() -> None:
    """Always ten per cent dearer leaves no doubt; dearer in a few batches leaves much. The seed decides."""
    best = np.ones(40)
    assert regret_interval(1.1 * best, best) == pytest.approx((10.0, 10.0))
    lumpy = best + 4.0 * (np.arange(40) % 20 == 0)
    low, high = regret_interval(lumpy, best)
    assert low < 10
    assert high > 30
    assert regret_interval(lumpy, best) == (low, high)
    assert regret_interval(best, np.zeros(40)) == (-np.inf, np.inf)


def test_on_the_front_nothing_is_better_in_both_ways() -> None:
    """Equal points stand side by side; one that is worse in one way and equal in the other falls."""
    points = [(0.0, 3.0), (2.0, 1.0), (2.0, 1.0), (2.0, 2.0), (5.0, 1.0)]
    assert [on_front(one, points) for one in points] == [True, True, True, False, False]


def test_always_stands_without_guards() -> None:
    """The anchors are the ends of the scale, whatever the config vetoes."""
    assert done(ageing(), own=Always()).standings[-1].name in {"always", "config: always()", "never"}


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

    found = done(ageing(), asked=("drift_share", "periodic", "config"), scores=scores)
    named = {one.name: one for one in found.standings}
    share = named["drift_share(threshold=0.5)"] if "drift_share(threshold=0.5)" in named else named["drift_share()"]
    assert share.schedule == tuple(range(15, 39, 4)), "four batches after its training the column has drifted"
    assert len(asked) < 150 + 120
    assert len(done(ageing(), asked=("drift_share",)).standings) == 3
