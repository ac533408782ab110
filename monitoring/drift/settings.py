"""The section `drift` of a model's YAML: methods, thresholds, and what a calibrated threshold promises."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

from pydantic import BeforeValidator, Field

from driftloop.monitoring.drift.methods import DEFAULTS, LEFT_OUT, METHODS
from driftloop.monitoring.errors import ValidationProblem, listed, suggestion
from driftloop.monitoring.records import Kind
from driftloop.monitoring.settings.durations import Span, format_duration
from driftloop.monitoring.settings.judged import HasColumns
from driftloop.monitoring.settings.limits import Seed
from driftloop.monitoring.settings.section import Section

if TYPE_CHECKING:
    from driftloop.monitoring.losses.base import Loss
    from driftloop.monitoring.settings.windows import Windows

__all__ = ["ColumnDrift", "Drift", "Referenced", "refuse_short", "validate_method", "whole"]

# Range of the scores of all methods.
LEAST, MOST = 1e-12, 1e12
YEAR = timedelta(days=365.25)
# The lowest false-alarm rate of a check: of one at the same moment as the check before it.
FEWEST_ALARMS = 1e-9
# Windows of an earlier period on each side of the one that is exactly a period ago.
SIDE = 4
WEEK = timedelta(weeks=1)


def _number_or_calibrated(value: object) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool) and LEAST <= value <= MOST
    if value is None or value == "calibrated" or number:
        return value
    raise ValidationProblem(
        f"`calibrated`, or a number above 0 ({LEAST:g} to {MOST:g})", remedy="correct the value, or remove it"
    )


Score = Annotated[float, Field(ge=LEAST, le=MOST)]
Threshold = Annotated[Score | Literal["calibrated"] | None, BeforeValidator(_number_or_calibrated)]


class ColumnDrift(Section):
    """Drift method and threshold of one column. The method defines whether high or low scores mean drift."""

    method: str | None = Field(
        None, description="one of the methods below; the default of the column's kind if not given"
    )
    threshold: Threshold = Field(
        None,
        description="`calibrated`, or a static number; if not given `calibrated`, for `evidently:` "
        "methods their own default",
    )
    effect_floor: float | None = Field(
        None,
        ge=0,
        le=MOST,
        description="lowest calibrated threshold, in units of the score; the method's default if not given",
    )


class FalseAlarms(Section):
    """Promise over time, in addition to the promise per check."""

    per_year: float = Field(
        gt=0, le=10_000, description="expected number of checks per year that find drift by chance, at most"
    )


class SamePeriod(Section):
    """Rows of an earlier year to measure drift against, instead of the champion's reference."""

    same_period: Span = Field(
        description="distance to the earlier rows, for example `1y`, rounded to whole weeks: the window that long ago "
        "and four windows on each side of it; until the history reaches that far the champion's reference is used"
    )


