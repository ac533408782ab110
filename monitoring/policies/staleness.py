"""Cost of a champion's staleness and expected gain of a retrain, for the policies that use the cost of a retrain.

A gap is the champion's loss minus a fresh model's on the same rows. Ages and debts are in current windows. Age 0 is the
age of the freshest possible challenger, which is older than its window by the rows it holds out for the gate. Where
labels are late, no challenger serves at age 0: it has aged by the lag when it takes over. A probe measures the gap to a
fresh model on the labeled rows; debt and gain count the gap to a challenger that could serve (`gap_to_serving`). Pure:
all is computed from the history at each check.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from statistics import median

from driftloop.monitoring.policies.tenure import since_training
from driftloop.monitoring.records import History, Outcome, PastCheck, Signals, figure

# A model younger than half a window counts as fresh: the gap that a probe measures there is the probe bias.
FRESH = 0.5
# The backtest's age curve has the weight of this many probes: it comes from the past, probes from the present.
PRIOR_PROBES = 0.25
# Without a backtest, this many probes measure the bias.
CALIBRATING_PROBES = 3
# Limit of the age curve in windows, for short windows and old champions; at higher ages a gap grows with the square
# root of the age.
LONGEST_CURVE = 10_000


@dataclass(frozen=True)
class Staleness:
    """Current debt and gap of the champion: measured at each probe, an upper estimate since.

    `gap` is that to a challenger that could serve now, `debt` the gap added up since the last training, in loss times
    windows; `gain` is what a retrain now should gain over the coming windows. The upper estimate favors a retrain: the
    gap is as large as it may have become. `unit` is one batch's loss. `uncalibrated`: the probe bias is unknown, and
    this check could measure it. `correction` was added to the gap of each probe; `samples` probes next to a fresh
    champion have measured it, 0 if a backtest has. `aged` was added to the gap of this check's probe, because labels
    are late.
    """

    unit: float
    age: float
    gap: float
    debt: float
    gain: float
    measured: bool
    uncalibrated: bool
    correction: float = 0.0
    samples: int = 0
    aged: float = 0.0

    def explain(self, signals: Signals) -> str:
        """Return how the gap of this check's probe counts; empty if it counts unchanged."""
        added = self.correction + self.aged
        if signals.probe is None or (self.measured and not added):
            return ""
        gap = signals.probe.gap
        if not self.measured:
            return (
                f"; the probe gap {figure(gap)} is not used: the champion is still fresh, so the gap measures the "
                "probe bias, which corrects later probes"
            )
        probes = f"{self.samples} of {CALIBRATING_PROBES} probes next to a fresh champion"
        source = f"correction from {probes if self.samples else 'the backtest'}" if self.correction else ""
        late = f"labels are {signals.lag_batches:.3g} windows late, and so old is a challenger that takes over"
        why = "; ".join(text for text in (source, late if self.aged else "") if text)
        return f"; the probe gap {figure(gap)} counts as {figure(gap + added)} ({why})"

    def costs(self, loss: float, retrain: float) -> float:
        """Return how many retrains a loss is worth if each costs `retrain` batches."""
        # The product of the smallest loss and a small cost is rounded to 0.
        return max(0.0, loss) / max(retrain * self.unit, sys.float_info.min)


