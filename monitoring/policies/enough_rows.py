"""Guard: a minimum number of rows in the check."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftloop.monitoring.policies.base import Guard
from driftloop.monitoring.records import History, Signals, Vote
from driftloop.monitoring.settings.limits import MOST_ROWS


class EnoughRows(Guard):
    """Vetoes while the current window has fewer than `min_rows` rows.

    Right after a change there are few rows to learn from; a retrain that waits for rows of the new regime gains more
    (CALIPER, arXiv 2603.09024).
    """

    declares = frozenset({"rows"})
    policy: Literal["enough_rows"] = "enough_rows"
    min_rows: int = Field(200, ge=1, le=MOST_ROWS, description="minimum number of rows")

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        reason = f"{signals.rows:,} rows (minimum {self.min_rows:,})"
        return self.require(float(signals.rows), float(self.min_rows), reason)
