"""The triggers that weigh a retrain against its cost, and the sums behind them."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from driftloop.monitoring.policies import GatedProbeDebt, RecoverableLoss
from driftloop.monitoring.policies.base import Cost
from driftloop.monitoring.policies.staleness import Staleness, expected_gain, gap_at, gap_to_serving, staleness
from driftloop.monitoring.records import (
    History,
    Learned,
    Outcome,
    PastCheck,
    PastRetrain,
    Performance,
    Probe,
    Signals,
    Window,
)
from tests.signals import NOW

WEEK = timedelta(days=7)
LEARNED = Learned(batch_loss=1.0, age_gap=tuple(0.1 * age for age in range(20)))
FLAT = Learned(batch_loss=1.0)
FIFTH = RecoverableLoss(cost=Cost(retrain=0.2))


def at_age(
    age: float, loss: float, gap: float | None = None, learned: Learned | None = LEARNED, lag: int = 0
) -> Signals:
    """A check of a champion that is this many windows older than a fresh one, with labels this many windows late."""
    window = Window(start=NOW - WEEK, end=NOW)
    performance = Performance(
        loss_name="mae",
        loss=loss,
        low=loss,
        high=loss,
        rows=100,
        window=window.earlier(WEEK * lag) if lag else window,
        reference_loss=1.0,
    )
    probe = None if gap is None else Probe(champion_loss=loss, probe_loss=loss - gap, gap=gap, rows=100)
    return Signals(
        window=window,
        rows=100,
        labelled_rows=100,
        performance=performance,
        champion="1",
        age_batches=age + 1 + lag,
        learned=learned,
        probe=probe,
    )


def before(*checks: tuple[float, float, float | None], champion: str = "1", lag: int = 0) -> History:
    """Past checks as (age, loss, gap), a week apart, the last one a week ago."""
    return History(
        checks=tuple(
            PastCheck(
                now=NOW - WEEK * (len(checks) - place),
                outcome=Outcome.STEADY,
                champion=champion,
                age_batches=age + 1 + lag,
                loss=loss,
                gap=gap,
            )
            for place, (age, loss, gap) in enumerate(checks)
        )
    )


def state(signals: Signals, history: History | None = None) -> Staleness:
    found = staleness(signals, history or History(), 6)
    assert found is not None
    return found


def test_the_debt_is_the_area_under_the_measured_gaps() -> None:
    """Gaps of 0, 0.2 and 0.4 at ages 0, 2 and 3 enclose 0.2 + 0.3, by the trapezoid rule."""
    found = state(at_age(3, 1.4, gap=0.4, learned=FLAT), before((0, 1.0, None), (1, 1.0, None), (2, 1.2, 0.2)))
    assert (found.gap, found.debt) == (pytest.approx(0.4), pytest.approx(0.5))
    assert found.measured


def test_a_debt_is_never_negative() -> None:
    """What an older model happened to gain is no credit for later."""
    found = state(at_age(3, 1.4, gap=0.4, learned=FLAT), before((0, 1.0, None), (2, 1.0, -0.9)))
    assert found.debt == 0


def test_without_a_probe_the_gap_is_as_large_as_it_may_have_become() -> None:
    """The last gap, plus the larger of the expected aging and the rise of the loss since; never less than it was."""
    history = before((0, 1.0, None), (1, 1.0, 0.3))
    assert state(at_age(2, 1.0), history).gap == pytest.approx(0.3 + 0.1 * aging(history))
    assert state(at_age(2, 1.7), history).gap == pytest.approx(1.0)
    assert state(at_age(2, 0.2, learned=FLAT), before((0, 1.0, None), (1, 1.0, 0.3))).gap >= 0.3


def aging(history: History) -> float:
    """By how much the probes of a history have corrected the backtest's curve, here manually."""
    gaps = [(0.1 * ((check.age_batches or 0) - 1), check.gap) for check in history.checks if check.gap is not None]
    prior = 0.25 * sum((0.1 * age) ** 2 for age in range(1, 8)) / 7
    return (prior + sum(a * g for a, g in gaps)) / (prior + sum(a * a for a, _ in gaps))


