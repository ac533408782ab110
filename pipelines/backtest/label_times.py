"""When labels in a table of their own became known: a replayed training sees those of its moment, and no later one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from driftloop.monitoring import sources
from driftloop.monitoring.records import Window
from driftloop.monitoring.rows.canonical import numbers
from driftloop.monitoring.served.spelling import labels
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.data.joined import Stamps, stamps
from driftloop.pipelines.data.selection import Sampled

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project


@dataclass(frozen=True)
class LabelTimes:
    """When the newest label of each row became known, and the labels that it had before.

    `changed` has the shape (n,), in microseconds since 1970, for rows whose index is their place 0..n-1. `earlier` has
    a line for each label of the rows with several, oldest first: its index is the place, `stamp` when it became known,
    `value` the label. A model that is trained at the end of a batch is deployed `late` after it, and sees the labels of
    that moment.
    """

    changed: Stamps
    earlier: pd.DataFrame
    late: timedelta = timedelta()

    def deployed(self, late: timedelta) -> LabelTimes:
        """The same times for models that are deployed this long after the end of the batch that they are trained at."""
        return replace(self, late=late)

    def as_of(self, rows: pd.DataFrame, target: str, moment: datetime) -> pd.DataFrame:
        """Rows with the labels that were known when a model was deployed that is trained at a moment."""
        until = pd.Timestamp(moment + self.late).value // 1000
        places = rows.index.to_numpy()
        ahead = self.changed[places] > until
        if not ahead.any():
            return rows
        values = rows[target].astype(object).where(~ahead, None)
        before = self.earlier[(self.earlier["stamp"] <= until) & self.earlier.index.isin(places[ahead])]
        newest = before[~before.index.duplicated(keep="last")]["value"]
        values.loc[newest.index] = newest.to_numpy(dtype=object)
        return rows.assign(**{target: values.astype(rows[target].dtype)})

    def digest(self) -> str:
        """A name for all of these times and labels."""
        named = hashlib.sha256(self.changed.tobytes())
        named.update(f"{self.late} {self.earlier.to_csv()}".encode())
        return named.hexdigest()[:32]


def label_times(config: Project, fresh: Fresh, rows: Sampled, window: Window, now: datetime) -> LabelTimes | None:
    """The times of the labels of rows that were read with the labels known at `now`; None where there are none.

    `rows` are those of `fresh`, or some of them.
    """
    if config.labels is None or config.labels.time is None or fresh.joined is None:
        return None
    target = config.columns.target
    changed = fresh.joined.changed[np.argsort(fresh.joined.moments, kind="stable")]
    changed = changed if rows.places is None else changed[rows.places]
    ids = rows.frame[list(config.columns.id)]
    folder = Path(config.folder)
    found = sources.label_versions(config.source, config.reading, window, folder, now, ids)
    numeric = config.kind(target) == "numeric"
    values = numbers(found[target], target)[0] if numeric else labels(found[target])
    earlier = pd.DataFrame({"stamp": stamps(found[sources.CHANGED]), "value": values.to_numpy()}, index=found.index)
    return LabelTimes(changed, earlier)
