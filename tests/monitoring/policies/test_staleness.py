"""What staleness has cost so far, and what a retrain should gain."""

from __future__ import annotations

import math

import pytest

from driftloop.monitoring.policies.staleness import expected_gain, gap_at, gap_to_serving, staleness
from driftloop.monitoring.records import History, Learned, Outcome, PastSwitch, changed
from tests.signals import past, performance, signals

CURVE = (0.0, 1.0, 2.0)


def test_a_gap_grows_along_the_curve_and_then_with_the_root() -> None:
    """Between whole windows linear; after the curve a fourfold age doubles the gap; before age 0 there is none."""
    assert [gap_at(CURVE, age) for age in (-1.0, 0.0, 0.5, 2.0, 8.0)] == [0.0, 0.0, 0.5, 2.0, 4.0]
    assert gap_at((0.0,), 9.0) == 0.0


def test_the_gain_is_what_the_old_model_loses_more_than_the_new_one() -> None:
    """Straight aging of 1 per window: a champion with a gap of 2 loses more in each of 3 windows.

    Keeping: 2 + 1, 2 + 2, 2 + 3 more than a fresh model; retraining: 0, 1, 2.
    """
    straight = tuple(float(age) for age in range(20))
    assert expected_gain(straight, gap=2.0, age=2.0, lag=0.0, horizon=3) == pytest.approx(3 + 4 + 5 - (0 + 1 + 2))
    assert expected_gain((0.0,), gap=2.0, age=2.0, lag=0.0, horizon=3) == pytest.approx(6.0)
    assert expected_gain(CURVE, gap=0.0, age=0.0, lag=0.0, horizon=0) == 0.0


def test_late_labels_count_the_gap_to_a_challenger_that_could_serve() -> None:
    """It has aged by the lag when it takes over: of aging that levels off nothing is left to gain, of even aging all.

    Debt and gain add up that gap: with a curve that is flat from age 1 on, a probe that measures it asks for nothing.
    """
    flat, even = (0.0, *[1.0] * 9), tuple(float(age) for age in range(9))
    assert [gap_to_serving(flat, 1.0, age=2.0, lag=lag) for lag in (0.0, 1.0, 4.0)] == [1.0, 0.0, 0.0]
    assert gap_to_serving(even, 2.0, age=2.0, lag=4.0) == 2.0
    assert expected_gain(flat, gap=0.0, age=2.0, lag=1.0, horizon=3) == 0.0
    learned = Learned(batch_loss=8.0, age_gap=flat, batches=9)
    history, found = past(8.0, 9.0, 9.0), []
    for late in (0, 1):
        judged = signals(loss=9.0, gap=1.0)
        window = judged.window.earlier(late * judged.window.length)
        assert judged.performance is not None
        assert judged.age_batches is not None
        later = {"performance": changed(judged.performance, window=window), "age_batches": judged.age_batches + late}
        shifted = tuple(changed(check, age_batches=(check.age_batches or 0.0) + late) for check in history.checks)
        state = staleness(changed(judged, learned=learned, **later), History(checks=shifted), 6)
        assert state is not None
        found.append((state.age, state.gap, state.gain > 0.5, state.debt > 0.5))
    (age, *on_time), (same, *delayed) = found
    assert age == same
    assert (on_time, delayed) == ([1.0, True, True], [0.0, False, False])


@pytest.mark.parametrize("loss", [math.inf, math.nan, None])
def test_without_a_finite_loss_there_is_none(loss: float | None) -> None:
    """No labels, or a loss that is not a number, and nothing is estimated."""
    assert staleness(signals(loss=loss), History(), 1) is None


def test_a_loss_of_zero_is_no_unit() -> None:
    """A reference loss and a loss of 0 without a backtest give no batch loss to compare a cost with."""
    observed = signals().model_copy(
        update={"learned": None, "performance": performance(0.0).model_copy(update={"reference_loss": 0.0})}
    )
    assert staleness(observed, History(), 1) is None


def test_a_probe_measures_and_a_rise_bounds() -> None:
    """With a probe the gap is what it found; without one it is as large as the loss has risen."""
    probed = staleness(signals(gap=0.5), past(8.0, 8.0), 1)
    risen = staleness(signals(loss=9.0), past(8.0, 8.0), 1)
    assert probed is not None
    assert risen is not None
    assert (probed.measured, probed.gap) == (True, 0.5)
    assert (risen.measured, risen.gap) == (False, 1.0)
    assert probed.unit == risen.unit == 8.0


def test_a_cost_of_almost_nothing_divides_by_something() -> None:
    """A loss is worth finitely many retrains for any cost, and a negative one none."""
    state = staleness(signals(gap=0.5), past(8.0, 8.0), 1)
    assert state is not None
    assert state.costs(4.0, 0.25) == 2.0
    assert state.costs(-1.0, 0.25) == 0.0
    assert math.isfinite(state.costs(1e-300, 5e-324))


def of_two(*losses: float) -> History:
    """Checks of version 2."""
    return History(checks=tuple(changed(check, champion="2") for check in past(*losses).checks))


def test_a_switch_back_lowers_the_gap_and_keeps_the_debt() -> None:
    """The version that serves since is old, but its age is no debt: the age goes on from the last training."""
    before = of_two(8.0, 10.0)
    plain = staleness(changed(signals(loss=9.0), champion="2"), before, 1)
    switch = PastSwitch(lead=1.5, age_batches=before.checks[-1].age_batches + 30.0)  # type: ignore[operator]
    switched = changed(before.checks[-1], outcome=Outcome.SWITCHED_BACK, switch=switch)
    now = changed(signals(loss=9.0), champion="1", age_batches=signals().age_batches + 30.0)  # type: ignore[operator]
    state = staleness(now, History(checks=(before.checks[0], switched)), 1)
    assert plain is not None
    assert state is not None
    assert state.age == plain.age
    assert 0 < state.debt < plain.debt
    assert state.gap == plain.gap == 1.0


def test_a_measured_gap_is_lower_by_the_lead() -> None:
    """What a probe has measured of the version before is not all left after a switch back."""
    before = of_two(8.0, 8.0)
    probed = changed(before.checks[1], gap=0.5)
    before = History(checks=(before.checks[0], probed))
    switch = PastSwitch(lead=0.3, age_batches=before.checks[-1].age_batches)
    switched = changed(before.checks[-1], outcome=Outcome.SWITCHED_BACK, switch=switch)
    state = staleness(changed(signals(loss=7.7), champion="1"), History(checks=(before.checks[0], switched)), 1)
    plain = staleness(changed(signals(loss=8.0), champion="2"), before, 1)
    assert state is not None
    assert plain is not None
    assert state.gap == pytest.approx(plain.gap - 0.3)


def test_what_is_lost_after_a_recalibration_counts_from_there() -> None:
    """A shift that came with the first window is no level to forgive later rises by, once a recalibration took it."""
    before = of_two(16.0)
    switch = PastSwitch(lead=8.0, age_batches=before.checks[0].age_batches)
    recalibrated = changed(before.checks[0], outcome=Outcome.RECALIBRATED, switch=switch)
    now = changed(signals(loss=12.0), champion="3")
    state = staleness(now, History(checks=(recalibrated,)), 1)
    assert state is not None
    assert state.gap == pytest.approx(12.0 - (16.0 - 8.0))
