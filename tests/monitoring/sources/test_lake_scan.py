"""Files of a table that a condition needs, and the columns of their batches."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from driftloop.monitoring.sources.lake_scan import Bounds, Part, by_parts, chosen, conformed

SCHEMA = pa.schema([("ts", pa.timestamp("us", "UTC")), ("n", pa.int64()), ("tsx", pa.string())])


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


def part(name: str, bounds: Bounds | None) -> Part:
    """A file with one row that has its name; every other column is null."""

    def read(names: list[str]) -> list[pa.RecordBatch]:
        values = {"ts": pa.array([day(3)], SCHEMA.field("ts").type), "n": pa.array([1], pa.int64()), "tsx": [name]}
        return [pa.record_batch([values[name] for name in names], names=names)]

    return Part(lambda column: bounds if column == "ts" else None, read)  # type: ignore[arg-type]


PARTS = [
    part("early", Bounds(day(1), day(2), nulls=False)),
    part("early with nulls", Bounds(day(1), day(2))),
    part("late", Bounds(day(4), day(5))),
    part("from", Bounds(day(4), None)),
    part("until", Bounds(None, day(2))),
    part("unknown", None),
]
LATE, NULL = pc.field("ts") >= pa.scalar(day(3), SCHEMA.field("ts").type), pc.field("ts").is_null()


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (None, ["early", "early with nulls", "late", "from", "until", "unknown"]),
        (LATE, ["late", "from", "unknown"]),
        (LATE & (pc.field("n") > 0), ["late", "from", "unknown"]),
        (LATE | NULL, ["early with nulls", "late", "from", "until", "unknown"]),
        (NULL, ["early with nulls", "late", "from", "until", "unknown"]),
        (pc.field("n") > 0, ["early", "early with nulls", "late", "from", "until", "unknown"]),
    ],
)
def test_files_without_rows_of_a_condition_are_left_out(condition: pc.Expression | None, names: list[str]) -> None:
    """In their order. A row without a time is in no range; an end or a column that is not known rules out none."""
    found = chosen(PARTS, SCHEMA, condition)
    assert [next(iter(part.read(["tsx"])))["tsx"][0].as_py() for part in found] == names


def test_a_column_of_the_condition_is_read_and_not_returned() -> None:
    """What DuckDB asks for is exactly what it gets."""
    (batch, *_) = by_parts(SCHEMA, PARTS)(["tsx"], (pc.field("n") == 1) & LATE)
    assert batch.schema.names == ["tsx"]
    assert list(by_parts(SCHEMA, PARTS)(["tsx", "ts"], pc.field("n") > 1)) == []


def test_a_batch_gets_the_columns_of_the_table() -> None:
    """In its order and types; a column that a file lacks has the value of its partition, or null."""
    batch = pa.record_batch({"tsx": ["a", "b"], "n": pa.array([1, 2], pa.int32())})
    made = conformed(batch, list(SCHEMA), {"ts": day(1)})
    assert made.schema == SCHEMA
    assert made.to_pydict() == {"ts": [day(1)] * 2, "n": [1, 2], "tsx": ["a", "b"]}
    assert conformed(batch, [SCHEMA.field("ts")], {}).column(0).null_count == 2
