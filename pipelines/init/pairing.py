"""How the rows and a second table belong together, found by their values: the key, and the column of times."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from driftloop.monitoring.errors import BadExpression, ConfigError, listed
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.source import Source
from driftloop.pipelines.init.times import is_time, readings

if TYPE_CHECKING:
    import pandas as pd

Other = Literal["labels", "predictions"]
# A key names a row: most of its values are there once, and some of them are in both tables.
UNIQUE, SHARED = 0.5, 0.01
WRITE = {
    "labels": "columns.id and labels.key into the config yourself (docs/labels.md)",
    "predictions": "columns.id and predictions.id into the config yourself (docs/predictions-elsewhere.md)",
}


def times_of(values: pd.Series, source: Source) -> tuple[str, ...] | None:
    """The expressions that may make times of a column, none if it holds times; None if it is not one of times."""
    if is_time(values):
        return ()
    return readings(values, source) or None


def read_by(ways: tuple[str, ...], time: str, key: str, value: str, source: Source, other: Other) -> str | None:
    """The expression that reads the times of all rows of the other table; of several, that of the shortest history."""
    from driftloop.monitoring import sources

    spans: dict[str, timedelta] = {}
    refused: BadExpression | None = None
    for how in ways:
        columns = Columns(time=time, target=value, categorical=(key,), derived={time: how})
        try:
            span = sources.span(source, columns, Path.cwd())
        except BadExpression as error:
            refused = error
            continue
        spans[how] = span.length if span is not None else timedelta()
    if refused is not None and not spans:
        raise BadExpression(f"{other}.derived.{time}", refused.expression, refused.why)
    return min(spans, key=lambda how: spans[how], default=None)


def key_of(rows: pd.DataFrame, table: pd.DataFrame, names: list[str], source: Source, other: Other) -> tuple[str, str]:
    """The column of the other table, one of `names`, and that of the rows whose values are most alike."""
    mine = {str(name): values for name in rows.columns if (values := _names(rows[name])) is not None}
    found: list[tuple[float, bool, str, str]] = []
    for name in names:
        theirs = _names(table[name])
        for id_, values in mine.items():
            shared = len(values & theirs) / len(theirs) if theirs else 0.0
            if shared >= SHARED:
                found.append((shared, id_.lower() == name.lower(), name, id_))
    if not found:
        raise ConfigError(
            "init",
            f"--{other}",
            f"no column of {source.title} has values of a column of the rows in a sample of both",
            expected=f"a key, such as an order id, in both tables; the {other} have {listed(table.columns, 20)}, "
            f"the rows {listed(rows.columns, 20)}",
            remedy=f"write {WRITE[other]}",
        )
    _, _, key, id_ = max(found)
    return key, id_


def _names(values: pd.Series) -> set[str] | None:
    """The distinct values as text, None of a column that names no rows."""
    there = values.dropna()
    if there.empty or (there.dtype.kind == "f" and (there % 1 != 0).any()):
        return None
    whole = there.astype("int64") if there.dtype.kind == "f" else there
    names = set(whole.astype(str))
    return names if len(names) >= UNIQUE * len(there) else None


def is_text(values: pd.Series) -> bool:
    """Whether the values of a column are text."""
    return any(isinstance(value, str) for value in values.dropna().head(1))
