"""Tables of both engines: rows and manifest in one transaction, by key where there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from driftloop.monitoring.errors import OutputBusy, OutputUnusable
from driftloop.monitoring.records import Window
from driftloop.pipelines.predictions.outputs import Output, open_output
from driftloop.pipelines.predictions.outputs.manifest import Manifest, Part
from tests.streams import day

SPANS = [Window(start=day(n), end=day(n + 1)) for n in range(2)]
SCHEMA = pa.schema(
    [("time", pa.timestamp("us", "UTC")), ("no", pa.int64()), ("version", pa.string()), ("prediction", pa.float64())]
)


class Place:
    """A database of one engine, and its rows as anyone reads them."""

    def __init__(self, url: str, read: Callable[[str], list[tuple[Any, ...]]]) -> None:
        self.url, self.read = url, read

    def open(self, table: str = 'pre"dicted') -> Output:
        return open_output(self.url, table)

    def rows(self) -> list[tuple[Any, ...]]:
        return self.read('SELECT no, version, prediction FROM "pre""dicted" ORDER BY no, prediction')


@pytest.fixture(params=["duckdb", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
        schema = server.place()
        yield Place(server.url(schema), lambda sql: server.execute(sql, schema))
        return

    def read(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(tmp_path / "p.duckdb")) as con:
            return con.execute(sql).fetchall()

    yield Place(f"duckdb://{tmp_path}/p.duckdb", read)


def manifest(*key: str) -> Manifest:
    return Manifest(model="trips", key=key, columns=tuple(SCHEMA.names))


def rows(at: float, numbers: list[int | None], value: float, version: str = "1") -> pa.Table:
    many = len(numbers)
    columns = [
        pa.array([day(at)] * many, pa.timestamp("us", "UTC")),
        pa.array(numbers, pa.int64()),
        pa.array([version] * many),
        pa.array([value] * many),
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def parts(*counts: int) -> list[Part]:
    return [
        Part(start=span.start, end=span.end, version="1", model_id="m", rows=count)
        for span, count in zip(SPANS, counts, strict=False)
    ]


def test_rows_are_written_by_key(place: Place) -> None:
    """The newest row of a key is kept, one without a key is not; both are counted. Nothing else of a group is lost."""
    known = manifest("no")
    with place.open() as out:
        assert out.read() is None
        out.create(known, SCHEMA)
        out.begin(SPANS[:1])
        out.add(0, rows(0.1, [1, 2, None], 0.5))
        out.add(0, rows(0.2, [2], 0.7))
        dropped = out.commit(known.with_parts(parts(4)), parts(4))
        assert (dropped.without_id, dropped.duplicates) == (1, 1)
        known = known.with_parts(parts(4))
        out.begin(SPANS[1:])
        out.add(0, rows(1.1, [2, 3], 0.9))
        assert out.commit(known.with_parts(parts(4, 2)), parts(4, 2)[1:]).duplicates == 1
        assert out.read() == known.with_parts(parts(4, 2))
    assert place.rows() == [(1, "1", 0.5), (2, "1", 0.9), (3, "1", 0.9)]


@pytest.mark.parametrize("key", [(), ("no",)])
def test_a_span_that_is_written_again_is_replaced(place: Place, key: tuple[str, ...]) -> None:
    """A row that the source no longer has is gone; what was not committed is, too."""
    known = manifest(*key).with_parts(parts(2, 1))
    with place.open() as out:
        out.create(manifest(*key), SCHEMA)
        out.begin(SPANS)
        out.add(0, rows(0.1, [1, 2], 0.5))
        out.add(1, rows(1.1, [3], 0.5))
        out.commit(known, parts(2, 1))
    with place.open() as out:
        out.create(known, SCHEMA)
        out.begin(SPANS[:1])
        out.add(0, rows(0.1, [2], 0.6, "2"))
        assert out.commit(known.with_parts(parts(1)), parts(1)).duplicates == 0
        out.begin(SPANS)
        out.add(1, rows(1.1, [4], 0.6))
    assert place.rows() == [(2, "2", 0.6), (3, "1", 0.5)]


def test_one_process_writes_at_a_time(postgres: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock is that of a session, for one table."""
    place = Place(postgres.url(postgres.place()), postgres.execute)
    monkeypatch.setattr("driftloop.pipelines.predictions.outputs.postgres.LOCK_SECONDS", 0.0)
    with place.open("one"), place.open("other"), pytest.raises(OutputBusy):
        place.open("one")


def test_a_table_that_does_not_fit_is_refused(postgres: Any) -> None:
    """Without the columns or the key; a server that refuses the password: the message has no secret."""
    schema = postgres.place()
    place = Place(postgres.url(schema), lambda sql: postgres.execute(sql, schema))
    postgres.execute("CREATE TABLE lacking (no bigint); CREATE TABLE keyless (LIKE lacking)", schema)
    postgres.execute("ALTER TABLE keyless ADD time timestamptz, ADD version text, ADD prediction float8", schema)
    for table, message in (("lacking", 'column "time" of relation "lacking" does not exist'), ("keyless", "no unique")):
        with place.open(table) as out:
            out.create(manifest("no"), SCHEMA)
            out.begin(SPANS[:1])
            out.add(0, rows(0.1, [1], 0.5))
            with pytest.raises(OutputUnusable, match=message):
                out.commit(manifest("no").with_parts(parts(1)), parts(1))
    with pytest.raises(OutputUnusable) as refused:
        open_output(postgres.url(schema, password="hunter22"), "t")
    assert "hunter22" not in str(refused.value)
