"""Positions of values and ticks on an axis, and the points to draw when there are too many. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypeVar

T = TypeVar("T")
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
# Seconds of the steps of a time axis below a month; above, whole months.
SHORT = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 604800, 1209600)
MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)


@dataclass(frozen=True)
class Scale:
    """A straight map from values to pixels.

    >>> Scale(0, 10, 100, 200)(5)
    150.0
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        inside = min(max(value, self.low), self.high)
        return round(self.start + (inside - self.low) / (self.high - self.low) * (self.end - self.start), 1)


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round values that reach from at or below `low` to at or above `high`.

    >>> ticks(0, 0.57), ticks(5.2, 16.9), ticks(3, 3)
    ([0.0, 0.2, 0.4, 0.6], [5.0, 10.0, 15.0, 20.0], [3.0, 4.0])
    """
    span = (high - low) or abs(high) or 1.0
    rough = span / max(about, 1)
    size: float = 10.0 ** math.floor(math.log10(rough))
    step = next(size * one for one in STEPS if size * one >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    places = max(0, 2 - math.floor(math.log10(step)))
    return [round(at * step, places) for at in range(first, max(last, first + 1) + 1)]


def around(low: float, high: float) -> tuple[float, float]:
    """The span of an axis for such values: some air on both sides, but no room below zero that nothing needs.

    >>> around(10, 20), around(0.2, 20)
    ((9.5, 20.5), (0.0, 20.99))
    """
    air = 0.05 * ((high - low) or abs(high) or 1.0)
    below = low - air
    return (0.0 if low >= 0 and below < 0.1 * (high - low) else below), high + air


def aligned(values: Sequence[float | None], blank: str) -> list[str]:
    """Format the numbers of one column with equal decimals, four digits for the largest; `blank` for missing ones.

    >>> aligned([16.213, 8.49, None], "-"), aligned([0.5, 0.25], "-"), aligned([float("inf"), 12345.6], "-")
    (['16.21', '8.49', '-'], ['0.5000', '0.2500'], ['-', '12,346'])
    """
    known = [abs(value) for value in values if value is not None and math.isfinite(value)]
    largest = max(known, default=0.0)
    if largest >= 1e7 or 0 < largest < 1e-4:
        return [blank if value is None or not math.isfinite(value) else f"{value:.3e}" for value in values]
    decimals = max(0, 3 - math.floor(math.log10(largest))) if largest else 0
    return [blank if value is None or not math.isfinite(value) else f"{value:,.{decimals}f}" for value in values]


def tick_labels(values: Sequence[float]) -> list[str]:
    """Return the labels of the ticks, all with as many decimals as the finest needs.

    >>> tick_labels([0, 2.5, 5]), tick_labels([0.0, 1e6]), tick_labels([0, 2e-7])
    (['0.0', '2.5', '5.0'], ['0', '1,000,000'], ['0', '2e-07'])
    >>> tick_labels([6.96e8, 6.965e8, 6.97e8])
    ['6.96e+08', '6.965e+08', '6.97e+08']
    """
    if not any(values):
        return ["0" for _ in values]
    largest = max(abs(value) for value in values)
    if largest >= 1e7 or largest < 1e-3:
        # Ticks far from zero differ in a later digit than the third.
        labels = ([f"{value:.{digits}g}" for value in values] for digits in range(3, 18))
        return next(words for words in labels if len(set(words)) == len(set(values)))
    exact = (places for places in range(15) if all(abs(v - round(v, places)) < 1e-9 * largest for v in values))
    decimals = next(exact, 15)
    return [f"{value:,.{decimals}f}" for value in values]


def time_ticks(start: datetime, end: datetime, most: int) -> list[tuple[datetime, str]]:
    """Moments at whole hours, days or months with their words; a year is named once.

    >>> [word for _, word in time_ticks(datetime(2026, 1, 1), datetime(2026, 5, 2), 6)]
    ['Jan 2026', 'Feb', 'Mar', 'Apr', 'May']
    >>> [word for _, word in time_ticks(datetime(2026, 1, 1), datetime(2026, 1, 2), 4)]
    ['1 Jan 2026', '12:00', '2 Jan']
    """
    start, end = (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment for moment in (start, end))
    seconds = (end - start).total_seconds()
    step = next((one for one in SHORT if seconds / one < most), None)
    moments = _by_months(start, end, most) if step is None else _by_seconds(start, end, step)
    labels, year = [], None
    for moment in moments:
        if step is None:
            word = str(moment.year) if year is not None and moment.month == 1 else f"{moment:%b}"
        elif (moment.hour, moment.minute, moment.second) == (0, 0, 0):
            word = f"{moment.day} {moment:%b}"
        else:
            word = f"{moment:%H:%M}" if step >= 60 else f"{moment:%H:%M:%S}"
        if moment.year != year and str(moment.year) not in word and ":" not in word:
            word = f"{word} {moment.year}"
        year = moment.year if ":" not in word else year
        labels.append((moment, word))
    if labels and year is None:  # nothing but hours: the first one says of which day
        first, word = labels[0]
        labels[0] = (first, f"{first.day} {first:%b} {word}")
    return labels


def _by_seconds(start: datetime, end: datetime, step: int) -> list[datetime]:
    origin = datetime(1970, 1, 5, tzinfo=UTC)  # a Monday: weeks start there
    first = -(-(start - origin) // timedelta(seconds=step))
    count = int((end - origin) // timedelta(seconds=step)) - first + 1
    return [origin + timedelta(seconds=step) * (first + at) for at in range(count)]


def _by_months(start: datetime, end: datetime, most: int) -> list[datetime]:
    months = (end.year - start.year) * 12 + end.month - start.month + 1
    step = next((one for one in MONTHS if months / one <= most), MONTHS[-1])
    numbers = range(start.year * 12 + start.month - 1, end.year * 12 + end.month)
    every = [datetime(at // 12, at % 12 + 1, 1, tzinfo=UTC) for at in numbers if at % step == 0]
    return [moment for moment in every if start <= moment <= end]


def thinned(items: Sequence[T], most: int, weight: Callable[[T], float]) -> list[T]:
    """Return at most N of the items in their order: of each stretch the heaviest, so that no peak is lost.

    >>> thinned([1, 9, 2, 3, 4, 5], 3, float)
    [9, 3, 5]
    """
    if len(items) <= most:
        return list(items)
    edges = [round(at * len(items) / most) for at in range(most + 1)]
    return [max(items[low:high], key=weight) for low, high in pairwise(edges)]


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places for labels at least `gap` apart, each as near as can be to where it is wanted.

    >>> spread([10, 12, 40], 10, 0, 100)
    [6.0, 16.0, 40.0]
    """
    order = sorted(range(len(wanted)), key=lambda at: wanted[at])
    placed = [float(wanted[at]) for at in order]
    for _ in range(50):
        for at in range(len(placed) - 1):
            lack = gap - (placed[at + 1] - placed[at])
            if lack > 1e-6:
                placed[at] -= lack / 2
                placed[at + 1] += lack / 2
        placed = [min(max(place, low), high) for place in placed]
    found = [0.0] * len(wanted)
    for at, place in zip(order, placed, strict=True):
        found[at] = round(place, 1)
    return found
