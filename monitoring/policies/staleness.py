"""What a champion has lost by its age, and what a fresh model would win: the sums of the policies that weigh cost.

No policy. A gap is the champion's loss minus a fresh model's on the same rows; ages and debts are in current windows,
an age of zero being that of the freshest challenger there could be: one that holds its newest rows out for the gate is
older than its window by these. Pure: all is worked out again from the history.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from statistics import median

from driftloop.monitoring.policies.tenure import tenure
from driftloop.monitoring.records import History, PastCheck, Signals

# A model younger than half a window is as good as fresh: what a probe finds there is the probe's own handicap.
FRESH = 0.5
# A backtest's age curve weighs as much as so many probes in operation; without one, so many calibrate the probe.
PRIOR_PROBES = 4
CALIBRATING_PROBES = 3
# Ages in windows, where windows are short and champions old; beyond it a gap grows with the root of the age.
LONGEST_CURVE = 10_000


@dataclass(frozen=True)
class Staleness:
    """Debt and gap of the champion by now, measured where there was a probe, optimistic since.

    `debt` is the gap added up since the last training, in loss times windows; `winnable` what a retrain now would win
    back over the coming windows. Optimistic means in favour of a retrain: as large as the gap may have become. `unit`
    is one batch's loss. `uncalibrated`: how far a probe is behind is not known yet, and this check could measure it.
    `correction` was added to the gap of each probe; `samples` probes next to a fresh champion have shown it, 0 where a
    backtest has.
    """

    unit: float
    age: float
    gap: float
    debt: float
    winnable: float
    measured: bool
    uncalibrated: bool
    correction: float = 0.0
    samples: int = 0

    def explain(self, signals: Signals) -> str:
        """What became of the gap of this check's probe, where it is not weighed as it is."""
        if signals.probe is None or (self.measured and not self.correction):
            return ""
        if not self.measured:
            return (
                f"; the probe's gap {signals.probe.gap:.3g} is not weighed: next to a champion as fresh as can be it "
                "measures the probe, and corrects later ones"
            )
        source = (
            f"{self.samples} of {CALIBRATING_PROBES} probes next to a fresh champion" if self.samples else "backtest"
        )
        gap = signals.probe.gap
        return f"; the probe's gap {gap:.3g} counts as {gap + self.correction:.3g} (correction from {source})"

    def costs(self, loss: float, retrain: float) -> float:
        """Return how many retrains a loss is worth, each of which costs `retrain` batches."""
        # The smallest losses there are, times a small cost, are rounded to nothing.
        return max(0.0, loss) / max(retrain * self.unit, sys.float_info.min)


def staleness(signals: Signals, history: History, horizon: int, *, straight: bool = False) -> Staleness | None:
    """Work it out for the newest labelled window; None where no finite loss above zero is known.

    `straight` draws the expected ageing from the probes of the history alone, as a straight line.
    """
    seen = signals.performance
    if seen is None or not math.isfinite(seen.loss) or not math.isfinite(seen.reference_loss):
        return None
    curve, path = _curve(signals, history, straight), _path(signals, history)
    handicap, samples = _handicap(signals, history)
    start, age = path[0], path[-1].age
    gap = debt = hoped = base_gap = 0.0
    base_age, base_loss, before, last_age = start.age, start.loss, start.loss, start.age
    for at in path[1:]:
        if at.gap is not None and at.age >= FRESH:
            gap = at.gap + handicap
            # What an older model happened to win is no credit against what this one loses.
            debt = max(0.0, debt + (at.age - base_age) * (base_gap + gap) / 2)
            # The probe could not learn from the rows it was scored on: a rise that came with them is still open.
            base_age, base_gap, base_loss, hoped = at.age, gap, before, 0.0
        else:
            ageing = gap_at(curve, at.age) - gap_at(curve, base_age)
            likely = base_gap + max(ageing, at.loss - base_loss, 0.0)
            hoped += (at.age - last_age) * (gap + likely) / 2
            gap = likely
        last_age, before = at.age, at.loss
    unit = next((one for one in (_unit(signals), seen.reference_loss, seen.loss) if one > 0), None)
    if unit is None:
        return None
    probed = signals.probe is not None
    return Staleness(
        unit=unit,
        age=age,
        gap=gap,
        debt=debt + hoped,
        winnable=winnable(curve, gap, age, signals.lag_batches, horizon),
        measured=probed and age >= FRESH,
        uncalibrated=signals.learned is None and not probed and age < FRESH and samples < CALIBRATING_PROBES,
        correction=handicap,
        samples=samples,
    )


def winnable(curve: tuple[float, ...], gap: float, age: float, lag: float, horizon: int) -> float:
    """What a retrain now would win over so many windows: the old model ages further, and so does the new one."""
    steps = range(1, horizon + 1)
    keep = sum(gap + gap_at(curve, age + lag + k) - gap_at(curve, age) for k in steps)
    return keep - sum(gap_at(curve, lag + k - 1) for k in steps)


