"""How what a backtest has learned of a model goes on learning from the checks since: once at each promotion. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from monitoring.records import Learned, PastCheck


def relearn(learned: Learned, checks: Iterable[PastCheck], *, lag: float = 0.0, behind: float | None = None) -> Learned:
    """Add what the checks of the champion that leaves have measured, each as one batch more beside the backtest's own.

    `lag` is how many current windows the labels are late: an age of zero is that of the freshest model there could be.
    A probe's gap goes into the mean gap of its age, the loss of a model of age zero into the loss of a batch; `behind`,
    a probe's loss minus that of the full challenger that followed, into the handicap. The curve is made monotone again
    (isotonic, each age weighs as many gaps as it has seen). Probes are asked for where much may be lost, so the curve
    leans towards ageing by as much as they are many beside the backtest's batches.

    >>> known = Learned(batch_loss=2.0, age_gap=(0.0, 0.1, 0.4), handicap=0.3, batches=4)
    >>> seen = [PastCheck(now="2026-01-01", outcome="steady", age_batches=1, loss=3.0),
    ...         PastCheck(now="2026-01-08", outcome="steady", age_batches=2, loss=3.0, gap=0.4)]
    >>> relearn(known, seen, behind=0.8).model_dump()
    {'batch_loss': 2.25, 'age_gap': (0.0, 0.2, 0.4), 'handicap': 0.4, 'batches': 6}
    """
    known = tuple(checks)
    aged = [(round(max(0.0, c.age_batches - lag - 1.0)), c) for c in known if c.age_batches is not None]
    fresh = [check.loss for age, check in aged if age == 0 and check.loss is not None and np.isfinite(check.loss)]
    gaps = [(age, check.gap) for age, check in aged if age > 0 and check.gap is not None and np.isfinite(check.gap)]
    before = max(learned.batches - 1, 0)
    return Learned(
        batch_loss=(learned.batch_loss * before + sum(fresh)) / (before + len(fresh)) if fresh else learned.batch_loss,
        age_gap=_curve(learned, gaps) if gaps else learned.age_gap,
        handicap=learned.handicap
        if behind is None
        else learned.handicap + (behind - learned.handicap) / (learned.batches + 1),
        batches=learned.batches + len(known),
    )


def _curve(learned: Learned, gaps: list[tuple[int, float]]) -> tuple[float, ...]:
    """The age curve with further gaps. At an age of a there are as many pairs of batches as lie that far apart."""
    from scipy.optimize import isotonic_regression

    old = np.asarray(learned.age_gap)
    ages = np.arange(max(len(old), 1 + max(age for age, _ in gaps)))
    pairs = np.where(ages < len(old), np.maximum(learned.batches - 1 - ages, 1), 0).astype(np.float64)
    means = np.concatenate([old, np.full(len(ages) - len(old), old[-1])])
    more, total = (np.bincount([a for a, _ in gaps], weights, len(ages)) for weights in (None, [g for _, g in gaps]))
    # An age that no one has seen yet weighs next to nothing, and so takes the level of its neighbours.
    weights = np.maximum(pairs + more, 1e-9)
    mixed = np.where(more > 0, (means * pairs + total) / weights, means)
    level = isotonic_regression(mixed[1:], weights=weights[1:]).x
    return (0.0, *np.maximum(level, 0.0).round(12).tolist())