def test_a_probe_knows_nothing_of_the_rows_it_was_scored_on() -> None:
    """A loss that rose together with a probe that found nothing asks for one more probe, and then it is hard rows."""
    first = at_age(3, 2.0, learned=FLAT)
    calm = before((0, 1.0, None), (1, 1.0, None), (2, 1.0, None))
    assert FIFTH.wants_probe(first, calm, NOW)
    once = before((0, 1.0, None), (1, 1.0, None), (2, 1.0, None), (3, 2.0, 0.0))
    assert FIFTH.wants_probe(at_age(4, 2.0, learned=FLAT), once, NOW)
    twice = History(checks=(*once.checks, before((4, 2.0, 0.0)).checks[0]))
    assert not FIFTH.wants_probe(at_age(5, 2.0, learned=FLAT), twice, NOW)


def test_nothing_is_asked_for_while_nothing_can_be_gained() -> None:
    """A steady loss and no expected aging cost no probe at any age; a champion that ages does."""
    calm = before(*((age, 1.0, None) for age in range(30)))
    assert not FIFTH.wants_probe(at_age(30, 1.0, learned=FLAT), calm, NOW)
    assert not FIFTH.wants_probe(at_age(0, 9.0), History(), NOW)
    assert FIFTH.wants_probe(at_age(2, 1.0), before((0, 1.0, None), (1, 1.0, None)), NOW)


def test_only_a_measured_gap_fires() -> None:
    """However large the loss, without a probe there is no retrain; with one that finds no gap neither."""
    history = before((0, 1.0, None), (1, 9.0, None))
    assert [FIFTH.judge(at_age(2, 9.0, gap=gap), history, NOW).vote for gap in (None, 0.0, -1.0, 3.0)] == [
        "hold",
        "hold",
        "hold",
        "fire",
    ]


def test_both_the_debt_and_the_gain_must_reach_the_cost() -> None:
    """A debt alone does not fire where the new model would be as stale soon, nor a gap that has only begun."""
    fast = Learned(batch_loss=1.0, age_gap=(0.0, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3))
    stale = before((0, 1.0, None), (1, 1.3, None), (2, 1.3, None), (3, 1.3, None))
    lost = RecoverableLoss(cost=Cost(retrain=0.5)).judge(at_age(4, 1.3, gap=0.3, learned=fast), stale, NOW)
    assert "staleness has cost 1.8 retrains so far" in lost.reason
    assert lost.vote == "hold"
    assert (
        GatedProbeDebt(cost=Cost(retrain=0.5)).judge(at_age(4, 1.3, gap=0.3, learned=fast), stale, NOW).vote == "fire"
    )
    begun = RecoverableLoss(cost=Cost(retrain=0.5)).judge(
        at_age(1, 1.2, gap=0.2, learned=FLAT), before((0, 1.0, None)), NOW
    )
    assert begun.vote == "hold"
    assert "has cost 0.6 retrains so far; retraining should win back 2.4 within 6 windows" in begun.reason


def test_the_reason_has_the_debt_and_the_gain() -> None:
    """A vote shows both numbers with their limit; an upper estimate is marked as one."""
    fired = FIFTH.judge(at_age(2, 1.2, gap=0.2, learned=FLAT), before((0, 1.0, None), (1, 1.0, None)), NOW)
    assert fired.reason == (
        "retrain: staleness has cost 2.0 retrains so far; "
        "retraining should win back 6.0 within 6 windows (limit 1 each)"
    )
    waits = FIFTH.judge(at_age(1, 1.0, learned=FLAT), before((0, 1.0, None)), NOW)
    assert waits.reason.startswith("wait: staleness has cost at most 0.0 retrains so far")


def test_late_labels_make_the_new_model_older_too() -> None:
    """With labels four windows late a retrain serves rows that are as far ahead: it wins less where models age fast."""
    curve = (0.0, 0.4, 0.6, 0.7, 0.75, 0.78, 0.8, 0.81, 0.82, 0.83, 0.84, 0.85, 0.86)
    prompt, late = (expected_gain(curve, gap_to_serving(curve, 0.6, 2, lag), 2, lag, 6) for lag in (0, 4))
    assert prompt > late
    assert state(at_age(2, 1.0, gap=0.6, lag=4), before((0, 1.0, None), lag=4)).age == 2


