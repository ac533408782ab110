"""Judges every column by the profiles of both sides: scores, thresholds of one family, verdicts. Reads no rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Protocol

from driftloop.monitoring.drift.calibration import Chance, Null
from driftloop.monitoring.drift.cells import missing, with_labels_only
from driftloop.monitoring.drift.methods import METHODS, distance, verdict
from driftloop.monitoring.drift.settings import Drift
from driftloop.monitoring.drift.shares import level_share, missing_share, off_value_share, unseen_share
from driftloop.monitoring.drift.variation import FEWEST_BLOCKS, SEASONAL, Variation, varying, windows_of
from driftloop.monitoring.profiles import CategoricalProfile, NumericProfile, Profile, Profiles
from driftloop.monitoring.records import (
    ColumnReference,
    ColumnScore,
    DriftBasis,
    Finding,
    FindingCode,
    Window,
)
from driftloop.monitoring.settings.durations import format_duration

TOO_FEW_BLOCKS = FindingCode(
    name="too_few_blocks",
    severities=("warning",),
    meaning="`calibration: blocks` is not possible, so thresholds allow for the sampling of rows only",
    cause=f"the champion's reference has fewer than {FEWEST_BLOCKS} windows with rows",
    remedy=f"make `training.window` or `windows.reference` at least {FEWEST_BLOCKS} times `windows.current`, and "
    "retrain",
)
# A threshold must be more than the score of two equal sides.
NOTHING = 1e-12
# A score that differs from a rough threshold by this factor is on the same side of the exact one.
CLEAR = 1.3


class Measure(Protocol):
    """One measure of a column: its distance, and the distance that chance exceeds with probability `level`."""

    @property
    def name(self) -> str: ...

    def at(self, level: float) -> tuple[float, float]:
        """Score and threshold."""
        ...


@dataclass(frozen=True)
class Scored:
    """The distance of a column by its method, with an exact null distribution only where that may decide."""

    name: str
    score: float
    rough: Null
    exact: Callable[[], Null]
    floor: float

    def at(self, level: float) -> tuple[float, float]:
        limit = max(self.rough.threshold(level), self.floor)
        if limit / CLEAR < self.score < limit * CLEAR:
            limit = max(self.exact().threshold(level), self.floor)
        return self.score, limit


@dataclass(frozen=True)
class PValue:
    """A test outside the columns, of a slice for example: the probability of such a value by chance."""

    p_value: float
    name: str = "p value"

    def at(self, level: float) -> tuple[float, float]:
        return -self.p_value, -level


@dataclass(frozen=True)
class Family:
    """The scores of the columns, and the level at which everything in the family is judged."""

    scores: tuple[ColumnScore, ...]
    level: float


def judge(
    reference: Profiles,
    current: Profiles,
    columns: Sequence[ColumnReference],
    settings: Drift,
    *,
    lead: float = 1.0,
) -> tuple[ColumnScore, ...]:
    """Score the columns with a method of driftloop, which are a family of their own (`judge_family`)."""
    return judge_family(reference, current, columns, settings, lead=lead).scores


def judge_family(
    reference: Profiles,
    current: Profiles,
    columns: Sequence[ColumnReference],
    settings: Drift,
    p_values: Sequence[float] = (),
    *,
    lead: float = 1.0,
) -> Family:
    """Score the columns with a method of driftloop; `current` is counted in the cells of `reference`.

    The calibrated columns and the tests with `p_values` are one family: the probability that chance finds anything in
    it is at most `settings.false_alarm_rate`. A static threshold decides alone. A column with values on one side only
    has drifted, regardless of its threshold. `lead` is the distance from the end of the reference to the end of the
    current window, in windows: a column that moves from window to window may be further away later.
    """
    own = [column for column in columns if METHODS[column.method].own]
    families: dict[str, list[Measure]] = {}
    scores: dict[str, ColumnScore] = {}
    variation = _variation(_varying(reference, own, settings), len(own), settings, lead)
    chance = Chance((settings.seed, reference.rows, current.rows), variation)
    for column in own:
        old, new = (_side(profiles[column.name], column) for profiles in (reference, current))
        score = distance(column.method, old, new, settings.max_levels)
        empty = not _has_values(old), not _has_values(new)
        if column.threshold is not None or any(empty):
            limit = column.threshold or max(column.effect_floor, NOTHING)
            scores[column.name] = verdict(
                column, column.method, max(score, limit) if empty[0] != empty[1] else score, limit
            )
        else:
            drawn = partial(chance.null, column.method, old, new.rows, settings.max_levels)
            families[column.name] = [Scored(column.method, score, drawn(rough=True), cache(drawn), column.effect_floor)]
            families[column.name] += _shares(column, old, new, variation, settings.share_floor)
    measures: list[Measure] = [measure for family in families.values() for measure in family]
    level = family_level([*measures, *map(PValue, p_values)], settings.false_alarm_rate)
    by_name = {column.name: column for column in own}
    scores |= {name: _decisive(by_name[name], family, level) for name, family in families.items()}
    return Family(tuple(scores[column.name] for column in own), level)


def basis(
    window: Window,
    profiles: Profiles,
    columns: Sequence[ColumnReference],
    settings: Drift,
    same_period: timedelta | None = None,
) -> DriftBasis:
    """Return what drift is measured against, rows of `window`, and which variation counts as chance.

    `same_period` is the distance to the rows, if they are of the same period of an earlier year.
    """
    windows = 0 if settings.calibration == "rows" else windows_of(profiles)
    return DriftBasis(
        calibration="blocks" if windows else "rows",
        windows=windows,
        columns=len(columns),
        varying=_varying(profiles, columns, settings) if windows else None,
        reference=window,
        reference_rows=profiles.rows,
        false_alarm_rate=settings.false_alarm_rate if settings.false_alarms else None,
        same_period=None if same_period is None else format_duration(same_period),
    )


def rows_alone(found: DriftBasis, settings: Drift) -> bool:
    """Return whether a test outside the columns may take rows for independent: the data is not seasonal."""
    seasonal = settings.calibration == "blocks" or (found.varying or 0) > SEASONAL * found.columns
    return found.calibration == "rows" or not seasonal


def _varying(reference: Profiles, columns: Sequence[ColumnReference], settings: Drift) -> int:
    """Return the number of columns that vary between the windows of the reference; 0 with `calibration: rows`."""
    if settings.calibration == "rows":
        return 0
    return varying([_side(reference[column.name], column) for column in columns], settings.max_levels)


def _variation(moving: int, columns: int, settings: Drift, lead: float) -> Variation:
    """Return the variation that counts as chance: with `auto`, of moving columns, or of all if many move."""
    few = moving <= SEASONAL * columns
    return Variation(settings.calibration != "rows", settings.calibration == "auto" and few, lead)


def lead_of(reference: Window, window: Window) -> float:
    """Return the distance from the end of the reference to the end of a window, in windows."""
    return (window.end - reference.end) / window.length


def too_few_blocks(reference: Profiles, settings: Drift) -> tuple[Finding, ...]:
    """Report that `calibration: blocks` is not possible: the reference has too few windows to show a variation."""
    if settings.calibration != "blocks" or windows_of(reference):
        return ()
    return (
        TOO_FEW_BLOCKS.found(
            f"calibration: blocks needs a reference of {FEWEST_BLOCKS} windows with rows; the champion's has fewer, so "
            "thresholds allow for the sampling of rows only. Set training.window (or windows.reference) to at least "
            f"{FEWEST_BLOCKS} times windows.current, and retrain",
            limit=float(FEWEST_BLOCKS),
        ),
    )


def family_level(measures: Sequence[Measure], rate: float) -> float:
    """Return the level of every measure that bounds the false-alarm rate of all of them together by `rate`.

    Holm's method (1979): each at `rate` divided by their number, then again by the number of measures that have not
    moved, until none is added. It holds under any dependence of the columns, which often move together; Benjamini and
    Hochberg's method bounds the share of wrong columns instead, not the rate of false alarms per check.

    >>> from types import SimpleNamespace
    >>> family = [SimpleNamespace(at=lambda level, p=p: (1 - p, 1 - level)) for p in (0.004, 0.0051, 0.5)]
    >>> family_level(family, 0.01), family_level(family[1:], 0.01)
    (0.0033333333333333335, 0.005)
    >>> family_level([SimpleNamespace(at=lambda level, p=p: (1 - p, 1 - level)) for p in (0.003, 0.0045, 0.5)], 0.01)
    0.01
    """
    moved = 0
    while measures:
        level = rate / max(len(measures) - moved, 1)
        now = sum(score >= threshold for score, threshold in (measure.at(level) for measure in measures))
        if now <= moved:
            return level
        moved = now
    return rate


def _shares(column: ColumnReference, old: Profile, new: Profile, variation: Variation, floor: float) -> list[Measure]:
    measures: list[Measure | None] = []
    if column.role != "target":
        measures.append(missing_share(old, new, variation, floor))
    if isinstance(old, NumericProfile):
        assert isinstance(new, NumericProfile)
        measures.append(off_value_share(old, new, variation, floor))
    else:
        assert isinstance(new, CategoricalProfile)
        measures += [unseen_share(old, new, variation, floor), level_share(old, new, variation, floor)]
    return [measure for measure in measures if measure is not None]


def _decisive(column: ColumnReference, family: Sequence[Measure], level: float) -> ColumnScore:
    """Return the score of the column's method, or of the share that found the drift."""
    scores = [verdict(column, measure.name, *measure.at(level)) for measure in family]
    return next((score for score in scores if score.drifted), scores[0])


def _has_values(profile: Profile) -> bool:
    return profile.rows > missing(profile) + (1e-9 * profile.rows if profile.counts.dtype.kind == "f" else 0)


def _side(profile: Profile, column: ColumnReference) -> Profile:
    return with_labels_only(profile) if column.role == "target" else profile
