"""Update of a backtest's results by the checks since, once per promotion. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable

from driftloop.monitoring.records import Learned, PastCheck, changed

# A loss counts as at most so many times the loss per batch.
MOST = 3.0


def relearn(learned: Learned, checks: Iterable[PastCheck], *, lag: float = 0.0, excess: float | None = None) -> Learned:
    """Add the measurements of the outgoing champion's checks to a backtest's; each check counts as one more batch.

    The losses of a fresh champion update the loss per batch; its age excludes the `lag` of its labels and of its
    held-out rows, in current windows. `excess`, a probe's loss minus that of the full challenger that followed it,
    updates the probe bias. One bad batch must not distort either: a loss counts as at most three times the loss per
    batch and at least a third of it, a change of the bias as at most one loss per batch (winsorizing). The age curve
    is unchanged: the policies correct it by every probe of the history, and a gap that was added here as well would
    count twice.

    >>> backtest = Learned(batch_loss=2.0, age_gap=(0.0, 0.1, 0.4), batches=4)
    >>> checks = [PastCheck(now="2026-01-01", outcome="steady", age_batches=1, loss=3.0),
    ...           PastCheck(now="2026-01-08", outcome="steady", age_batches=2, loss=9.0)]
    >>> relearn(backtest, checks, excess=0.5).batch_loss
    2.25
    """
    past = tuple(checks)
    # N batches have N - 1 pairs of a model and the batch that follows it.
    before, unit = max(learned.batches - 1, 0), learned.batch_loss
    fresh = [
        _clipped(check.loss, unit / MOST, unit * MOST) if unit > 0 else check.loss
        for check in past
        if check.loss is not None and _fresh(check, lag) and math.isfinite(check.loss)
    ]
    change = 0.0 if excess is None or not math.isfinite(excess) else _clipped(excess - learned.handicap, -unit, unit)
    return changed(
        learned,
        batch_loss=(learned.batch_loss * before + sum(fresh)) / (before + len(fresh)) if fresh else learned.batch_loss,
        handicap=learned.handicap + change / (learned.batches + 1),
        batches=learned.batches + len(past),
    )


def _clipped(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _fresh(check: PastCheck, lag: float) -> bool:
    """Return whether the champion was trained at most half a window before the newest labeled window."""
    return check.age_batches is not None and check.age_batches - lag - 1.0 < 0.5
