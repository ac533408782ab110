"""What a champion has lost by its age, and what a fresh model would win: the sums of the policies that weigh cost.

No policy. A gap is the champion's loss minus a fresh model's on the same rows; ages and debts are in current windows,
an age of zero being that of the freshest model there could be. Pure: all is worked out again from the history.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from monitoring.policies.tenure import tenure
from monitoring.records import History, Learned, Signals


@dataclass(frozen=True)
class Staleness:
    """Debt and gap of the champion by now, measured where there was a probe, optimistic since.

    `debt` is the gap added up since the last training, in loss times windows; `winnable` what a retrain now would win
    back over the coming windows. Optimistic means in favour of a retrain: as large as the gap may have become.
    """

    unit: float
    age: float
    lag: float
    gap: float
    debt: float
    winnable: float
    measured: bool
    from_backtest: bool


def staleness(signals: Signals, history: History, horizon: int, learned: Learned | None = None) -> Staleness | None:
    """Work it out for the newest labelled window; None where no finite loss is known.

    `learned` stands in for what the signals bring from the backtest. With neither, the reference loss is the unit, and
    no ageing is expected but that which the loss shows.
    """
    seen = signals.performance
    if seen is None or not math.isfinite(seen.loss) or not math.isfinite(seen.reference_loss):
        return None
    learned = learned or signals.learned or Learned(batch_loss=seen.reference_loss)
    lag = signals.lag_batches
    past = tenure(signals, history)
    ages = [_age(check.age_batches, place, lag) for place, check in enumerate(past)]
    now = _age(signals.age_batches, len(past), lag)
    path = [(age, check.loss, check.gap) for age, check in zip(ages, past, strict=True)]
    path.append((now, seen.loss, signals.probe.gap if signals.probe else None))
    base_age, base_gap, base_loss, debt = 0.0, 0.0, seen.reference_loss, 0.0
    last_age, last_gap, hoped, before = 0.0, 0.0, 0.0, base_loss
    if path[0][0] <= 0 and path[0][1] is not None:
        base_loss = path[0][1]  # nobody was fresher on these rows: its gap is zero without a probe
    for age, loss, gap in path:
        if gap is not None:
            debt += (age - base_age) * (base_gap + gap) / 2
            # The probe could not learn from the rows it was scored on: a rise that came with them is still open.
            base_age, base_gap, base_loss, hoped = age, gap, before, 0.0
            last_age, last_gap, before = age, gap, before if loss is None else loss
            continue
        rise = 0.0 if loss is None else loss - base_loss
        likely = base_gap + max(gap_at(learned, age) - gap_at(learned, base_age), rise, 0.0)
        hoped += (age - last_age) * (last_gap + likely) / 2
        last_age, last_gap, before = age, likely, before if loss is None else loss
    return Staleness(
        unit=learned.batch_loss,
        age=now,
        lag=lag,
        gap=last_gap,
        debt=debt + hoped,
        winnable=winnable(learned, last_gap, now, lag, horizon),
        measured=signals.probe is not None,
        from_backtest=signals.learned is not None,
    )


def grown(signals: Signals, history: History) -> Learned | None:
    """What was learned, its age curve replaced by the straight line through the gaps that probes have measured so far.

    By least squares through zero over all champions of the history; before the first probe the curve stays.
    """
    seen = signals.performance
    known = signals.learned or (Learned(batch_loss=seen.reference_loss) if seen else None)
    pairs = [
        (age, check.gap)
        for check in history.checks
        if check.gap is not None and (age := _age(check.age_batches, 1, signals.lag_batches)) > 0
    ]
    if known is None or not pairs:
        return known
    rate = max(0.0, sum(age * gap for age, gap in pairs) / sum(age * age for age, _ in pairs))
    oldest = math.ceil(max(age for age, _ in pairs)) + 1
    return known.model_copy(update={"age_gap": tuple(rate * age for age in range(oldest + 1))})


def winnable(learned: Learned, gap: float, age: float, lag: float, horizon: int) -> float:
    """What a retrain now would win over so many windows: the old model ages further, and so does the new one."""
    keep = sum(gap + gap_at(learned, age + lag + k) - gap_at(learned, age) for k in range(1, horizon + 1))
    return keep - sum(gap_at(learned, lag + k - 1) for k in range(1, horizon + 1))


def gap_at(learned: Learned, age: float) -> float:
    """The expected gap at an age: linear between whole windows, and level beyond what was ever seen.

    >>> curve = Learned(batch_loss=1.0, age_gap=(0.0, 0.1, 0.2))
    >>> gap_at(curve, 0.5), gap_at(curve, 9)
    (0.05, 0.2)
    """
    curve = learned.age_gap
    age = min(max(age, 0.0), len(curve) - 1.0)
    below = min(int(age), len(curve) - 1)
    above = min(below + 1, len(curve) - 1)
    return curve[below] + (age - below) * (curve[above] - curve[below])


def _age(age_batches: float | None, place: int, lag: float) -> float:
    """The age on the newest labelled window, counted in checks where it is not known otherwise."""
    return max(0.0, age_batches - lag - 1.0) if age_batches is not None else float(place)
