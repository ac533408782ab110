"""Measurements of a check and their references: scores, losses."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import timedelta
from typing import Literal

from pydantic import Field

from driftloop.monitoring.records.base import Kind, Loss, Record, Role, Window
from driftloop.monitoring.records.figures import multiple
from driftloop.monitoring.records.slices import SliceReference, relative_rise

Standing = Literal["well", "worse", "unknown"]
"""The champion's loss on labeled rows compared with its reference loss: see `Performance.standing`."""

MINUTES_FROM = timedelta(days=1)  # the seconds of a longer span say nothing
LEAST_RISE = 0.05  # a smaller rise is negligible, even if it is significant
# Prefix of the type of a column that is text in the files; the type that it is read as follows.
TEXT = "text read as "


class ColumnReference(Record):
    """Summary of one column of the reference, and how it is scored, fixed once.

    `levels` begin with the most frequent. `low` and `high` are the extremes, `fence_low` and `fence_high` the bounds
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
    """Summary of the rows that a champion was trained on, stored as an artifact of its version.

    `loss` is the champion's mean loss on rows it was not trained on, never its training loss. `source_types` are all
    columns of the source with their types in its engine; for text in files it is `TEXT` with the type it is read as.
    `importance` is the weight of each feature in the model, with sum 1; empty if the estimator has none.
    `metrics` are the champion's on the rows of `loss`, by name. `slices` has
    the loss on each slice of the same rows. `weight` is the column by which rows were weighted, if any; `loss_rows` are
    then effective rows.
    """

    window: Window
    rows: int
    columns: tuple[ColumnReference, ...]
    source_types: dict[str, str]
    loss_name: str
    loss: float
    loss_rows: int
    importance: dict[str, float] = Field(default_factory=dict)
    metrics: dict[str, float] = Field(default_factory=dict)
    slices: tuple[SliceReference, ...] = ()
    weight: str | None = None

    def column(self, name: str) -> ColumnReference | None:
        return next((column for column in self.columns if column.name == name), None)

    def of_role(self, *roles: Role) -> tuple[ColumnReference, ...]:
        return tuple(column for column in self.columns if column.role in roles)


class ColumnScore(Record):
    """Distance of one column of the current rows to the reference."""

    name: str
    role: Role
    kind: Kind
    method: str
    score: float
    threshold: float
    drifted: bool


class DriftBasis(Record):
    """What drift was measured against, and which variation counts as chance.

    With `blocks`, the variation between the `windows` of the reference counts as chance, with `rows` the sampling of
    rows only; `windows` is then 0. `varying` of the `columns` vary between windows by more than the sampling of rows
    explains. `false_alarm_rate` is the rate of this check, if a promise over a year sets it. `same_period` is the
    distance to the rows of an earlier year, if drift was measured against these.
    """

    calibration: Literal["rows", "blocks"]
    windows: int
    columns: int
    varying: int | None = None
    reference: Window
    reference_rows: int
    false_alarm_rate: float | None = None
    same_period: str | None = None

    def sentence(self) -> str:
        """Return reference and calibration as text.

        >>> both = {"reference": Window(start="2026-01-01", end="2026-02-26"), "reference_rows": 51200, "columns": 14}
        >>> DriftBasis(calibration="blocks", windows=8, varying=9, **both).sentence()
        'compared with 51,200 rows of 2026-01-01 to 2026-02-26; 9 of 14 columns vary between its 8 windows: not drift'
        >>> DriftBasis(calibration="rows", windows=0, **both).sentence()
        'compared with 51,200 rows of 2026-01-01 to 2026-02-26; calibration by rows'
        >>> both["reference"] = Window(start="2026-01-01T00:06:33.5", end="2026-02-26")
        >>> DriftBasis(calibration="rows", windows=0, **both).sentence()
        'compared with 51,200 rows of 2026-01-01 00:06 to 2026-02-26 00:00; calibration by rows'
        """
        whole = self.reference
        if whole.length >= MINUTES_FROM:
            start, end = (moment.replace(second=0, microsecond=0) for moment in (whole.start, whole.end))
            whole = Window(start=start, end=end)
        rows = f"compared with {self.reference_rows:,} rows of {whole}"
        if self.same_period is not None:
            rows += f", the same period {self.same_period} earlier"
        if self.false_alarm_rate is not None:
            rows += f", at a false-alarm rate of {self.false_alarm_rate:.2g}"
        if self.calibration == "rows":
            return f"{rows}; calibration by rows"
        moving = f"{self.varying} of {self.columns} columns vary between its {self.windows} windows"
        return f"{rows}; {moving}" + (": not drift" if self.varying else "")


class MovedColumn(Record):
    """A drifted column: its score as a multiple of its limit, and its importance to the champion, if it has one."""

    name: str
    ratio: float
    importance: float | None = None

    def __str__(self) -> str:
        known = "" if self.importance is None else f" (importance {self.importance:.0%})"
        return f"{self.name} {multiple(self.ratio)} its limit{known}"


class Moved(Record):
    """The columns that moved most, and whether a trigger of the config reads drift.

    `weighted`: in the order of ratio times importance, otherwise of the ratio alone.
    """

    columns: tuple[MovedColumn, ...]
    weighted: bool
    triggers: bool

    def sentence(self) -> str:
        """Return the columns, and what drift alone does, as text.

        >>> temp, humid = MovedColumn(name="temp", ratio=3.4), MovedColumn(name="humid", ratio=1.52)
        >>> Moved(columns=(temp, humid), weighted=False, triggers=True).sentence()
        'temp 3.4x its limit, humid 1.5x its limit; not weighted, no importance is known'
        >>> heavy = MovedColumn(name="temp", ratio=3.4, importance=0.21)
        >>> Moved(columns=(heavy,), weighted=True, triggers=False).sentence()
        'temp 3.4x its limit (importance 21%); drift alone triggers nothing, no trigger reads it'
        """
        text = ", ".join(map(str, self.columns))
        text += "" if self.weighted else "; not weighted, no importance is known"
        return text if self.triggers else f"{text}; drift alone triggers nothing, no trigger reads it"


def share_drifted(scores: Iterable[ColumnScore]) -> float | None:
    """Return the share of drifted features; None if no feature was scored."""
    features = [score for score in scores if score.role == "feature"]
    return sum(score.drifted for score in features) / len(features) if features else None


class Performance(Record):
    """The champion's mean loss on labeled rows, with a 95% CI, and its loss on the rows of its reference.

    `reference_rows` is null in old records: the reference loss then counts as exact. `effective_rows` is how many rows
    of equal weight the labeled ones are worth, null where all count the same; `reference_rows` are effective ones too.
    """

    loss_name: str
    loss: Loss
    low: float
    high: Loss
    rows: int
    window: Window
    reference_loss: Loss
    reference_rows: int | None = None
    effective_rows: float | None = None

    @property
    def worth(self) -> float:
        """The number of rows that counts where rows are counted: the effective one under weights."""
        return self.rows if self.effective_rows is None else self.effective_rows

    @property
    def counted(self) -> str:
        """The labeled rows as text, with what they are worth under weights."""
        text = f"{self.rows:,} labeled rows"
        return text if self.effective_rows is None else f"{text} worth {self.effective_rows:,.0f} of equal weight"

    @property
    def title(self) -> str:
        """The name of the loss in texts."""
        return loss_title(self.loss_name)

    @property
    def rise(self) -> float:
        """Return the relative rise of the loss over the reference: 0.1 is 10% worse."""
        return relative_rise(self.loss, self.reference_loss)

    @property
    def standing(self) -> Standing:
        """Return `worse` if the loss is significantly above the reference loss, by at least `LEAST_RISE` of it.

        Both losses have an error: the interval of the reference loss is that of the current one, scaled by the square
        root of the ratio of the rows. `unknown` without an interval.
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
            # The spread of losses is mostly proportional to their mean.
            level = min(self.reference_loss / self.loss, 1.0)
            of_reference = half * level * math.sqrt(self.worth / self.reference_rows)
        return "worse" if self.loss - self.reference_loss > math.hypot(half, of_reference) else "well"


def loss_title(name: str) -> str:
    """Return the name of a loss for texts: without a table of costs.

    >>> loss_title('cost_matrix({"no":{"yes":1.0},"yes":{"no":5.0}})'), loss_title("pinball(0.9)")
    ('cost_matrix', 'pinball(0.9)')
    """
    return name.partition("({")[0]
