"""Labels of another engine on their way into DuckDB: some at a time, keys spelled alike, times in UTC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.sources import times
from driftloop.monitoring.sources.engines.duckdb import DuckDB
from driftloop.monitoring.sources.labels import latest
from driftloop.monitoring.sources.labels.keys import Key, spelled
from driftloop.monitoring.sources.relation import Relation

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

BATCH = 1 << 17
ARRIVING = '"driftloop: arriving labels"'


@dataclass(frozen=True)
class Arrivals:
    """Labels that a SELECT of their own engine delivers: the key, t, v, and u in DuckDB."""

    labels: Relation
    sql: str
    keys: Sequence[Key]
    kind: times.Kind | None
    own: Columns
    now: datetime
    numeric: bool

    @contextmanager
    def in_duckdb(self, engine: DuckDB) -> Iterator[str]:
        """The name of a table of DuckDB that reads them as they come. It can be read once."""
        import pyarrow as pa

        fields = [(latest.at(at), pa.int64() if key.whole else pa.string()) for at, key in enumerate(self.keys)]
        value = pa.float64() if self.numeric else pa.string()
        schema = pa.schema([*fields, ("t", pa.timestamp("us", tz="UTC")), ("v", value), ("u", pa.string())])
        engine.one_thread()  # the one of this call: connections of SQLite refuse any other
        engine.register(ARRIVING, pa.RecordBatchReader.from_batches(schema, self._batches(schema)))
        try:
            yield ARRIVING
        finally:
            engine.unregister(ARRIVING)

    def _batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        import pandas as pd
        import pyarrow as pa

        for frame in self.labels.pieces(self.sql, BATCH):
            columns: dict[str, Any] = {
                latest.at(at): self._key(frame[latest.at(at)], key) for at, key in enumerate(self.keys)
            }
            columns["t"] = labels_in_utc(frame["t"], self.kind, self.own.time_zone, self.labels.where)
            columns["v"], columns["u"] = self._values(frame)
            made = pd.DataFrame(columns)
            if self.kind == "text":
                made = made[made["t"] <= pd.Timestamp(self.now)]
            yield from pa.Table.from_pandas(made, schema=schema, preserve_index=False).to_batches()

    def _key(self, values: pd.Series[Any], key: Key) -> pd.Series[Any]:
        # DuckDB has spelled them already.
        return values if isinstance(self.labels.engine, DuckDB) else spelled(values, key)

    def _values(self, frame: pd.DataFrame) -> tuple[Any, Any]:
        """The labels as numbers or text, and the text of values that are not numbers."""
        import numpy as np

        from driftloop.monitoring.served.reading import read
        from driftloop.monitoring.served.spelling import labels, spell

        values = frame["v"]
        unread = frame["u"].astype(object) if "u" in frame else np.full(len(frame), None, dtype=object)
        if not self.numeric:
            return labels(values), unread
        came = read(values)
        if came.lost.any():
            unread = np.where(came.lost, np.array([spell(value) for value in values], dtype=object), unread)
        return came.made, unread


def labels_in_utc(values: pd.Series[Any], kind: times.Kind | None, zone: str, where: str) -> pd.Series[Any]:
    """Times of labels as datetime64[us, UTC], null where there is no label."""
    import pandas as pd

    made = pd.Series(pd.NaT, index=values.index, dtype="datetime64[us, UTC]")
    there = values.notna()
    if kind is None or not there.any():
        return made
    if there.all():
        return times.to_utc(values, kind, zone, where)
    made[there] = times.to_utc(values[there], kind, zone, where)
    return made
