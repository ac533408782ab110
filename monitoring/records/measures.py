"""Measurements of a check and their references: scores, losses."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from driftloop.monitoring.records.base import Kind, Loss, Record, Role, Window

Standing = Literal["well", "worse", "unknown"]
"""How a champion does on labelled rows, compared with its reference: see `Performance.standing`."""

LEAST_RISE = 0.05  # a rise that many rows prove and that is smaller than this is nobody's concern
# How the type of a column begins that is text in the files, before how it is read.
TEXT = "text read as "


class ColumnReference(Record):
    """What is remembered of one column of the reference, and how it will be judged, fixed once.

    `levels` are the most frequent first. `low` and `high` are the extremes, `fence_low` and `fence_high` the bounds
    that values are clipped to before scoring, so that one outlier cannot hide a shift. Without a `threshold` it is
    calibrated for each check's rows, and never lower than `effect_floor`.
    """

    name: str
    role: Role
    kind: Kind
    null_share: float
    distinct: int
    levels: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    fence_low: float | None = None
    fence_high: float | None = None
    method: str
    threshold: float | None = None
    effect_floor: float = 0.0


class Reference(Record):
    """What a champion remembers of the rows it was made from. Stored as an artifact of its version.

    `loss` is the champion's mean loss on rows it was not trained on, never its training loss. `source_types` are all
    columns of the source with the types that its engine gave them, of text in files `TEXT` and how it is read.
    `importance` is the weight of each feature in the
    model, in sum 1; empty where its estimator tells none.
    """

    window: Window
    rows: int
    columns: tuple[ColumnReference, ...]
    source_types: dict[str, str]
    loss_name: str
    loss: float
    loss_rows: int
    importance: dict[str, float] = Field(default_factory=dict)

    def column(self, name: str) -> ColumnReference | None:
        return next((column for column in self.columns if column.name == name), None)

    def of_role(self, *roles: Role) -> tuple[ColumnReference, ...]:
        return tuple(column for column in self.columns if column.role in roles)


class ColumnScore(Record):
    """How far one column of the current rows is from the reference."""

    name: str
    role: Role
    kind: Kind
    method: str
    score: float
    threshold: float
    drifted: bool


def share_drifted(scores: Iterable[ColumnScore]) -> float | None:
    """Return the share of the features that drifted; None when no feature could be judged."""
    features = [score for score in scores if score.role == "feature"]
    return sum(score.drifted for score in features) / len(features) if features else None


class Performance(Record):
    """The champion's mean loss on labelled rows, with a 95 % interval, and its loss on the rows of its reference.

    `reference_rows` is null in records of before it was kept: the reference loss then counts as exact.
    """

    loss_name: str
    loss: Loss
    low: float
    high: Loss
    rows: int
    window: Window
    reference_loss: Loss
    reference_rows: int | None = None

    @property
    def title(self) -> str:
        """The name of the loss in texts."""
        return loss_title(self.loss_name)

    @property
    def rise(self) -> float:
        """Relative rise of the loss over the reference: 0.1 is ten per cent worse."""
        return relative_rise(self.loss, self.reference_loss)

    @property
    def standing(self) -> Standing:
        """`worse` if the loss is above the reference loss beyond chance and by at least `LEAST_RISE` of it.

        Chance is in both losses: the interval of the reference loss is taken to be that of the present one, as many
        times wider as its rows are fewer (by their square root). `unknown` if there is no interval to judge by.
        """
        if self.rise < LEAST_RISE:
            return "well"
        if math.isinf(self.loss):
            return "worse"
        half = self.loss - self.low if self.low > 0 else self.high - self.loss  # the lower end is cut at zero
        if not math.isfinite(half):
            return "unknown"
        of_reference = 0.0
        if self.reference_rows:
            # Losses spread in proportion to their mean, more often than not.
            level = min(self.reference_loss / self.loss, 1.0)
            of_reference = half * level * math.sqrt(self.rows / self.reference_rows)
        return "worse" if self.loss - self.reference_loss > math.hypot(half, of_reference) else "well"


def loss_title(name: str) -> str:
    """Return the name of a loss for texts: without a table of costs.

    >>> loss_title('cost_matrix({"no":{"yes":1.0},"yes":{"no":5.0}})'), loss_title("pinball(0.9)")
    ('cost_matrix', 'pinball(0.9)')
    """
    return name.partition("({")[0]


def relative_rise(loss: float, reference_loss: float) -> float:
    """By how much of the reference's a loss is higher; without any loss there, every rise is infinite.

    >>> round(relative_rise(1.1, 1.0), 6), relative_rise(0.0, 0.0), relative_rise(0.1, 0.0)
    (0.1, 0.0, inf)
    """
    if reference_loss > 0:
        return loss / reference_loss - 1.0
    return 0.0 if loss <= reference_loss else float("inf")
