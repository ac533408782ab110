"""Work of the executors of Spark. It is sent by value: driftloop is imported there after its version was compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

# Kinds of rows that executors return.
VALUE, ERROR, MISFIT, CHANGED = "value", "error", "misfit", "changed"
SHARDS = "shard bigint, given binary, reading string"
PIECES = "kind string, shard bigint, place bigint, facts binary, rows binary"
RESULTS = "kind string, shard bigint, place bigint, result binary"

Batches = Iterator["pa.RecordBatch"]
# The number of rows of a piece and the sum of their hashes, by which a second reading is compared.
Mark = tuple[int, int]


def reading(read: bytes, kept: Sequence[str], own: Mapping[str, str]) -> Callable[[Batches], Batches]:
    """Return what yields the pieces of shards: their facts with the columns `kept`, and all their values."""

    def run(batches: Batches) -> Batches:
        import pickle

        other = _others(own)
        for batch in batches:
            for shard, given in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True):
                if other:
                    yield _row(kind=MISFIT, shard=shard, place=0, facts=pickle.dumps(other), rows=pickle.dumps(other))
                    continue
                try:
                    for place, piece in enumerate(pickle.loads(read)(pickle.loads(given))):
                        facts = pickle.dumps(piece.without_values(kept), protocol=5)
                        rows = pickle.dumps((piece.frame, piece.mark), protocol=5)
                        yield _row(kind=VALUE, shard=shard, place=place, facts=facts, rows=rows)
                except MemoryError:
                    raise
                except Exception as error:
                    made = sent(error)
                    yield _row(kind=ERROR, shard=shard, place=0, facts=made, rows=made)

    return run


def working(work: bytes, given: Mapping[tuple[int, int], tuple[Mark, tuple[Any, ...]]]) -> Callable[[Batches], Batches]:
    """Return what yields the result of `work` for each piece; `given` has their marks and further arguments."""

    def run(batches: Batches) -> Batches:
        import pickle

        call = None
        for batch in batches:
            for kind, shard, place, rows in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                if kind != VALUE:
                    yield _row(kind=kind, shard=shard, place=place, result=rows)
                    continue
                try:
                    frame, mark = pickle.loads(rows)
                    expected, more = given.get((shard, place), (None, ()))
                    if mark != expected:
                        yield _row(kind=CHANGED, shard=shard, place=place, result=b"")
                        continue
                    call = call or pickle.loads(work)
                    result = pickle.dumps(call(frame, *more), protocol=5)
                    yield _row(kind=VALUE, shard=shard, place=place, result=result)
                except MemoryError:
                    raise
                except Exception as error:
                    yield _row(kind=ERROR, shard=shard, place=place, result=sent(error))

    return run


def streaming(work: bytes, own: Mapping[str, str]) -> Callable[[Batches], Batches]:
    """Return what yields the results of `work` for shards, whose rows are not kept."""

    def run(batches: Batches) -> Batches:
        import pickle

        other = _others(own)
        for batch in batches:
            for shard, given in zip(batch.column(0).to_pylist(), batch.column(1).to_pylist(), strict=True):
                if other:
                    yield _row(kind=MISFIT, shard=shard, place=0, result=pickle.dumps(other))
                    continue
                try:
                    for place, result in enumerate(pickle.loads(work)(pickle.loads(given))):
                        yield _row(kind=VALUE, shard=shard, place=place, result=pickle.dumps(result, protocol=5))
                except MemoryError:
                    raise
                except Exception as error:
                    yield _row(kind=ERROR, shard=shard, place=0, result=sent(error))

    return run


def fitting(
    plan: bytes, expected: Mapping[int, Sequence[tuple[int, int]]], own: Mapping[str, str]
) -> Callable[[Batches], Batches]:
    """Return what fits in one task of a barrier stage with all others; see `spark_fit`.

    The rows of a batch are results of `working`; `expected` are the shards and places of each task.
    """

    def run(batches: Batches) -> Batches:
        import pickle

        from pyspark import BarrierTaskContext

        context, other = BarrierTaskContext.get(), _others(own)
        if any(context.allGather("misfit" if other else "")):
            if other:
                yield _row(kind=MISFIT, shard=0, place=0, result=pickle.dumps(other))
            return
        from driftloop.pipelines.engines.spark_fit import fitted

        rows = (row for batch in batches for row in zip(*(each.to_pylist() for each in batch.columns), strict=True))
        for kind, shard, place, result in fitted(context, rows, pickle.loads(plan), expected):
            yield _row(kind=kind, shard=shard, place=place, result=result)

    return run


def looking(own: Mapping[str, str]) -> Callable[[Batches], Batches]:
    """Return what yields the versions of an executor that differ from ours."""

    def run(batches: Batches) -> Batches:
        import pickle

        for batch in batches:
            for shard in batch.column(0).to_pylist():
                yield _row(kind=MISFIT, shard=shard, place=0, result=pickle.dumps(_others(own)))

    return run


def _others(own: Mapping[str, str]) -> dict[str, dict[str, str | None]]:
    """Return the versions of this executor by its host, if any differs from ours."""
    import socket
    import sys
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str | None] = {"python": f"{sys.version_info[0]}.{sys.version_info[1]}"}
    for name in own:
        if name != "python":
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                found[name] = None
    return {socket.gethostname(): found} if found != dict(own) else {}


def _row(**values: Any) -> pa.RecordBatch:
    import pyarrow as pa

    types = {"kind": pa.string(), "shard": pa.int64(), "place": pa.int64()}
    arrays = {name: pa.array([value], types.get(name, pa.binary())) for name, value in values.items()}
    return pa.RecordBatch.from_pydict(arrays)


def sent(error: Exception) -> bytes:
    """Return an error in a form that can be raised on the driver; one that cannot be pickled as its text."""
    import pickle

    try:
        made = pickle.dumps(error)
        pickle.loads(made)
    except Exception:
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return made
