"""All labels of the keys that have several, for replays: which one a row had at any moment."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.reading import Reading
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.labels import latest
from driftloop.monitoring.sources.labels.join import CHANGED, Join, joining
from driftloop.monitoring.sources.labels.keys import spelled
from driftloop.monitoring.sources.labels.streaming import labels_in_utc
from driftloop.monitoring.sources.opening import opened
from driftloop.monitoring.sources.timecolumn import time_kind, within_sql

if TYPE_CHECKING:
    import pandas as pd


def label_versions(
    source: Source, columns: Reading, window: Window, folder: Path, now: datetime, ids: pd.DataFrame
) -> pd.DataFrame:
    """The labels known at `now` of rows of a window whose key has more than one, oldest first.

    `ids` are the ids of the rows, a column for each of `columns.id`. The frame has a place in `ids` as its index, when
    the label became known (`CHANGED`), and the target as it was then; labels of the same moment that differ are one
    without a value. It is empty without a table of labels, or where that has no time.
    """
    import pandas as pd

    nothing = pd.DataFrame({CHANGED: pd.Series([], dtype="datetime64[us, UTC]"), columns.target: []})
    if columns.labels is None or columns.labels.time is None or ids.empty:
        return nothing
    with ExitStack() as stack:
        rows = stack.enter_context(opened(source, folder, columns))
        join = stack.enter_context(joining(rows, columns, folder, now))
        kind = time_kind(rows, columns)
        if kind is None or join.kind is None:
            return nothing
        found = join.versions(within_sql(rows, columns, window, kind), stack)
    if found.empty:
        return nothing
    names = [latest.at(place) for place in range(len(join.keys))]
    wanted = pd.DataFrame(
        {name: spelled(ids[key.row.name], key) for name, key in zip(names, join.keys, strict=True)}
    ).reset_index(names="place")
    found = _one_of_a_moment(join, found, names, columns.target)
    both = wanted.merge(found, on=names).sort_values(["place", CHANGED], kind="stable")
    return both.set_index("place")[[CHANGED, columns.target]]


def _one_of_a_moment(join: Join, found: pd.DataFrame, names: list[str], target: str) -> pd.DataFrame:
    """Labels by key and moment, with their times in UTC; where several differ the label is null."""
    import pandas as pd

    value: Any = found["v"].where(found["v"].notna(), found["u"]) if "u" in found else found["v"]
    moments = labels_in_utc(found["t"], join.output_kind, join.own.time_zone, join.labels.where)
    made = found[names].assign(**{CHANGED: moments, target: value})
    for name in names:
        made[name] = made[name].astype("Int64") if pd.api.types.is_integer_dtype(made[name].dtype) else made[name]
    made = made.drop_duplicates()
    several = made.duplicated([*names, CHANGED], keep=False)
    made.loc[several, target] = None
    return made.drop_duplicates([*names, CHANGED])