def gap_at(curve: tuple[float, ...], age: float) -> float:
    """The expected gap at an age: linear between whole windows; beyond what was seen it grows with the root of the age.

    So does the distance of a concept that wanders at random: less than a line, more than standing still.

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
    """The champion on the newest labelled window of one check."""

    age: float
    loss: float
    gap: float | None = None


def _path(signals: Signals, history: History) -> list[_Point]:
    """From the moment when the champion's gap was zero, over its checks with a loss since then, up to now.

    That moment is its first check if it was fresh then; the retrain that was rejected, since it proved that there was
    nothing to win; or else the champion's making, with the loss on its reference.
    """
    assert signals.performance is not None
    lag, past = signals.lag_batches + signals.held_batches, tenure(signals, history)
    points = [_point(check, place, lag) for place, check in enumerate(past) if check.loss is not None]
    points.append(
        _Point(
            age=_age(signals.age_batches, len(past), lag),
            loss=signals.performance.loss,
            gap=signals.probe.gap if signals.probe else None,
        )
    )
    before = history.checks[len(history.checks) - len(past) - 1] if len(history.checks) > len(past) else None
    if before is not None and before.champion == signals.champion:
        rejected = _point(before, 0, lag)
        return [_Point(rejected.age, points[0].loss if before.loss is None else rejected.loss), *points]
    first = points[0]
    return [_Point(0.0, first.loss if first.age < FRESH else signals.performance.reference_loss), *points]


def _curve(signals: Signals, history: History, straight: bool) -> tuple[float, ...]:
    """The expected gap by age, as the backtest has it and the probes since then correct it.

    By least squares: one factor on the backtest's curve, which itself weighs as much as a few probes; or a straight
    line through zero, as far as probes have reached, where there is no curve.
    """
    known = _learned(signals)
    handicap, _ = _handicap(signals, history)
    probes = [(at.age, at.gap + handicap) for at in _probed(signals, history) if at.gap is not None and at.age >= FRESH]
    if straight or not any(known):
        if not probes:
            return known
        rate = max(0.0, sum(age * gap for age, gap in probes) / sum(age * age for age, _ in probes))
        reach = min(math.ceil(max(age for age, _ in probes)) + 2, LONGEST_CURVE)
        return tuple(rate * age for age in range(reach))
    prior = PRIOR_PROBES * sum(gap_at(known, age) ** 2 for age in range(1, 8)) / 7
    seen = [(gap_at(known, age), gap) for age, gap in probes]
    told = prior + sum(expected * gap for expected, gap in seen)
    factor = max(0.0, told / (prior + sum(expected**2 for expected, _ in seen)))
    return tuple(factor * gap for gap in known)


def _learned(signals: Signals) -> tuple[float, ...]:
    """The backtest's curve, from the age of the freshest challenger on."""
    if signals.learned is None or signals.held_batches == 0:
        return signals.learned.age_gap if signals.learned else (0.0,)
    whole, held = signals.learned.age_gap, signals.held_batches
    return tuple(gap_at(whole, age + held) - gap_at(whole, held) for age in range(len(whole)))


def _handicap(signals: Signals, history: History) -> tuple[float, int]:
    """What is to be added to each gap, and how many probes beside a fresh champion have shown it.

    A backtest's handicap was taken off each gap already; yet a probe holds no rows out, and is ahead of a challenger by
    the ageing over these. Without a backtest both show in what probes find next to a champion as fresh as can be: in
    part after one probe, in full after three, as one may be chance. Where no rows are held out a small model cannot
    be ahead of a full one, so what a probe finds there is the champion's own fault, and nothing is taken off.
    """
    if signals.learned is not None:
        return -gap_at(signals.learned.age_gap, signals.held_batches), 0
    found = [-at.gap for at in _probed(signals, history) if at.gap is not None and at.age < FRESH]
    if not found:
        return 0.0, 0
    shown = median(found) * min(len(found), CALIBRATING_PROBES) / CALIBRATING_PROBES
    return (shown if signals.held_batches > 0 else max(shown, 0.0)), len(found)


def _probed(signals: Signals, history: History) -> list[_Point]:
    """All probes of the history, of whatever champion."""
    lag = signals.lag_batches + signals.held_batches
    return [_point(check, 1, lag) for check in history.checks if check.gap is not None]


def _point(check: PastCheck, place: int, lag: float) -> _Point:
    loss = math.nan if check.loss is None else check.loss
    return _Point(age=_age(check.age_batches, place, lag), loss=loss, gap=check.gap)


def _unit(signals: Signals) -> float:
    return signals.learned.batch_loss if signals.learned else 0.0


def _age(age_batches: float | None, place: int, lag: float) -> float:
    """The age on the newest labelled window, counted in checks where it is not known otherwise."""
    return max(0.0, age_batches - lag - 1.0) if age_batches is not None else float(place)
