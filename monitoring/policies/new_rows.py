"""Trigger: so many rows came since the last training."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from monitoring.limits import MOST_ROWS
from monitoring.policies.base import Trigger
from monitoring.policies.tenure import tenure
from monitoring.records import History, Signals, Vote


class NewRows(Trigger):
    """Fires when at least `rows` rows were checked since the last retrain, or since the champion took over.

    The data-amount trigger of Modyn (arXiv 2312.06254). Windows that overlap count each row once, as far as the
    champion's age tells it.
    """

    declares = frozenset({"rows", "age", "checks", "retrains"})
    policy: Literal["new_rows"] = "new_rows"
    rows: int = Field(ge=1, le=MOST_ROWS)

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        seen, age = 0.0, None
        for check in tenure(signals, history):
            seen += check.rows * _new(age, check.age_batches)
            age = check.age_batches
        seen += signals.rows * _new(age, signals.age_batches)
        reason = f"{seen:,.0f} rows since the last training (limit {self.rows:,})"
        return self.compare(seen, float(self.rows), reason)


def _new(before: float | None, age: float | None) -> float:
    """The share of a window that an earlier one did not cover."""
    return 1.0 if before is None or age is None else min(1.0, max(0.0, age - before))
