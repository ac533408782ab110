"""Trigger: enough new rows since the last training."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Literal

from pydantic import Field

from driftloop.monitoring.policies.base import Trigger
from driftloop.monitoring.policies.tenure import since_training
from driftloop.monitoring.records import History, Signals, Vote
from driftloop.monitoring.settings.limits import MOST_ROWS


class NewRows(Trigger):
    """Fires when at least `rows` rows were checked since the last retrain, or since the champion took over.

    The data-amount trigger of Modyn (arXiv 2312.06254). Overlapping windows count each row once: the first window
    counts the time since the previous check or retrain, and each further window the time by which the champion aged.
    """

    declares = frozenset({"rows", "age", "checks", "retrains"})
    policy: Literal["new_rows"] = "new_rows"
    rows: int = Field(ge=1, le=MOST_ROWS, description="number of rows that fires")

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        checks = since_training(signals, history)
        begin = checks[0].now if checks else now
        times = [*(check.now for check in history.checks), *(retrain.now for retrain in history.retrains)]
        before = max((moment for moment in times if moment < begin), default=None)
        first = min(1.0, (begin - before) / signals.window.length) if before is not None else 1.0
        rows = [*(check.rows for check in checks), signals.rows]
        ages = [*(check.age_batches for check in checks), signals.age_batches]
        shares = [first, *(_new(*pair) for pair in pairwise(ages))]
        total = sum(count * share for count, share in zip(rows, shares, strict=True))
        reason = f"{total:,.0f} new rows since the last training (limit {self.rows:,})"
        return self.compare(total, float(self.rows), reason)


def _new(before: float | None, age: float | None) -> float:
    """Return the share of a window that an earlier one did not cover."""
    return 1.0 if before is None or age is None else min(1.0, max(0.0, age - before))
