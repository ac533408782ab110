"""The newest label of each key of a window, in memory, and rows with the labels of their keys."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.sources import frames
from driftloop.monitoring.sources.labels import latest
from driftloop.monitoring.sources.labels.keys import spelled

if TYPE_CHECKING:
    import pandas as pd

    from driftloop.monitoring.sources.labels.join import Join


@dataclass(frozen=True)
class Lookup:
    """The newest labels of the keys of a window: a frame of v, u, known, changed, labels, disputed, and its index."""

    join: Join
    known: pd.DataFrame
    index: pd.Index[Any]

    def labels_of(self, piece: pd.DataFrame) -> pd.DataFrame:
        """The newest label of each row, in the order of the rows; `piece` has the columns of their key."""
        places = self.index.get_indexer(_index([spelled(piece[key.row.name], key) for key in self.join.keys]))
        return self.known.reindex(places).reset_index(drop=True)  # -1 is no row of it


def look_up(join: Join, window: str, stack: ExitStack) -> Lookup:
    """Have the engine find the newest label of each key of a window; `window` is SQL of the rows, after FROM.

    Memory grows with the rows of the window. Nothing is left in a connection of DuckDB.
    """
    number = len(join.keys)
    if join.in_one_database:
        ids = [join.rows.names([key.row.name]) for key in join.keys]
        known = join.labels.fetch(latest.standard(number, join.label_rows(), ids, window))
        for place, key in enumerate(join.keys):
            known[latest.at(place)] = spelled(known[latest.at(place)], key)
    else:
        known = _of_duckdb(join, window, stack)
    index = _index([known.pop(latest.at(place)) for place in range(number)])
    return Lookup(join, known, index)


def _of_duckdb(join: Join, window: str, stack: ExitStack) -> pd.DataFrame:
    engine = join.engine(stack)
    if join.rows.engine.con is engine.con:
        join.prepare(engine, join.wanted_sql(window), stack)
    else:
        join.send_keys(engine, window)
        join.prepare(engine, "SELECT 1", stack)
    known = frames.from_arrow(engine.asked(lambda: engine.arrow(f"SELECT * FROM {latest.LATEST}", ())))  # noqa: S608
    engine.ask(f"DROP TABLE {latest.LATEST}")
    engine.ask("RESET disabled_optimizers")
    return known


def _index(parts: Sequence[pd.Series[Any]]) -> pd.Index[Any]:
    import pandas as pd

    return pd.Index(parts[0]) if len(parts) == 1 else pd.MultiIndex.from_arrays(list(parts))
