"""Rows that break the rules of the config, counted piece by piece as the source delivers them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import clipped
from driftloop.monitoring.records import Window
from driftloop.monitoring.rows.bounds import Compared, Mask, compared
from driftloop.monitoring.rows.repeats import Hashes, Repeats, hashed
from driftloop.monitoring.served.reading import NULL_WORDS
from driftloop.monitoring.served.spelling import as_levels, labels
from driftloop.monitoring.settings.rules import Rule
from driftloop.monitoring.windows import inside, labelled_window

if TYPE_CHECKING:
    from driftloop.monitoring.settings.judged import HasColumns

Condition = Literal["min", "max", "type", "null", "levels", "unique"]
NAMES_KEPT = 1000


@dataclass(frozen=True)
class Example:
    """One row: its time, its id as `order_id 17` or empty, and the value as text."""

    moment: datetime
    id: str
    value: str


@dataclass(frozen=True)
class Broken:
    """Rows that break one condition; parts of a window add up.

    `first` is the earliest of them, `worst` the value furthest from the bound with its text, `values` the most frequent
    values.
    """

    rows: int = 0
    first: Example | None = None
    worst: tuple[Any, str] | None = None
    values: Counter[str] = field(default_factory=Counter)

    def plus(self, other: Broken, condition: Condition) -> Broken:
        """Add another part."""
        firsts = [part.first for part in (self, other) if part.first]
        worst = [part.worst for part in (self, other) if part.worst]
        pick = min if condition == "min" else max
        return Broken(
            self.rows + other.rows,
            min(firsts, key=lambda example: example.moment, default=None),
            pick(worst, key=lambda each: each[0], default=None),
            Counter(dict((self.values + other.values).most_common(NAMES_KEPT))),
        )


@dataclass(frozen=True)
class Ruled:
    """One column of some rows: how many there were, how many had a value, and what was broken.

    `hashes` are those of the values of a unique column, `values` and `rest` these rows, from which examples are taken.
    """

    rows: int
    present: int
    broken: Mapping[Condition, Broken]
    hashes: Hashes | None = None
    values: pd.Series[Any] | None = None
    rest: pd.DataFrame | None = None


@dataclass
class RuleCounts:
    """Counts of all rules over the pieces of a window, added in the order of the source.

    `lost` are columns of rules that the source does not have.
    """

    lost: frozenset[str] = frozenset()
    rows: Counter[str] = field(default_factory=Counter)
    present: Counter[str] = field(default_factory=Counter)
    broken: dict[str, dict[Condition, Broken]] = field(default_factory=dict)
    _repeats: dict[str, Repeats] = field(default_factory=dict)

    def add(self, part: Mapping[str, Ruled], config: HasColumns) -> None:
        """Add one piece."""
        for name, column in part.items():
            self.rows[name] += column.rows
            self.present[name] += column.present
            known = self.broken.setdefault(name, {})
            new = dict(column.broken)
            if column.hashes is not None:
                again = self._repeats.setdefault(name, Repeats()).add(column.hashes)
                new["unique"] = _repeated(column, again, config)
            for condition, broken in new.items():
                known[condition] = known.get(condition, Broken()).plus(broken, condition)

    def of(self, name: str, condition: Condition) -> Broken:
        """Return what breaks a condition; of a unique column all rows that share their value."""
        found = self.broken.get(name, {}).get(condition, Broken())
        return replace(found, rows=self._repeats[name].sharing) if condition == "unique" and found.rows else found


def count(raw: pd.DataFrame, config: HasColumns, current: Window) -> dict[str, Ruled]:
    """Count rows as the source delivered them, with the time in UTC, in order of time.

    Rows of the current window count; for the target those of the labeled window.
    """
    columns = config.columns
    due = labelled_window(current, columns.label_delay)
    masks: dict[Window, Mask] = {window: inside(raw[columns.time], window) for window in (current, due)}
    found = {}
    for name, rule in columns.rules.items():
        if name in raw:
            rows = raw.loc[masks[due if name == columns.target else current]].reset_index(drop=True)
            found[name] = _column(rows, name, rule, config)
    return found


def digests(raw: pd.DataFrame, names: tuple[str, ...]) -> Hashes | int:
    """Return a hash per row, shape (n,), of columns that only rules read; 0 without such columns."""
    made: Hashes | int = 0
    for at, name in enumerate(name for name in names if name in raw):
        made = made + hashed(raw[name]) * np.uint64(2 * at + 1)
    return made


def _column(rows: pd.DataFrame, name: str, rule: Rule, config: HasColumns) -> Ruled:
    columns = config.columns
    values = rows[name]
    null = values.isna().to_numpy(dtype=bool)
    broken: dict[Condition, Mask] = {}
    sides: Compared | None = None
    if rule.bounded:
        sides = compared(values, rule, columns.time_zone)
        null = sides.null
        broken |= {"min": sides.below, "max": sides.above, "type": sides.lost}
    elif name in columns.numeric or (name == columns.target and config.kind(name) == "numeric"):
        null = null | _null_words(values)
    if rule.max_null_share is not None:
        broken["null"] = null
    if rule.levels is not None:
        broken["levels"] = ~_allowed(values, rule.levels) & ~null
    found: dict[Condition, Broken] = {}
    for condition, mask in broken.items():
        if mask.any():
            found[condition] = _broken(rows, values, condition, mask, sides, config)
    here = ~null
    unique = rule.unique and bool(here.any())
    return Ruled(
        rows=len(rows),
        present=int(here.sum()),
        broken=found,
        hashes=hashed(values[here]) if unique else None,
        values=values[here] if unique else None,
        rest=rows[here] if unique else None,
    )


def _broken(
    rows: pd.DataFrame,
    values: pd.Series[Any],
    condition: Condition,
    mask: Mask,
    sides: Compared | None,
    config: HasColumns,
) -> Broken:
    places = np.flatnonzero(mask)
    first = int(places[0])
    text = sides.text if sides else lambda row: str(labels(values.iloc[[row]]).iloc[0])
    worst = None
    if sides is not None and condition in ("min", "max"):
        order = sides.order[places]
        at = int(places[order.argmin() if condition == "min" else order.argmax()])
        worst = (sides.key(at), text(at))
    often: Counter[str] = Counter()
    if condition in ("levels", "type"):
        often = Counter({clipped(str(each), 40): int(n) for each, n in labels(values[mask]).value_counts().items()})
    moment = rows[config.columns.time].iloc[first].to_pydatetime()
    example = Example(moment, _ids(rows.iloc[[first]], config)[0], "" if condition == "null" else clipped(text(first)))
    return Broken(len(places), example, worst, Counter(dict(often.most_common(NAMES_KEPT))))


def _repeated(column: Ruled, again: Mask, config: HasColumns) -> Broken:
    """Return the rows of a piece whose value has been there before."""
    if not again.any() or column.values is None or column.rest is None:
        return Broken()
    texts = labels(column.values[again])
    first = column.rest.iloc[[int(again.argmax())]]
    moment = first[config.columns.time].iloc[0].to_pydatetime()
    example = Example(moment, _ids(first, config)[0], clipped(str(texts.iloc[0])))
    often = Counter({clipped(str(each), 40): int(n) + 1 for each, n in texts.value_counts().head(NAMES_KEPT).items()})
    return Broken(int(again.sum()), example, None, often)


def _ids(rows: pd.DataFrame, config: HasColumns) -> list[str]:
    """Return the id of each row as text, with the names of its columns; empty text without an id."""
    names = [name for name in config.columns.id if name in rows]
    if not names:
        return [""] * len(rows)
    texts = [labels(rows[name]).tolist() for name in names]
    return [
        ", ".join(f"{name} {clipped(str(value), 40)}" for name, value in zip(names, row, strict=True))
        for row in zip(*texts, strict=True)
    ]


def _null_words(values: pd.Series[Any]) -> NDArray[np.bool_]:
    if not pd.api.types.is_object_dtype(values.dtype):
        return np.zeros(len(values), dtype=bool)
    return np.array([isinstance(value, str) and value.strip().lower() in NULL_WORDS for value in values], dtype=bool)


def _allowed(values: pd.Series[Any], levels: tuple[Any, ...]) -> Mask:
    """Return whether each value is one of the levels; 1, 1.0 and the text `1` of a file are the level 1."""
    spelled = labels(pd.Series(list(levels), dtype=object)).tolist()
    there = values
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        plain = values.dt.tz_localize(None) if values.dt.tz is not None else values
        there = plain.dt.strftime("%Y-%m-%d").where((plain == plain.dt.normalize()), plain.astype(str))
    texts = as_levels(there, spelled)
    codes, different = pd.factorize(texts)
    known = set(spelled)
    typed = {
        _as_typed(str(text)) for level, text in zip(levels, spelled, strict=True) if not isinstance(level, str | date)
    }
    if all(isinstance(level, bool) for level in levels):
        typed |= {float(level) for level in levels}  # booleans of SQLite
    good = np.array([str(text) in known or _as_typed(str(text)) in typed for text in different] + [True], dtype=bool)
    return good[codes]


def _as_typed(text: str) -> Any:
    lower = text.strip().lower()
    if lower in ("true", "false"):
        return lower
    try:
        return float(lower)
    except ValueError:
        return None if not lower else ("text", text)


def each(counts: RuleCounts, config: HasColumns) -> Iterator[tuple[str, Rule, Condition, Broken]]:
    """Yield every broken condition, by column in the order of the config."""
    order: tuple[Condition, ...] = ("type", "min", "max", "null", "levels", "unique")
    for name, rule in config.columns.rules.items():
        for condition in order:
            found = counts.of(name, condition)
            if found.rows:
                yield name, rule, condition, found