def test_beyond_what_was_seen_the_gap_grows_with_the_root_of_the_age() -> None:
    """Neither level nor a line; a curve of nothing stays at nothing."""
    assert gap_at((0.0, 1.0), 4) == 2.0
    assert gap_at((0.0,), 40) == 0.0
    assert gap_at((0.0, 1.0), -3) == 0.0


def test_probes_in_operation_correct_the_backtest() -> None:
    """Where probes keep finding half of what the backtest expected, half is expected in the end."""
    curve_gap = []
    for count in (0, 4, 400):
        history = History(checks=before(*[(5.0, 1.0, 0.25)] * count, champion="0").checks)
        curve_gap.append(state(at_age(5, 1.0), history).gap)
    assert curve_gap[0] == pytest.approx(0.5)
    assert curve_gap[0] > curve_gap[1] > curve_gap[2]
    assert curve_gap[2] == pytest.approx(0.25, abs=0.01)


def test_without_a_backtest_a_fresh_champion_calibrates_the_probe() -> None:
    """The first three fresh champions are probed; the bias found there corrects every gap, and the vote reports it."""
    assert FIFTH.wants_probe(at_age(0, 1.0, learned=None), History(), NOW)
    assert not FIFTH.wants_probe(at_age(0, 1.0), History(), NOW)
    behind = before((0, 1.0, -0.3), (0, 1.0, -0.2), (0, 1.0, -0.25), champion="0")
    assert not FIFTH.wants_probe(at_age(0, 1.0, learned=None), behind, NOW)
    found = state(at_age(4, 1.0, gap=-0.05, learned=None), behind)
    assert found.gap == pytest.approx(0.2)
    reason = FIFTH.judge(at_age(4, 1.0, learned=None), behind, NOW).reason
    assert "no backtest yet: a retrain counts as 0.2 of the reference loss" in reason


def test_a_probe_next_to_a_fresh_champion_is_no_gap() -> None:
    """Whatever it finds, it neither fires nor adds to the debt."""
    vote = FIFTH.judge(at_age(0, 1.0, gap=5.0, learned=None), History(), NOW)
    assert vote.vote == "hold"
    assert state(at_age(1, 1.0, gap=0.2, learned=FLAT), before((0, 1.0, 5.0))).debt == pytest.approx(0.1)


def test_a_rejected_retrain_starts_the_count_again() -> None:
    """The gate found nothing to gain: the debt before it is forgotten, the champion's age is not."""
    history = before((0, 1.0, None), (1, 1.5, 0.5), (2, 1.5, 0.5))
    rejected = History(checks=history.checks, retrains=(PastRetrain(now=history.checks[-1].now, promoted=False),))
    found = state(at_age(3, 1.5, gap=0.2, learned=FLAT), rejected)
    assert (found.age, found.debt) == (3, pytest.approx(0.1))
    assert FIFTH.wants_probe(at_age(3, 1.5, learned=FLAT), history, NOW)
    level = before((0, 1.0, None), (1, 1.5, None), (2, 1.5, None))
    proved = History(checks=level.checks, retrains=(PastRetrain(now=level.checks[-1].now, promoted=False),))
    assert state(at_age(3, 1.5, learned=FLAT), level).gap == pytest.approx(0.5)
    assert state(at_age(3, 1.5, learned=FLAT), proved).gap == 0


def test_checks_in_between_add_as_much_as_they_cover() -> None:
    """Daily checks over weekly windows add up to the debt that weekly checks do."""
    weekly = state(at_age(2, 1.4, gap=0.4, learned=FLAT), before((0, 1.0, None), (1, 1.2, 0.2)))
    daily = before((0, 1.0, None), *((day / 7, 1.0 + 0.2 * day / 7, 0.2 * day / 7) for day in range(4, 14)))
    assert state(at_age(2, 1.4, gap=0.4, learned=FLAT), daily).debt == pytest.approx(weekly.debt)


def test_a_loss_without_size_is_no_unit() -> None:
    """Nothing can be gained from a loss of zero; a backtest that saw only zeros leaves the unit to what is seen now."""
    nothing = at_age(3, 0.0).model_copy(update={"learned": Learned(batch_loss=0.0)})
    assert nothing.performance is not None
    nothing = nothing.model_copy(update={"performance": nothing.performance.model_copy(update={"reference_loss": 0.0})})
    assert FIFTH.judge(nothing, History(), NOW).vote == "not_applicable"
    assert state(at_age(3, 2.0, learned=Learned(batch_loss=0.0))).unit == 1.0


