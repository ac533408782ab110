"""Columns that look broken in the current rows, and rows of the reference with a column broken alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.records import ColumnReference
from driftloop.monitoring.records.causes import Break
from driftloop.monitoring.records.figures import figure

Floats = NDArray[np.float64]
LEAST_SHARE = 0.1  # a smaller part of the rows is not looked at
FEW_VALUES = 20  # a number with at most as many values is compared as a category is
FEW_CURRENT = 5  # current rows that are needed for a quantile
# Factors between units that are in use: powers of ten, percent, time, length, mass, bytes.
FACTORS = (
    *(10.0**n for n in range(1, 10)),
    *(7.0, 24.0, 60.0, 3600.0, 86400.0, 1.609344, 2.20462, 2.54, 3.28084, 1024.0),
)
TOLERANCE = 0.05  # relative deviation of a factor
SAME = 0.1  # largest distance of two distributions that are taken as the same
FAR = 0.3  # least distance before the unit is undone
FAHRENHEIT = (1.8, 32.0)
MOST_VALUES = 200


@dataclass(frozen=True)
class Suspect:
    """A column that looks broken in a `share` of the current rows; `message` has the numbers.

    `values` are values of the broken rows, at most 200; `limits` are the bounds outside of which a value is broken;
    `factor` and `offset` are those of a changed unit.
    """

    column: str
    kind: Break
    share: float
    message: str
    values: tuple[float | str, ...] = ()
    limits: tuple[float, float] | None = None
    factor: float = 1.0
    offset: float = 0.0

    def hits(self, values: pd.Series) -> NDArray[np.bool_]:
        """Return for each of the current values whether it is broken, shape (n,)."""
        if self.kind == "missing":
            return np.asarray(values.isna())
        if self.kind == "unit":
            return np.asarray(values.notna())
        if self.limits is not None:
            return np.asarray((values < self.limits[0]) | (values > self.limits[1]))
        return np.asarray(values.isin(self.values))

    def imitate(self, rows: pd.DataFrame, seed: int) -> pd.DataFrame:
        """Return rows with the column broken alike: in the same share of them, drawn with a seed."""
        values = rows[self.column]
        drawn = np.random.default_rng(seed)
        hit = drawn.random(len(rows)) < self.share
        if self.kind == "unit":
            return rows.assign(**{self.column: values * self.factor + self.offset})
        if self.kind == "missing":
            return rows.assign(**{self.column: values.where(~hit, None if values.dtype == object else np.nan)})
        chosen = drawn.choice(np.array(self.values, dtype=object), size=len(rows))
        if pd.api.types.is_numeric_dtype(values.dtype):
            return rows.assign(**{self.column: np.where(hit, chosen.astype(np.float64), values.to_numpy(np.float64))})
        texts = values.astype(object)
        return rows.assign(**{self.column: texts.where(~hit, pd.Series(chosen, index=rows.index, dtype=object))})


def suspects(reference: pd.DataFrame, current: pd.DataFrame, columns: Sequence[ColumnReference]) -> tuple[Suspect, ...]:
    """Return the features that look broken in the current rows compared with the reference rows, at most one each.

    Values are missing in more rows; one value repeats; all values are in another unit; values are far outside of the
    range; categories are unknown. Ordinary drift is none of these.
    """
    found = []
    for column in columns:
        if column.role != "feature" or column.name not in reference or column.name not in current:
            continue
        old, new = reference[column.name], current[column.name]
        checks = (_missing, _constant, _unit, _far) if column.kind == "numeric" else (_missing, _constant, _unseen)
        suspect = next((hit for check in checks if (hit := check(column, old, new)) is not None), None)
        if suspect is not None:
            found.append(suspect)
    return tuple(found)


def _missing(column: ColumnReference, old: pd.Series, new: pd.Series) -> Suspect | None:
    before, now = float(old.isna().mean()), float(new.isna().mean())
    if now - before < LEAST_SHARE:
        return None
    text = f"{column.name} is missing in {now:.0%} of the rows, {before:.0%} before"
    return Suspect(column.name, "missing", now, text)


def _constant(column: ColumnReference, old: pd.Series, new: pd.Series) -> Suspect | None:
    known = new.dropna()
    if len(known) < FEW_CURRENT:
        return None
    counts = known.value_counts()
    value, now = counts.index[0], float(counts.iloc[0]) / len(known)
    before = float((old.dropna() == value).mean()) if old.notna().any() else 0.0
    few = column.kind != "numeric" or old.nunique() <= FEW_VALUES
    if (now < 0.99 or before > 0.9) if few else now - before < LEAST_SHARE:
        return None
    value = float(value) if column.kind == "numeric" else str(value)
    shown = figure(value) if isinstance(value, float) else repr(value)
    message = f"{column.name} is {shown} in {now:.0%} of the rows, {before:.0%} before"
    return Suspect(column.name, "constant", now, message, (value,))


def _unit(column: ColumnReference, old: pd.Series, new: pd.Series) -> Suspect | None:
    before, now = _known(old), _known(new)
    if min(len(before), len(now)) < FEW_VALUES or _distance(before, now) < FAR:
        return None
    for factor, offset, words in _units(before, now):
        if _distance(before * factor + offset, now) <= SAME:
            text = f"{column.name} is in another unit: {words} (median {figure(float(np.median(now)))}, "
            text += f"{figure(float(np.median(before)))} before)"
            return Suspect(column.name, "unit", 1.0, text, factor=factor, offset=offset)
    return None


def _units(before: Floats, now: Floats) -> list[tuple[float, float, str]]:
    """Return the conversions that fit the spread of the values: factor, offset and text."""
    ends = (0.25, 0.5, 0.75)
    (low, middle, high), (new_low, new_middle, new_high) = np.quantile(before, ends), np.quantile(now, ends)
    found = [(1 / FAHRENHEIT[0], -FAHRENHEIT[1] / FAHRENHEIT[0], "degrees Celsius instead of Fahrenheit")]
    found.append((*FAHRENHEIT, "degrees Fahrenheit instead of Celsius"))
    found.append((-1.0, 0.0, "with the opposite sign"))
    sizes = [(new_high - new_low, high - low), (abs(new_middle), abs(middle))]
    for size, base in sizes:
        if base <= 0 or size <= 0:
            continue
        ratio = float(size / base)
        for factor in FACTORS:
            for way, text in ((factor, f"{factor:.12g} times as large"), (1 / factor, f"1/{factor:.12g} as large")):
                if abs(ratio / way - 1) <= TOLERANCE:
                    found.append((way, 0.0, text))
    return found


def _far(column: ColumnReference, old: pd.Series, new: pd.Series) -> Suspect | None:
    """Look for values further outside of the range of the reference than the range is wide: sentinels, mixed units."""
    before, now = _known(old), _known(new)
    if len(before) < FEW_VALUES or len(now) < FEW_CURRENT:
        return None
    low, high = float(before.min()), float(before.max())
    low, high = (
        (low if column.low is None else min(low, column.low)),
        (high if column.high is None else max(high, column.high)),
    )
    wide = high - low
    limits = (low - wide, high + wide)
    outside = (now < limits[0]) | (now > limits[1])
    share = float(outside.sum()) / len(new)
    if share < LEAST_SHARE / 2 or wide <= 0:
        return None
    values = np.sort(now[outside])
    some = values[np.linspace(0, len(values) - 1, min(len(values), MOST_VALUES)).astype(int)]
    text = f"{column.name} is far outside of its range ({figure(low)} to {figure(high)}) in {share:.0%} of the rows, "
    text += f"such as {figure(float(np.median(now[outside])))}"
    return Suspect(column.name, "out_of_range", share, text, tuple(some.tolist()), limits)


def _unseen(column: ColumnReference, old: pd.Series, new: pd.Series) -> Suspect | None:
    texts = new.dropna().astype(str)
    known = {*column.levels, *old.dropna().astype(str).unique()}
    strange = texts[~texts.isin(known)]
    share = len(strange) / max(len(new), 1)
    if share < LEAST_SHARE:
        return None
    levels = tuple(strange.value_counts().index[:MOST_VALUES])
    text = f"{column.name} has unknown categories in {share:.0%} of the rows, such as {levels[0]!r}"
    return Suspect(column.name, "unseen", share, text, levels)


def _known(values: pd.Series) -> Floats:
    numbers = values.to_numpy(np.float64, na_value=np.nan)
    return np.asarray(numbers[np.isfinite(numbers)])


def _distance(one: Floats, other: Floats) -> float:
    """Return the largest distance of two distribution functions (Kolmogorov-Smirnov)."""
    places = np.concatenate([one, other])
    sides = [np.searchsorted(np.sort(each), places, side="right") / len(each) for each in (one, other)]
    return float(np.abs(sides[0] - sides[1]).max())
