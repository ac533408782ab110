"""Canonical rows that executors of Spark keep, in memory or on their disks."""

from __future__ import annotations

import pickle
import uuid
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import SourceUnreadable
from driftloop.monitoring.sources.shards import Shard
from driftloop.pipelines.data.boosting import Boosting
from driftloop.pipelines.data.piece import Piece
from driftloop.pipelines.engines import spark_work
from driftloop.pipelines.engines.repeating import repeated
from driftloop.pipelines.engines.sharded import ShardRows
from driftloop.pipelines.engines.spark_session import Session
from driftloop.pipelines.engines.spark_training import Part, fit_once
from driftloop.pipelines.engines.versions import here, refuse_others

if TYPE_CHECKING:
    import pyarrow as pa

R = TypeVar("R")

# Number of shards of one job. Two jobs run at a time, so that the driver has the results of few shards at once; those
# of a stream are larger.
GROUP, STREAMED = 64, 16


@dataclass
class Group:
    """Some shards, the numbers of them and their rows in the executors; marks and numbers of pieces once known."""

    shards: dict[int, Shard]
    rows: Any = None
    marks: dict[tuple[int, int], spark_work.Mark] = field(default_factory=dict)


class SparkRows(ShardRows):
    """Pieces by shard. A shard whose executor dies is read again, and refused if its rows differ by then."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._groups: list[Group] = []

    def add(self, frame: pd.DataFrame) -> None:
        """Rows of a process are not sent to executors; `read` has executors read theirs."""
        raise NotImplementedError("the rows of an engine come from its own reading")

    def read(
        self, shards: Sequence[Shard], read: Callable[[Shard], Iterable[Piece]], kept: Sequence[str]
    ) -> Iterator[Piece]:
        """Read the shards; yield their pieces in order, with the columns `kept` alone."""
        self._groups = _groups(shards, GROUP)
        run = self._session.by_value(spark_work.reading)(self._session.dumps(read), tuple(kept), here())
        jobs = [partial(self._facts, group, run) for group in self._groups]
        for group, table in zip(self._groups, self._session.tables(jobs), strict=True):
            for place, piece in self._values(group.shards, table):
                group.marks[place] = piece.mark
                yield piece

    def __iter__(self) -> Iterator[pd.DataFrame]:
        for group in self._groups:
            for number in group.shards:
                (table,) = self._session.tables([partial(self._rows_of, group, number)])
                for _, (frame, _) in self._values(group.shards, table):
                    yield frame

    def map(self, work: Callable[..., R], *each: Sequence[Any]) -> Iterator[R]:
        """See `Rows`: one task per shard."""
        sent, given = self._session.dumps(work), zip(*each, strict=True) if each else None
        jobs = []
        for group in self._groups:
            more = {place: (mark, next(given) if given else ()) for place, mark in group.marks.items()}
            jobs.append(partial(self._results, group, self._session.by_value(spark_work.working)(sent, more)))
        for group, table in zip(self._groups, self._session.tables(jobs), strict=True):
            places = []
            for place, result in self._values(group.shards, table):
                places.append(place)
                yield result
            if places != list(group.marks):
                raise _changed(next(shard for number, shard in group.shards.items() if (number, 0) not in places))

    def boost(self, boosting: Boosting, marked: Sequence[NDArray[np.bool_]]) -> bytes:
        """See `Rows` and `spark_training`."""
        encode, chosen, parts = self._session.dumps(boosting.chosen), iter(marked), []
        for group in self._groups:
            marks = {place: next(chosen) for place in group.marks}
            rows = {place: int(mark.sum()) for place, mark in marks.items()}
            if any(rows.values()):
                given = {place: (group.marks[place], (np.packbits(mark),)) for place, mark in marks.items()}
                run = self._session.by_value(spark_work.working)(encode, given)
                parts.append(Part(group.rows, run, rows))
        fit = partial(fit_once, self._session, parts, self._session.dumps(boosting))
        shards = {number: shard for group in self._groups for number, shard in group.shards.items()}
        ((_, made),) = self._values(shards, repeated(self._session.name, fit))
        assert isinstance(made, bytes)
        return made

    def stream(self, shards: Sequence[Shard], work: Callable[[Shard], list[R]]) -> Iterator[R]:
        """See `ShardRows`."""
        run = self._session.by_value(spark_work.streaming)(self._session.dumps(work), here())
        groups = _groups(shards, STREAMED)
        jobs = [partial(self._streamed, group, run) for group in groups]
        for group, table in zip(groups, self._session.tables(jobs), strict=True):
            for _, result in self._values(group.shards, table):
                yield result

    def _streamed(self, group: Group, run: Any, session: Any) -> pa.Table:
        return self._spread(group, session).mapInArrow(run, spark_work.RESULTS).toArrow()

    def _spread(self, group: Group, session: Any) -> Any:
        """Return a frame of the shards of a group, one per partition."""
        import pyarrow as pa

        sent = [self._session.dumps(shard) for shard in group.shards.values()]
        # Of two equal frames Spark computes one: a second reading would have the rows that the first one keeps.
        own = [uuid.uuid4().hex] * len(sent)
        numbers = pa.array(group.shards, pa.int64())
        given = pa.table({"shard": numbers, "given": pa.array(sent, pa.binary()), "reading": own})
        # One partition is dealt out in turn: each task has one shard.
        return session.createDataFrame(given, spark_work.SHARDS).coalesce(1).repartition(len(group.shards))

    def _facts(self, group: Group, run: Any, session: Any) -> pa.Table:
        group.rows = self._session.keep(self._spread(group, session).mapInArrow(run, spark_work.PIECES))
        weakref.finalize(self, self._session.releaser(group.rows))
        return group.rows.select("kind", "shard", "place", "facts").toArrow()

    def _rows_of(self, group: Group, number: int, session: Any) -> pa.Table:
        return group.rows.filter(f"shard = {number}").select("kind", "shard", "place", "rows").toArrow()

    def _results(self, group: Group, run: Any, session: Any) -> pa.Table:
        rows = group.rows.select("kind", "shard", "place", "rows")
        return rows.mapInArrow(run, spark_work.RESULTS).toArrow()

    def _values(self, given: Mapping[int, Shard], table: pa.Table) -> Iterator[tuple[tuple[int, int], Any]]:
        """Yield what executors returned, in order of shards and places; their errors are raised here."""
        kinds, shards, places = (table.column(at).to_pylist() for at in range(3))
        for at in sorted(range(len(table)), key=lambda at: (shards[at], places[at])):
            kind, number = kinds[at], shards[at]
            if kind == spark_work.CHANGED:
                raise _changed(given[number])
            found = pickle.loads(table.column(3)[at].as_buffer())
            if kind == spark_work.MISFIT:
                refuse_others(self._session.name, found, here())
            if kind == spark_work.ERROR:
                raise found
            yield (number, places[at]), found


def _groups(shards: Sequence[Shard], most: int) -> list[Group]:
    numbered = list(enumerate(shards))
    return [Group(dict(numbered[at : at + most])) for at in range(0, len(numbered), most)]


def _changed(shard: Shard) -> SourceUnreadable:
    return SourceUnreadable(shard.files[0], "its rows changed while they were checked, and an executor read it twice")
