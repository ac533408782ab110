"""Guard: a minimum number of labels for training and for the gate."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftloop.monitoring.policies.base import Guard
from driftloop.monitoring.records import History, Signals, Vote
from driftloop.monitoring.settings.limits import MOST_ROWS


class EnoughLabels(Guard):
    """Vetoes while the newest window with complete labels has fewer than `min_labels` labeled rows."""

    declares = frozenset({"labels"})
    policy: Literal["enough_labels"] = "enough_labels"
    min_labels: int = Field(200, ge=1, le=MOST_ROWS, description="minimum number of labeled rows")

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        rows = signals.labelled_rows
        return self.require(float(rows), float(self.min_labels), f"{rows:,} labeled rows (minimum {self.min_labels:,})")
