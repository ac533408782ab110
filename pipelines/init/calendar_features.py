"""Features that a proposal derives from the time: hour and weekday, where the target depends on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.engines import column_sql, dialect_of
from driftloop.pipelines.init.spans import DAY, Spans

if TYPE_CHECKING:
    import pandas as pd

    from driftloop.pipelines.init.guess import Guess

Floats = NDArray[np.float64]
# Each part by the SQL of an engine; {} is the time.
EXPRESSIONS = {
    "duckdb": {"hour": "hour({})", "weekday": "dayofweek({})", "month": "month({})"},
    "mysql": {"hour": "hour({})", "weekday": "dayofweek({})", "month": "month({})"},
    "postgres": {
        "hour": "extract(hour FROM {})",
        "weekday": "extract(dow FROM {})",
        "month": "extract(month FROM {})",
    },
    "sqlite": {
        "hour": "CAST(strftime('%H', {}) AS INTEGER)",
        "weekday": "CAST(strftime('%w', {}) AS INTEGER)",
        "month": "CAST(strftime('%m', {}) AS INTEGER)",
    },
}
# Engines that need a cast before they take a part of a time that is kept as text.
CAST = {"duckdb": "CAST({} AS TIMESTAMPTZ)", "postgres": "CAST({} AS TIMESTAMPTZ)"}
# A part with one value in every window would drift in every check. A month does, for all but the longest windows.
LEAST_WINDOW = {"hour": DAY, "weekday": 7 * DAY}
LEAST_HISTORY = {"hour": 4 * DAY, "weekday": 28 * DAY}
YEAR = timedelta(days=365)
# Values that hold at least this share of the rows count, and a part has at least so many.
LEAST_SHARE, LEAST_VALUES = 0.02, {"hour": 3, "weekday": 2}
# The share of what the features leave unexplained that a part has to explain, in rows that it was not learned from.
LEAST_GAIN = 0.005
SHRINK = 5.0
MOST_LEVELS = 100
FEW_LEVELS = 20
# A column from which a part follows in this share of the rows holds it already; half, for hours of summer time.
KNOWN = 0.45


@dataclass(frozen=True)
class Calendar:
    """Expressions by the name of a new column: those proposed, and those only mentioned.

    `zoned`: there are some, and the engine computes them in `columns.time_zone`.
    """

    derived: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)
    zoned: bool = False


def time_parts(source: Source, time: str, *, text: bool) -> dict[str, str]:
    """Return the SQL of hour, weekday and month by name; `time` is SQL itself. None for engines not known here.

    >>> time_parts(Source(url="postgres://db/x", table="t"), "ts", text=False)["weekday"]
    'extract(dow FROM ts)'
    """
    engine = dialect_of(source)
    value = CAST[engine].format(time) if text and engine in CAST else time
    return {name: sql.format(value) for name, sql in EXPRESSIONS.get(engine, {}).items()}


def is_text(values: pd.Series) -> bool:
    """Return whether a column holds text."""
    present = values.dropna()
    return bool(len(present)) and isinstance(present.iloc[0], str)


def calendar_of(
    guess: Guess, frame: pd.DataFrame, parts: Mapping[str, Any], length: timedelta, spans: Spans
) -> Calendar:
    """Return the calendar features to propose for a sample in order of time.

    `parts` has the values of hour and weekday as the engine reads them from these rows. A part is proposed where
    windows hold several of its values, no column holds it already, and the target depends on it: learned from the
    older half of the rows it explains the newer one better, and the other way round.
    """
    assert guess.engine is not None
    column = column_sql(guess.engine, guess.time)
    text = is_text(frame[guess.time]) and not guess.times
    sql = time_parts(guess.engine, column, text=text)
    names = _free_names(sql, guess.time, [str(name) for name in frame.columns])
    codes = {part: np.asarray(parts[part], dtype=float) for part in ("hour", "weekday") if part in parts}
    proposed = [part for part in codes if part in names and length >= LEAST_HISTORY[part]]
    proposed = [part for part in proposed if _varies(codes[part], LEAST_VALUES[part])]
    proposed = [part for part in proposed if not _is_there(codes[part], frame)]
    hinted = [*proposed, *(["month"] if length > YEAR and "month" in names else [])]
    proposed = [part for part in proposed if spans.current >= LEAST_WINDOW[part]]
    if proposed:
        rest = _unexplained(guess, frame)
        proposed = [part for part in proposed if _is_useful(rest, codes[part])]
    return Calendar(
        {names[part]: sql[part] for part in proposed},
        {names[part]: sql[part] for part in hinted if part not in proposed},
        zoned=bool(proposed) and dialect_of(guess.engine) in CAST,
    )


def _free_names(sql: Mapping[str, str], time: str, taken: list[str]) -> dict[str, str]:
    """A name for each part that no column has, whatever its case."""
    known = {name.casefold() for name in taken}
    found = {}
    for part in sql:
        free = [name for name in (part, f"{time}_{part}") if name.casefold() not in known]
        if free:
            found[part] = free[0]
    return found


def _varies(codes: Floats, values: int) -> bool:
    known = codes[np.isfinite(codes)]
    if len(known) < len(codes) / 2:
        return False
    _, counts = np.unique(known, return_counts=True)
    return bool((counts >= LEAST_SHARE * len(known)).sum() >= values)


def _is_there(codes: Floats, frame: pd.DataFrame) -> bool:
    """Whether a part follows from a single column of few values, so that it is one of the data's own."""
    import pandas as pd

    for name in frame.columns:
        try:
            levels, known = pd.factorize(frame[name])
        except TypeError:
            continue  # nested values
        if not 7 <= len(known) <= MOST_LEVELS:
            continue
        table = pd.crosstab(levels, codes).to_numpy()
        if table.max(axis=1).sum() >= KNOWN * table.sum():
            return True
    return False


