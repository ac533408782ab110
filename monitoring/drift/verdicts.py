"""Judges every column by the profiles of both sides: scores, thresholds of one family, verdicts. Reads no rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Protocol

from driftloop.monitoring.drift.calibration import FEWEST_BLOCKS, Chance, Null, usable
from driftloop.monitoring.drift.cells import missing, with_labels_only
from driftloop.monitoring.drift.methods import METHODS, distance, verdict
from driftloop.monitoring.drift.settings import Drift
from driftloop.monitoring.drift.shares import level_share, missing_share, off_value_share, unseen_share
from driftloop.monitoring.profiles import CategoricalProfile, NumericProfile, Profile, Profiles
from driftloop.monitoring.records import ColumnReference, ColumnScore, Finding, FindingCode

TOO_FEW_BLOCKS = FindingCode(
    name="too_few_blocks",
    severities=("warning",),
    meaning="`calibration: blocks` cannot be followed, and thresholds only allow for the drawing of rows",
    cause=f"the champion's reference has fewer than {FEWEST_BLOCKS} windows with rows",
    remedy=f"make `training.window` or `windows.reference` at least {FEWEST_BLOCKS} times `windows.current`, and "
    "retrain",
)
# A threshold must be more than the score of two equal sides.
NOTHING = 1e-12
# A score so many times under or over a rough threshold is on the same side of an exact one.
CLEAR = 1.3


class Measure(Protocol):
    """One question to a column: how far it moved, and how far chance moves it with probability `level`."""

    @property
    def name(self) -> str: ...

    def at(self, level: float) -> tuple[float, float]:
        """Score and threshold."""
        ...


@dataclass(frozen=True)
class Scored:
    """The distance of a column by its method. The null distribution is drawn well only where it may decide."""

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


def judge(
    reference: Profiles, current: Profiles, columns: Sequence[ColumnReference], settings: Drift
) -> tuple[ColumnScore, ...]:
    """Score the columns that have a method of ours; `current` is counted in the cells of `reference`.

    The calibrated columns are one family: that chance alone finds drift in any of them has a probability of at most
    `settings.false_alarm_rate`. A column with a static number is judged by it and by nothing else. A column with values
    on one side only has drifted, whatever its threshold.
    """
    own = [column for column in columns if METHODS[column.method].own]
    families: dict[str, list[Measure]] = {}
    made: dict[str, ColumnScore] = {}
    chance = Chance((settings.seed, reference.rows, current.rows), settings.calibration == "blocks")
    for column in own:
        old, new = (_side(profiles[column.name], column) for profiles in (reference, current))
        score = distance(column.method, old, new, settings.max_levels)
        empty = missing(old) == old.rows, missing(new) == new.rows
        if column.threshold is not None or any(empty):
            limit = column.threshold or max(column.effect_floor, NOTHING)
            made[column.name] = verdict(
                column, column.method, max(score, limit) if empty[0] != empty[1] else score, limit
            )
        else:
            drawn = partial(chance.null, column.method, old, new.rows, settings.max_levels)
            families[column.name] = [Scored(column.method, score, drawn(rough=True), cache(drawn), column.effect_floor)]
            families[column.name] += _shares(column, old, new, chance.blocks)
    level = family_level([one for family in families.values() for one in family], settings.false_alarm_rate)
    by_name = {column.name: column for column in own}
    made |= {name: _shown(by_name[name], family, level) for name, family in families.items()}
    return tuple(made[column.name] for column in own)


def too_few_blocks(reference: Profiles, settings: Drift) -> tuple[Finding, ...]:
    """Say that `calibration: blocks` cannot be followed: too few windows of the reference tell no variation."""
    blocks = next((profile.blocks for profile in reference.values() if profile.blocks is not None), None)
    if settings.calibration != "blocks" or (blocks is not None and usable(blocks.astype(float)) is not None):
        return ()
    return (
        TOO_FEW_BLOCKS.found(
            f"calibration: blocks needs a reference of {FEWEST_BLOCKS} windows with rows, the champion's is "
            "shorter: thresholds take the drawing of rows alone for chance; make training.window (or "
            f"windows.reference) at least {FEWEST_BLOCKS} times windows.current, and retrain",
            limit=float(FEWEST_BLOCKS),
        ),
    )


def family_level(measures: Sequence[Measure], rate: float) -> float:
    """The level at which every measure is judged, so that all of them together raise a false alarm at most at `rate`.

    Holm's method (1979): each at `rate` over their number, then again at `rate` over the number of those that have not
    moved, until none is added. It holds under any dependence of the columns, which move together more often than not;
    Benjamini and Hochberg's bounds the share of wrong columns instead and would not keep a promise about checks.

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


def _shares(column: ColumnReference, old: Profile, new: Profile, blocks: bool) -> list[Measure]:
    asked: list[Measure | None] = [] if column.role == "target" else [missing_share(old, new, blocks)]
    if isinstance(old, NumericProfile):
        assert isinstance(new, NumericProfile)
        asked.append(off_value_share(old, new, blocks))
    else:
        assert isinstance(new, CategoricalProfile)
        asked += [unseen_share(old, new), level_share(old, new, blocks)]
    return [measure for measure in asked if measure is not None]


def _shown(column: ColumnReference, family: Sequence[Measure], level: float) -> ColumnScore:
    """The column's own method, unless it is a share that found the drift."""
    told = [verdict(column, measure.name, *measure.at(level)) for measure in family]
    return next((one for one in told if one.drifted), told[0])


def _side(profile: Profile, column: ColumnReference) -> Profile:
    return with_labels_only(profile) if column.role == "target" else profile
