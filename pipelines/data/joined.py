"""Ids and labels of the rows that were read, counted: some numbers a row, whatever the labels are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring import sources
from driftloop.monitoring.quality.joined import Joined
from driftloop.monitoring.records import LabelStatus, Window
from driftloop.monitoring.served.spelling import labels as spelled

if TYPE_CHECKING:
    from driftloop.monitoring.config import Monitored

EXAMPLES = 3
DAY = 86_400e6  # microseconds
NEVER = np.iinfo(np.int64).min  # NaT
Stamps = NDArray[np.int64]


@dataclass(frozen=True)
class Labeled:
    """Some rows: when each was, when its first and its newest label became known (NEVER without one), and its id.

    All arrays have the shape (n,), times in microseconds since 1970. `hashes` are of the id, 0 without a column of it.
    """

    moments: Stamps
    known: Stamps
    changed: Stamps
    labeled: NDArray[np.bool_]
    disputed: NDArray[np.bool_]
    several: NDArray[np.bool_]
    keyless: NDArray[np.bool_]
    hashes: NDArray[np.uint64]
    examples: dict[str, list[str]]

    @classmethod
    def of(cls, raw: pd.DataFrame, frame: pd.DataFrame, config: Monitored) -> Labeled:
        """Count canonical rows; `raw` are the same rows in the same order as the source gave them."""
        columns = config.columns
        nothing = np.zeros(len(frame), dtype=bool)
        keys = frame[list(columns.id)]
        joined = sources.KNOWN in raw  # not where the source has no row
        several = nothing
        if joined and config.labels is not None and config.labels.time is None:
            several = (raw[sources.LABELS] > 1).to_numpy() & ~raw[sources.DISPUTED].to_numpy()
        made = cls(
            moments=stamps(frame[columns.time]),
            known=stamps(raw[sources.KNOWN]) if joined else np.full(len(frame), NEVER),
            changed=stamps(raw[sources.CHANGED]) if joined else np.full(len(frame), NEVER),
            labeled=frame[columns.target].notna().to_numpy(),
            disputed=raw[sources.DISPUTED].to_numpy() if joined else nothing,
            several=several,
            keyless=keys.isna().any(axis=1).to_numpy() if columns.id else nothing,
            hashes=np.asarray(pd.util.hash_pandas_object(keys, index=False)) if columns.id else np.empty(0, np.uint64),
            examples={},
        )
        marked = {
            "disputed": made.disputed,
            "several": made.several,
            "early": (made.known != NEVER) & (made.known < made.moments),
            "unlabeled": ~made.labeled & ~made.keyless,
            "ids": ~made.keyless,
        }
        if columns.id:
            made.examples.update({name: shown(keys, where) for name, where in marked.items()})
        return made


def shown(keys: pd.DataFrame, where: NDArray[np.bool_]) -> list[str]:
    """The first ids that are marked, as text, those of several columns with commas in between."""
    some = keys.iloc[np.flatnonzero(where)[:EXAMPLES]]
    text = [spelled(values).tolist() for _, values in some.items()]
    return [", ".join(str(value) for value in row) for row in zip(*text, strict=True)]


def stamps(times: pd.Series) -> Stamps:
    """Microseconds since 1970, NEVER for NaT; shape (n,)."""
    naive = times.dt.tz_convert("UTC").dt.tz_localize(None) if times.dt.tz is not None else times
    made: Stamps = naive.to_numpy("datetime64[us]").astype(np.int64)
    return made


class JoinedRows:
    """All rows that were read, piece by piece."""

    def __init__(self) -> None:
        self._parts: list[Labeled] = []

    def add(self, part: Labeled) -> None:
        """Take on some more rows."""
        self._parts.append(part)

    def _all(self, name: str) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in self._parts])

    def status(self, due: Window) -> LabelStatus:
        """How many rows of a window have a label, and how long their first labels took."""
        moments, known, labeled = self._all("moments"), self._all("known"), self._all("labeled")
        inside = _inside(moments, due)
        timed = inside & labeled & (known != NEVER)
        delays = (known[timed] - moments[timed]) / DAY
        ends = np.percentile(delays, [50, 95]).tolist() if len(delays) else [None, None]
        return LabelStatus(
            window=due,
            rows=int(inside.sum()),
            labeled=int((inside & labeled).sum()),
            delay_median_days=ends[0],
            delay_p95_days=ends[1],
        )

    def counted(self, due: Window) -> Joined:
        """What preflight reports; `due` is the window whose labels must be there."""
        moments, known, labeled = self._all("moments"), self._all("known"), self._all("labeled")
        inside, keyless = _inside(moments, due), self._all("keyless")
        repeated = self._repeated(~keyless)
        examples: dict[str, list[str]] = {}
        for part in self._parts:
            for name, some in part.examples.items():
                examples[name] = [*examples.get(name, []), *some][:EXAMPLES]
        return Joined(
            rows=len(moments),
            keyless=int(keyless.sum()),
            repeated=repeated,
            disputed=int(self._all("disputed").sum()),
            several=int(self._all("several").sum()),
            due=int(inside.sum()),
            unlabeled=int((inside & ~labeled).sum()),
            early=int(((known != NEVER) & (known < moments)).sum()),
            examples=examples,
        )

    def _repeated(self, named: NDArray[np.bool_]) -> int:
        """The number of rows that have the id of another row."""
        hashes = self._all("hashes")
        if not len(hashes):
            return 0
        _, counts = np.unique(hashes[named], return_counts=True)
        return int(counts[counts > 1].sum())

    @property
    def moments(self) -> Stamps:
        """The time of each row, in the order in which the rows were added."""
        made: Stamps = self._all("moments")
        return made

    @property
    def changed(self) -> Stamps:
        """When the newest label of each row became known, in the order in which the rows were added."""
        made: Stamps = self._all("changed")
        return made


def _inside(moments: Stamps, window: Window) -> NDArray[np.bool_]:
    start, end = (pd.Timestamp(end).value // 1000 for end in (window.start, window.end))
    return (moments >= start) & (moments < end)