def staleness(signals: Signals, history: History, horizon: int, *, straight: bool = False) -> Staleness | None:
    """Return the staleness on the newest labeled window; None without a finite loss above 0.

    `straight` derives the expected aging from the probes of the history alone, as a straight line.
    """
    measured = signals.performance
    if measured is None or not math.isfinite(measured.loss) or not math.isfinite(measured.reference_loss):
        return None
    curve, path = _curve(signals, history, straight), _path(signals, history)
    (bias, samples), lag = _probe_bias(signals, history), signals.lag_batches
    start, age = path[0], path[-1].age
    gap = debt = unmeasured = base_gap = 0.0
    base_age, base_loss, last_loss, last_age = start.age, start.loss, start.loss, start.age
    for point in path[1:]:
        if point.gap is not None and point.age >= FRESH:
            gap = gap_to_serving(curve, point.gap + bias, point.age, lag)
            # A gap below 0 of an older model does not offset the debt of this one.
            debt = max(0.0, debt + (point.age - base_age) * (base_gap + gap) / 2)
            # The probe could not learn from the rows it was scored on: a rise on these rows is not yet measured.
            base_age, base_gap, base_loss, unmeasured = point.age, gap, last_loss, 0.0
        else:
            aging = gap_at(curve, point.age + lag) - gap_at(curve, base_age + lag)
            estimate = base_gap + max(aging, point.loss - base_loss, 0.0)
            unmeasured += (point.age - last_age) * (gap + estimate) / 2
            gap = estimate
        last_age, last_loss = point.age, point.loss - point.lead
        if point.lead:
            # A version with a lower loss serves from here on: so much less is left of a measured gap, and what it loses
            # more later is a rise, however much was lost before. A recalibration was worth its costs: they are repaid.
            less = max(0.0, min(base_gap, point.lead))
            base_gap, base_loss = base_gap - less, min(base_loss - less, last_loss)
            gap = max(0.0, gap - point.lead)
            if point.repaid:
                base_age, base_gap, base_loss, debt, unmeasured = point.age, gap, last_loss, 0.0, 0.0
    unit = next((loss for loss in (_unit(signals), measured.reference_loss, measured.loss) if loss > 0), None)
    if unit is None:
        return None
    probed = signals.probe is not None
    return Staleness(
        unit=unit,
        age=age,
        gap=gap,
        debt=debt + unmeasured,
        gain=expected_gain(curve, gap, age, lag, horizon),
        measured=probed and age >= FRESH,
        uncalibrated=signals.learned is None and not probed and age < FRESH and samples < CALIBRATING_PROBES,
        correction=bias,
        samples=samples,
        aged=gap_to_serving(curve, 0.0, age, lag),
    )


def gap_to_serving(curve: tuple[float, ...], gap: float, age: float, lag: float) -> float:
    """Return the gap to a challenger that takes over now, from that to a fresh model at an age on the labeled rows.

    Both models are older by the `lag` of the labels when they serve. Even aging changes nothing; where aging levels
    off, less can be gained than was measured.

    >>> gap_to_serving((0.0, 1.0, 2.0, 3.0), 1.5, age=1, lag=2), gap_to_serving((0.0, 1.0, 1.0, 1.0), 1.5, age=1, lag=2)
    (1.5, 0.5)
    """
    return gap + (gap_at(curve, age + lag) - gap_at(curve, age) - gap_at(curve, lag))


def expected_gain(curve: tuple[float, ...], gap: float, age: float, lag: float, horizon: int) -> float:
    """Return what a retrain now should gain over `horizon` windows, in which both models age further.

    `gap` is that to a challenger that takes over now, `age` the champion's on the newest labeled window.
    """
    now, steps = age + lag, range(1, horizon + 1)
    keep = sum(gap + gap_at(curve, now + k) - gap_at(curve, now) for k in steps)
    return keep - sum(gap_at(curve, lag + k - 1) - gap_at(curve, lag) for k in steps)


def gap_at(curve: tuple[float, ...], age: float) -> float:
    """Return the expected gap at an age: linear between whole windows, after the curve with the root of the age.

    So grows the distance of a concept that moves at random: more slowly than a straight line.

    >>> gap_at((0.0, 0.1, 0.2), 0.5), gap_at((0.0, 0.1, 0.2), 8)
    (0.05, 0.4)
    """
    top = len(curve) - 1
    if age > top > 0:
        return curve[top] * math.sqrt(age / top)
    age = min(max(age, 0.0), float(top))
    below = int(age)
    above = min(below + 1, top)
    return curve[below] + (age - below) * (curve[above] - curve[below])


@dataclass(frozen=True)
class _Point:
    """The champion on the newest labeled window of one check."""

    age: float
    loss: float
    gap: float | None = None
    lead: float = 0.0
    repaid: bool = False


def _path(signals: Signals, history: History) -> list[_Point]:
    """Return the checks with a loss since the last training, from the moment the gap was 0 to the current check.

    That moment is its first check if it was fresh then; the rejected retrain, which showed that nothing could be
    gained; or otherwise its training, with the loss on its reference.
    """
    assert signals.performance is not None
    lag, past = signals.lag_batches + signals.held_batches, since_training(signals, history)
    points, ahead = [], 0.0
    for index, check in enumerate(past):
        point = _point(check, index, lag)
        point = replace(point, age=max(0.0, point.age - ahead))
        if check.switch is not None and check.switch.age_batches is not None:
            # The age goes on from the last training: that of an older version would count as debt.
            ahead = _age(check.switch.age_batches, index, lag) - point.age
        points += [point] if check.loss is not None else []
    points.append(
        _Point(
            age=max(0.0, _age(signals.age_batches, len(past), lag) - ahead),
            loss=signals.performance.loss,
            gap=signals.probe.gap if signals.probe else None,
        )
    )
    before = history.checks[len(history.checks) - len(past) - 1] if len(history.checks) > len(past) else None
    if before is not None and before.champion == (past[0].champion if past else signals.champion):
        rejected = _point(before, 0, lag)
        return [_Point(rejected.age, points[0].loss if before.loss is None else rejected.loss), *points]
    first = points[0]
    return [_Point(0.0, first.loss if first.age < FRESH else signals.performance.reference_loss), *points]


