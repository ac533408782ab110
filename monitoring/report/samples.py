"""Two frames made comparable: rows drawn, numbers fenced, categories capped, labels made harmless. No statistics."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.records import ColumnReference

OTHER, UNSEEN, MISSING = "(other)", "(unseen)", "(missing)"
HUGE = 1e100
LONGEST_LABEL = 80
HARMLESS = str.maketrans({"<": "\u2039", ">": "\u203a"})


def draw(frame: pd.DataFrame, rows: int, seed: int, weights: NDArray[np.float64] | None = None) -> pd.DataFrame:
    """At most `rows` rows, without replacement and in their order; the same seed draws the same rows.

    With `weights` (n,) each row is drawn in proportion to its weight.
    """
    if weights is not None:
        return frame.iloc[places(len(frame), rows, seed, weights)].reset_index(drop=True)
    return frame if len(frame) <= rows else frame.iloc[places(len(frame), rows, seed)]


def places(rows: int, most: int, seed: int, weights: NDArray[np.float64] | None = None) -> NDArray[np.int64]:
    """Return the indices of the drawn rows, in rising order, without the global generator of numpy.

    With `weights` (n,) an index is there as often as its share of the weight times the number of draws, but for one:
    systematic sampling (Madow 1949), so that a picture of the sample is one of the weighted rows.

    >>> places(4, 8, 0, np.array([1.0, 1.0, 1.0, 5.0])).tolist()
    [1, 3, 3, 3]
    """
    if weights is not None and rows:
        many, upto = min(rows, most), np.cumsum(weights)
        at = (np.arange(many) + np.random.default_rng(seed).random()) * upto[-1] / many
        found: NDArray[np.int64] = np.minimum(upto.searchsorted(at, side="right"), rows - 1)
        return found
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, size=most, replace=False))


def fence(values: pd.Series, column: ColumnReference) -> pd.Series:
    """Finite numbers within the column's fences, so that one outlier cannot hide a shift; the rest is NaN.

    >>> age = ColumnReference(name="age", role="feature", kind="numeric", null_share=0, distinct=9, fence_low=0.0,
    ...                       fence_high=100.0, method="ks")
    >>> fence(pd.Series([1.0, 1e300, float("inf")]), age).tolist()
    [1.0, 100.0, nan]
    """
    numbers = values.to_numpy(dtype=np.float64, copy=True)
    numbers[~np.isfinite(numbers)] = np.nan
    low = -HUGE if column.fence_low is None else max(column.fence_low, -HUGE)
    high = HUGE if column.fence_high is None else min(column.fence_high, HUGE)
    return pd.Series(np.clip(numbers, low, high))


def cap(reference: pd.Series, current: pd.Series, column: ColumnReference, most: int) -> tuple[pd.Series, pd.Series]:
    """Both sides as harmless labels: the reference's `most` frequent levels apart, then other, unseen and missing.

    What the reference knows are the levels it remembers and those of its rows here. A level that is itself called
    "(other)" stays apart from ours. A target that is missing is no category: its label is not there yet.
    """
    if column.role == "target":
        reference, current = reference.dropna(), current.dropna()
    ranked = column.levels or _by_frequency(reference)
    known = set(ranked) | set(reference.dropna().unique())
    kept = ranked[:most]
    shown = dict(zip(kept, distinct(kept, taken=(OTHER, UNSEEN, MISSING)), strict=True))

    def label(side: pd.Series) -> pd.Series:
        codes, levels = pd.factorize(side.to_numpy(dtype=object))
        labels = [shown.get(level, OTHER if level in known else UNSEEN) for level in levels]
        # factorize answers -1 for a missing value, which is the last label
        return pd.Series(np.array([*labels, MISSING], dtype=object)[codes], dtype=object)

    return label(reference), label(current)


def distinct(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Harmless labels in the order of the names, no two of them alike.

    >>> distinct(["a", "a", "b"])
    ['a', 'a (2)', 'b']
    """
    used = set(taken)
    labels = []
    for name in names:
        first = label = harmless(name)
        number = 1
        while label in used:
            number += 1
            label = f"{first} ({number})"
        used.add(label)
        labels.append(label)
    return labels


def harmless(text: str) -> str:
    """Make of any text a label of one line that cannot become markup or script: Evidently's page writes labels raw.

    >>> "<" in harmless("</script>")
    False
    """
    printable = "".join(sign if sign.isprintable() else " " for sign in str(text).translate(HARMLESS))
    return printable if len(printable) <= LONGEST_LABEL else printable[: LONGEST_LABEL - 1] + "…"


def _by_frequency(side: pd.Series) -> tuple[str, ...]:
    counts = [(str(level), int(rows)) for level, rows in side.value_counts().items()]
    return tuple(level for level, _ in sorted(counts, key=lambda counted: (-counted[1], counted[0])))
