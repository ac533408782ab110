"""How what a backtest has learned of a model goes on learning from the checks since: once at each promotion. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable

from driftloop.monitoring.records import Learned, PastCheck, changed


def relearn(learned: Learned, checks: Iterable[PastCheck], *, lag: float = 0.0, behind: float | None = None) -> Learned:
    """Add what the checks of the champion that leaves have measured, each as one batch more beside the backtest's own.

    The loss of a batch moves with the losses of a champion that was as fresh as one can be: its age is counted without
    the `lag` of its labels and of the rows held out from it, in current windows. `behind`, a probe's loss minus that of
    the full challenger that followed it, moves the handicap. The age curve stays the backtest's: the policies correct
    it by every probe of the history, and a gap that was added here as well would count twice.

    >>> known = Learned(batch_loss=2.0, age_gap=(0.0, 0.1, 0.4), handicap=0.3, batches=4)
    >>> seen = [PastCheck(now="2026-01-01", outcome="steady", age_batches=1, loss=3.0),
    ...         PastCheck(now="2026-01-08", outcome="steady", age_batches=2, loss=9.0)]
    >>> relearn(known, seen, behind=0.8)
    Learned(batch_loss=2.25, age_gap=(0.0, 0.1, 0.4), handicap=0.4, batches=6)
    """
    known = tuple(checks)
    # A history of so many batches has one pair less of a model and the batch that follows it.
    before = max(learned.batches - 1, 0)
    fresh = [
        check.loss for check in known if check.loss is not None and _fresh(check, lag) and math.isfinite(check.loss)
    ]
    miss = 0.0 if behind is None or not math.isfinite(behind) else behind - learned.handicap
    return changed(
        learned,
        batch_loss=(learned.batch_loss * before + sum(fresh)) / (before + len(fresh)) if fresh else learned.batch_loss,
        handicap=learned.handicap + miss / (learned.batches + 1),
        batches=learned.batches + len(known),
    )


def _fresh(check: PastCheck, lag: float) -> bool:
    """Whether the champion was trained right before the newest labelled window, give or take half a window."""
    return check.age_batches is not None and check.age_batches - lag - 1.0 < 0.5