def _curve(signals: Signals, history: History, straight: bool) -> tuple[float, ...]:
    """Return the expected gap by age: the backtest's curve, corrected by later probes.

    By least squares: one factor on the backtest's curve, which itself has the weight of a quarter of a probe. Without
    such a curve: a straight line through 0, up to the highest age of a probe. A gap counts as at most the loss of one
    batch, so that one bad batch does not bend the curve for all later decisions.
    """
    backtest = _learned(signals)
    bias, _ = _probe_bias(signals, history)
    limit = _unit(signals) or (signals.performance.reference_loss if signals.performance else 0.0) or math.inf
    probes = [
        (point.age, min(max(point.gap + bias, -limit), limit))
        for point in _probed(signals, history)
        if point.gap is not None and point.age >= FRESH
    ]
    if straight or not any(backtest):
        if not probes:
            return backtest
        rate = max(0.0, sum(age * gap for age, gap in probes) / sum(age * age for age, _ in probes))
        length = min(math.ceil(max(age for age, _ in probes)) + 2, LONGEST_CURVE)
        return tuple(rate * age for age in range(length))
    prior = PRIOR_PROBES * sum(gap_at(backtest, age) ** 2 for age in range(1, 8)) / 7
    pairs = [(gap_at(backtest, age), gap) for age, gap in probes]
    product = prior + sum(expected * gap for expected, gap in pairs)
    factor = max(0.0, product / (prior + sum(expected**2 for expected, _ in pairs)))
    return tuple(factor * gap for gap in backtest)


def _learned(signals: Signals) -> tuple[float, ...]:
    """Return the backtest's curve from the age of the freshest challenger on."""
    if signals.learned is None or signals.held_batches == 0:
        return signals.learned.age_gap if signals.learned else (0.0,)
    curve, offset = signals.learned.age_gap, signals.held_batches
    return tuple(gap_at(curve, age + offset) - gap_at(curve, offset) for age in range(len(curve)))


def _probe_bias(signals: Signals, history: History) -> tuple[float, int]:
    """Return the correction of each gap, and how many probes next to a fresh champion have measured it.

    A gap is stored without the backtest's probe bias; yet a probe holds no rows out and is ahead of a challenger by the
    aging over these. Without a backtest both show in the gaps next to a fresh champion: the correction is partial after
    one probe, which may be chance, and full after three. Where no rows are held out, a small model cannot be ahead of a
    full one, so a gap above 0 there is the champion's own fault and is not subtracted.
    """
    if signals.learned is not None:
        return -gap_at(signals.learned.age_gap, signals.held_batches), 0
    excess = [-point.gap for point in _probed(signals, history) if point.gap is not None and point.age < FRESH]
    if not excess:
        return 0.0, 0
    bias = median(excess) * min(len(excess), CALIBRATING_PROBES) / CALIBRATING_PROBES
    return (bias if signals.held_batches > 0 else max(bias, 0.0)), len(excess)


def _probed(signals: Signals, history: History) -> list[_Point]:
    """Return all probes of the history, of any champion but those that the archive brought back.

    An archived version is chosen because it is better than its age.
    """
    lag, archived = signals.lag_batches + signals.held_batches, False
    probed, before = [], None
    for check in history.checks:
        if before is not None and check.champion != before.champion:
            archived = before.switch is not None
        if check.gap is not None and not archived:
            probed.append(_point(check, 1, lag))
        before = check
    return probed


def _point(check: PastCheck, index: int, lag: float) -> _Point:
    loss = math.nan if check.loss is None else check.loss
    lead = check.switch.lead if check.switch else 0.0
    repaid = check.outcome is Outcome.RECALIBRATED
    return _Point(age=_age(check.age_batches, index, lag), loss=loss, gap=check.gap, lead=lead, repaid=repaid)


def _unit(signals: Signals) -> float:
    return signals.learned.batch_loss if signals.learned else 0.0


def _age(age_batches: float | None, index: int, lag: float) -> float:
    """Return the age on the newest labeled window; without a known age, the number of checks."""
    return max(0.0, age_batches - lag - 1.0) if age_batches is not None else float(index)
