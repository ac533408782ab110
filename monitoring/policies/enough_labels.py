"""Guard: a minimum number of labels for training and for the gate."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from driftloop.monitoring.policies.base import Guard
from driftloop.monitoring.records import History, Signals, Vote
from driftloop.monitoring.settings.limits import MOST_ROWS


class EnoughLabels(Guard):
    """Vetoes while the newest window with complete labels has fewer than `min_labels` labeled rows.

    With `min_per_class` it also vetoes while a class of the champion has fewer labeled rows than that: of two classes,
    one of which is rare, this is a minimum number of positives.
    """

    declares = frozenset({"labels"})
    policy: Literal["enough_labels"] = "enough_labels"
    min_labels: int = Field(
        200, ge=1, le=MOST_ROWS, description="minimum number of labeled rows; with `columns.weight` the effective one"
    )
    min_per_class: int | None = Field(
        None, ge=1, le=MOST_ROWS, description="minimum number of labeled rows of each class; no limit if not given"
    )

    def judge(self, signals: Signals, history: History, now: datetime) -> Vote:
        measured = signals.performance
        weighted = measured is not None and measured.effective_rows is not None
        rows = measured.worth if measured is not None and weighted else float(signals.labelled_rows)
        text = measured.counted if measured is not None and weighted else f"{signals.labelled_rows:,} labeled rows"
        enough = self.require(float(rows), float(self.min_labels), f"{text} (minimum {self.min_labels:,})")
        if enough.vote == "veto" or self.min_per_class is None or not signals.class_labels:
            return enough
        name, count = min(signals.class_labels.items(), key=lambda item: (item[1], item[0]))
        text = f"{count:,} labeled rows of class {name!r} (minimum {self.min_per_class:,}, min_per_class)"
        return self.require(float(count), float(self.min_per_class), text)