def _is_useful(rest: Floats, codes: Floats) -> bool:
    inside = np.isfinite(codes) & np.isfinite(rest).all(axis=1)
    rest, codes = rest[inside], codes[inside]
    middle = len(rest) // 2
    gains = [_gain(rest[a], codes[a], rest[b], codes[b]) for a, b in _both_ways(middle)]
    return min(gains) > 0 and float(np.mean(gains)) >= LEAST_GAIN


def _both_ways(middle: int) -> list[tuple[slice, slice]]:
    older, newer = slice(None, middle), slice(middle, None)
    return [(older, newer), (newer, older)]


def _gain(learned: Floats, by: Floats, judged: Floats, codes: Floats) -> float:
    """The share of the variance of `judged` that the means of the other rows by code explain."""
    if len(learned) == 0 or len(judged) == 0:
        return 0.0
    learned, judged = learned - learned.mean(axis=0), judged - judged.mean(axis=0)
    expected = np.zeros_like(judged)
    for code in np.unique(codes):
        rows = by == code
        expected[codes == code] = learned[rows].sum(axis=0) / (rows.sum() + SHRINK)
    total = float((judged**2).sum())
    return 1 - float(((judged - expected) ** 2).sum()) / total if total > 0 else 0.0


def _unexplained(guess: Guess, frame: pd.DataFrame) -> Floats:
    """What a straight line through the features leaves of the target, or of its classes: shape (rows, targets)."""
    target = _targets(guess, frame)
    features = _inputs(guess, frame)
    known = np.isfinite(target).all(axis=1)
    rest = target.copy()
    if features.shape[1] and known.any():
        x, y = features[known], target[known] - target[known].mean(axis=0)
        square = x.T @ x + 1e-3 * len(x) * np.eye(x.shape[1])
        rest[known] = y - x @ np.linalg.solve(square, x.T @ y)
    return rest


def _targets(guess: Guess, frame: pd.DataFrame) -> Floats:
    import pandas as pd

    from driftloop.pipelines.init.figures import as_numbers

    values = frame[guess.target]
    if not guess.has_classes:
        values = as_numbers(values, guess.written[guess.target]) if guess.target in guess.written else values
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        low, high = np.nanquantile(numbers, [0.005, 0.995])
        return np.asarray(np.clip(numbers, low, high)[:, None])
    missing = (values.isna() | values.isin(guess.no_label)).to_numpy()
    classes = values[~missing].value_counts().index[:FEW_LEVELS]
    found = np.stack([(values == name).to_numpy(np.float64) for name in classes], axis=1)
    found[missing] = np.nan
    return found


def _inputs(guess: Guess, frame: pd.DataFrame) -> Floats:
    """Numbers and the levels of categories, each scaled to a mean of 0 and a standard deviation of 1."""
    import pandas as pd

    from driftloop.pipelines.init.figures import as_numbers

    found: list[Floats] = []
    for name in guess.numeric:
        values = as_numbers(frame[name], guess.written[name]) if name in guess.written else frame[name]
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        numbers = np.where(np.isfinite(numbers), numbers, np.nan)
        middle = np.nanmedian(numbers) if np.isfinite(numbers).any() else 0.0
        found.append(np.where(np.isnan(numbers), middle, numbers))
    for name in guess.categorical:
        levels = frame[name].value_counts().index[:FEW_LEVELS]
        found += [(frame[name] == level).to_numpy(np.float64) for level in levels]
    if not found:
        return np.empty((len(frame), 0))
    x = np.stack(found, axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        spread = x.std(axis=0)
        usable = np.isfinite(spread) & (spread > 0)
        return np.asarray((x[:, usable] - x[:, usable].mean(axis=0)) / spread[usable])