class Drift(Section):
    """Drift scores: distance between the champion's reference and the window, computed from all rows of both."""

    numeric: ColumnDrift = Field(ColumnDrift(method=DEFAULTS["numeric"]), description="settings of all numeric columns")
    categorical: ColumnDrift = Field(
        ColumnDrift(method=DEFAULTS["categorical"]), description="settings of all categorical columns"
    )
    columns: dict[str, ColumnDrift] = Field(default_factory=dict, description="name: settings of a single column")
    false_alarm_rate: float = Field(
        0.01,
        ge=FEWEST_ALARMS,
        lt=0.5,
        description="share of checks that may find drift in any column, or a worse or drifted slice, by chance",
    )
    false_alarms: FalseAlarms | None = Field(
        None, description="promise over a year, however often the model is checked; see `drift.false_alarms`"
    )
    reference: SamePeriod | None = Field(
        None,
        description="rows that drift is measured against, see `drift.reference`; the champion's reference if not given",
    )
    calibration: Literal["auto", "rows", "blocks"] = Field(
        "auto",
        description="source of chance: `rows` for sampling of rows, `blocks` also for variation between windows, "
        "`auto` for `blocks` if the reference spans at least four windows",
    )
    share_floor: float = Field(
        0.005,
        ge=0,
        lt=1,
        description="smallest change of a share of the rows that counts as drift (missing values, unseen levels, one "
        "level), as a fraction of the rows",
    )
    max_levels: int = Field(
        50, ge=2, le=500, description="maximum number of categories per column; rarer ones are merged into one"
    )
    sample_rows: int = Field(
        50_000,
        ge=100,
        le=10_000_000,
        description="maximum rows per side for plots and `evidently:` methods, drawn with a seed",
    )
    report_columns: int = Field(
        20, ge=1, le=1000, description="maximum number of columns with plots in the report, most drifted first"
    )
    seed: Seed = Field(0, description="seed of the sample and of the calibration")

    def rate_after(self, elapsed: timedelta | None) -> float:
        """Return the false-alarm rate of a check `elapsed` after the one before it; None if there is none.

        The check may spend the part of the yearly number that falls into the time since the last check, and never more
        than `false_alarm_rate`, the rate of the first check. In terms of e-values: with p the p-value of the check over
        its columns (Holm, `verdicts.family_level`) and a this rate, e = 1 / a if p <= a and 0 otherwise is an e-value
        by the all-or-nothing calibrator (Vovk and Wang, arXiv:1912.06116), and the sum of a * e over the checks is an
        e-detector with weights equal to elapsed time (Shin, Ramdas and Rinaldo, arXiv:2203.03532). This sum is the
        number of alarms. Its expectation until any moment is at most `per_year` times the years, plus the rate of the
        first check, by linearity alone: whatever the dependence of columns, of windows that overlap, and of checks that
        share a reference. The number never falls, so the bound also holds at any stopping time before that moment: an
        operator may look after each check and stop when it suits. Nothing is multiplied over checks, which would need
        independent ones; the price is that weak evidence is not accumulated.

        >>> Drift(false_alarms=FalseAlarms(per_year=1)).rate_after(timedelta(days=1)) * 365.25
        1.0
        >>> Drift(false_alarms=FalseAlarms(per_year=1)).rate_after(timedelta(days=90)), Drift().rate_after(None)
        (0.01, 0.01)
        """
        if self.false_alarms is None or elapsed is None:
            return self.false_alarm_rate
        share = self.false_alarms.per_year * (elapsed / YEAR)
        return min(self.false_alarm_rate, max(share, FEWEST_ALARMS))

    def chosen(self, column: str, kind: Kind) -> ColumnDrift:
        """Settle how a column is scored. A threshold and a floor count only with the method that they were given for.

        >>> drift = Drift(numeric=ColumnDrift(threshold=0.3), columns={"age": ColumnDrift(method="evidently:ks")})
        >>> drift.chosen("age", "numeric").threshold, drift.chosen("pay", "numeric").threshold
        (0.05, 0.3)
        >>> Drift().chosen("age", "numeric")
        ColumnDrift(method='wasserstein', threshold='calibrated', effect_floor=0.02)
        """
        default = self.numeric if kind == "numeric" else self.categorical
        usual = default.method or DEFAULTS[kind]
        own = self.columns.get(column, ColumnDrift())
        method = METHODS[own.method or usual]
        same = method.name == usual
        threshold = own.threshold or (default.threshold if same else None) or method.default_threshold or "calibrated"
        floor = own.effect_floor if own.effect_floor is not None else default.effect_floor if same else None
        floor = method.floor if floor is None else floor
        return ColumnDrift(method=method.name, threshold=threshold, effect_floor=floor)


def whole(period: timedelta) -> timedelta:
    """Round a period of a week or more to whole weeks, so that weekdays match.

    >>> whole(timedelta(days=365)).days, whole(timedelta(days=2)).days
    (364, 2)
    """
    return round(period / WEEK) * WEEK if period >= WEEK else period


def refuse_short(period: timedelta, current: timedelta) -> None:
    """Refuse a period so short that the earlier rows would reach into the current window."""
    least = (SIDE + 1) * current
    if whole(period) < least:
        raise ValidationProblem(
            f"a period of at least {format_duration(least)}, five times windows.current: the earlier rows span "
            f"{SIDE} windows on each side",
            key="drift.reference.same_period",
            found=format_duration(period),
            remedy="for example 1y",
        )


def validate_method(key: str, column: str, kind: Kind, own: ColumnDrift, drift: Drift) -> None:
    """Refuse a method that does not fit the column's kind, and a threshold that does not fit the method."""
    fitting = [name for name, method in METHODS.items() if kind in method.kinds]
    if own.method is not None and own.method not in fitting:
        plain = own.method.removeprefix("evidently:")
        left_out = f" {plain} is not available: {LEFT_OUT[plain]}." if plain in LEFT_OUT else ""
        theirs = f"evidently:{own.method}"
        near = f" Did you mean {theirs!r}?" if theirs in fitting else suggestion(own.method, fitting)
        raise ValidationProblem(
            f"a method for {kind} columns: one of {listed(fitting, 20)}",
            key=f"{key}.method",
            found=repr(own.method),
            remedy="correct the name." + left_out + near,
        )
    chosen = drift.chosen(column, kind)
    assert chosen.method is not None
    method = METHODS[chosen.method]
    if chosen.threshold == "calibrated" and not method.own:
        raise ValidationProblem(
            f"a number: {method.name} cannot be calibrated, because it is not computed from profiles",
            key=f"{key}.threshold",
            found="calibrated",
            remedy=f"remove it ({method.default_threshold:g} is the default), or choose a method without `evidently:`",
        )
    if method.direction == "lower" and isinstance(chosen.threshold, float) and chosen.threshold >= 1:
        raise ValidationProblem(
            f"a share below 1: {chosen.method} scores are p-values, which are all below {chosen.threshold:g}",
            key=f"{key}.threshold",
            found=f"{chosen.threshold:g}",
            remedy="for example 0.05, which is 5%",
        )


class Referenced(HasColumns, Protocol):
    """What a reference needs of a config."""

    @property
    def drift(self) -> Drift:
        """Methods and thresholds."""

    @property
    def windows(self) -> Windows:
        """Lengths of the windows: a block of the reference is as long as a current window."""

    @property
    def loss(self) -> Loss:
        """The loss that counts for this model."""