def test_a_loss_that_is_not_finite_is_not_weighed() -> None:
    """An infinite loss is not a number to add up."""
    for policy in (FIFTH, GatedProbeDebt()):
        assert policy.judge(at_age(3, math.inf), History(), NOW).vote == "not_applicable"
        assert not policy.wants_probe(at_age(3, math.inf), History(), NOW)


def test_checks_without_a_loss_are_passed_over() -> None:
    """A past check without labels changes nothing of the sums."""
    checks = before((0, 1.0, None), (1, 1.2, 0.2)).checks
    gone = checks[1].model_copy(update={"loss": None, "gap": None, "age_batches": 2.5})
    with_it, without = (
        state(at_age(2, 1.4, gap=0.4, learned=FLAT), History(checks=some)) for some in ((*checks, gone), checks)
    )
    assert with_it == without


def test_a_challenger_that_holds_rows_out_is_the_measure_of_fresh() -> None:
    """A champion no older than the next one would be is fresh, whatever its age; ages count from there."""
    held = at_age(2, 1.0).model_copy(update={"held_batches": 2.0})
    assert state(held).age == 0
    assert not FIFTH.wants_probe(held, History(), NOW)
    assert state(at_age(2, 1.0)).gap > state(held).gap == 0
    unknown = at_age(2, 1.0, learned=None)
    assert not FIFTH.wants_probe(unknown, History(), NOW)
    assert FIFTH.wants_probe(unknown.model_copy(update={"held_batches": 2.0}), History(), NOW)


def test_a_probe_that_holds_nothing_out_is_ahead_of_a_challenger() -> None:
    """The aging over the held-out rows is subtracted from what a probe found, since a retrain would not win it."""
    found = at_age(5, 1.0, gap=0.5)
    assert state(found).gap == pytest.approx(0.5)
    assert state(found.model_copy(update={"held_batches": 2.0})).gap == pytest.approx(0.5 - 0.2)


def test_what_becomes_of_a_probe_is_in_the_sentence() -> None:
    """A gap that is corrected is shown as it was and as it counts, with the number of probes behind the correction."""
    calibrated = before((0.2, 1.0, -0.3), (1, 1.0, None), (2, 1.0, None))
    fired = FIFTH.judge(at_age(3, 1.4, gap=0.4, learned=None), calibrated, NOW)
    assert "the probe gap 0.4 counts as 0.5 (correction from 1 of 3 probes next to a fresh champion)" in fired.reason
    fresh = FIFTH.judge(at_age(0.2, 1.4, gap=0.62, learned=None), History(), NOW)
    assert "the probe gap 0.62 is not used" in fresh.reason
    plain = FIFTH.judge(at_age(3, 1.4, gap=0.4, learned=None), before((0, 1.0, None), (2, 1.0, None)), NOW)
    assert "probe gap" not in plain.reason


def test_one_probe_does_not_decide_for_ever() -> None:
    """One probe corrects by a third, two by two thirds, three in full: by their median."""
    for gaps, expected in (([-0.3], 0.1), ([-0.3, -0.3], 0.2), ([-0.3] * 3, 0.3), ([-0.3, -0.3, -9.0], 0.3)):
        history = before(*((0.1 * at, 1.0, gap) for at, gap in enumerate(gaps)), (1, 1.0, None), (2, 1.0, None))
        assert state(at_age(3, 1.0, gap=0.4, learned=None), history).gap == pytest.approx(0.4 + expected)


def test_a_fresh_champion_that_loses_to_a_probe_does_not_hide_later_gaps() -> None:
    """A small model that beats a champion fitted on all rows shows a bad champion, not a good probe."""
    history = before((0.2, 1.6, 0.62), (1, 1.6, None), (2, 1.6, None))
    vote = FIFTH.judge(at_age(3, 1.6, gap=0.62, learned=None), history, NOW)
    assert vote.vote == "fire", vote.reason
    held = at_age(3, 1.6, gap=0.62, learned=None).model_copy(update={"held_batches": 1.0})
    assert state(held, history).gap < 0.62, "where rows are held out, a probe may be ahead of a full challenger"
