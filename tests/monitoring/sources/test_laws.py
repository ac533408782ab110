"""Laws over all file formats and engines: the same rows are the same rows, wherever they are kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from driftloop.monitoring import formats
from driftloop.monitoring.config import Monitored
from driftloop.monitoring.errors import SourceMissing
from driftloop.monitoring.records import Window
from driftloop.monitoring.rows.canonical import conform
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import count_rows, count_strays, engines, read_rows, sample, span, stream_rows
from driftloop.pipelines.data.fresh import content_digest
from tests.servers.postgres import Postgres
from tests.tables import WEEK, columns
from tests.written import LAKES, LOADERS, WRITERS, imports_of_siblings

FIRST = datetime(2025, 12, 31, 12)
ROWS = 96
KINDS = ["rome", "007", "1.10", "true", "ä", 'a "b", c', "null", "NaN", "1e5", None]
TABLE = pa.table(
    {
        "ts": pa.array([FIRST + at * timedelta(hours=3, microseconds=1) for at in range(ROWS)], pa.timestamp("us")),
        "fare": [None if at % 7 == 3 else at / 3 - 5 for at in range(ROWS)],
        "seats": pa.array([None if at % 5 == 2 else at for at in range(ROWS)], pa.int64()),
        "kind": pa.array([KINDS[at % len(KINDS)] for at in range(ROWS)], pa.string()),
        "id": pa.array([None if at % 11 == 5 else 2**60 + at % 3 for at in range(ROWS)], pa.int64()),
        "spare": pa.array([at % 4 for at in range(ROWS)], pa.int64()),
        "y": [float(at % 3) for at in range(ROWS)],
    }
)
COLUMNS = columns(
    numeric=("fare", "seats", "twice"),
    categorical=("kind", "id"),
    derived={"twice": "fare * 2 + spare"},
    filter="fare > -4 OR fare IS NULL",
)
CASES = [*formats.NAMES, *(one.name for one in engines.ENGINES), *LAKES]
Keep = Callable[[str, pa.Table], Source]


@pytest.fixture
def keep(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Keep:
    """Writes a table as a file of a format, or loads it into an engine; gives the source."""

    def server() -> Postgres:
        made: Postgres = request.getfixturevalue("postgres")
        monkeypatch.setenv("SHOP_PASSWORD", made.password)
        return made

    def kept(name: str, table: pa.Table) -> Source:
        if name in LOADERS or name in LAKES:
            return (LOADERS | LAKES)[name](tmp_path, table, server)
        ending = formats.named(name).endings[0]
        WRITERS[name](tmp_path / f"rows{ending}", table)
        return Source(path=f"rows{ending}")

    return kept


def config(source: Source, **changes: Any) -> Monitored:
    return Monitored(model="m", task="regression", source=source, columns=COLUMNS, **changes)


def canonical(source: Source, folder: Path, window: Window = WEEK) -> pd.DataFrame:
    made = config(source)
    return conform(read_rows(source, made.reading, window, folder).frame, made)[0]


def test_an_engine_has_an_example() -> None:
    """The laws over all engines load tables with these."""
    assert set(LOADERS) == {one.name for one in engines.ENGINES}


@pytest.mark.parametrize("engine", [*engines.ENGINES, engines.GENERIC], ids=lambda one: one.name)
def test_an_engine_knows_no_other_one(engine: type[engines.Engine]) -> None:
    """What they share is in the base; so an engine is added or removed by its file and its line."""
    assert imports_of_siblings(engine, [*engines.ENGINES, engines.GENERIC]) == []


@pytest.mark.parametrize("case", CASES)
def test_the_same_rows_are_the_same(case: str, keep: Keep, tmp_path: Path) -> None:
    """Canonical frame, digest, count, span and strays are those of the parquet file."""
    expected, source = keep("parquet", TABLE), keep(case, TABLE)
    rows, other = canonical(expected, tmp_path), canonical(source, tmp_path)
    pd.testing.assert_frame_equal(rows, other)
    assert len(rows) == count_rows(source, COLUMNS, WEEK, tmp_path) == 56
    assert set(rows["id"].dropna()) == {str(2**60 + at) for at in range(3)}
    assert set(rows["kind"].dropna()) == {kind for kind in KINDS if kind}
    assert content_digest(rows) == content_digest(other)
    assert span(source, COLUMNS, tmp_path) == span(expected, COLUMNS, tmp_path)
    now = FIRST.replace(tzinfo=UTC) + timedelta(days=9)
    assert count_strays(source, COLUMNS, now, tmp_path) == count_strays(expected, COLUMNS, now, tmp_path)
    assert count_strays(source, COLUMNS, now, tmp_path).future == 24


@pytest.mark.parametrize("case", CASES)
def test_pieces_are_the_whole(case: str, keep: Keep, tmp_path: Path) -> None:
    """Read some rows at a time, one under the other they are the rows that are read in one go."""
    source = keep(case, TABLE)
    reading = config(source).reading
    with stream_rows(source, reading, WEEK, tmp_path, most=10) as stream:
        frames = [conform(frame, config(source))[0] for frame in stream.frames]
    assert len(frames) > 0
    pieces = pd.concat(frames).sort_values("ts", kind="stable", ignore_index=True)
    pd.testing.assert_frame_equal(pieces, canonical(source, tmp_path))


@pytest.mark.parametrize("case", CASES)
def test_a_value_is_the_same_whatever_the_other_rows_are(case: str, keep: Keep, tmp_path: Path) -> None:
    """Each row by itself is what it is among the others."""
    whole = canonical(keep(case, TABLE), tmp_path).set_index("ts")
    for at in (4, 17, 30):
        alone = canonical(keep(case, TABLE.slice(at, 1)), tmp_path).set_index("ts")
        assert len(alone) == 1
        pd.testing.assert_frame_equal(alone, whole.loc[alone.index])


@pytest.mark.parametrize("case", CASES)
def test_a_sample_has_every_column(case: str, keep: Keep, tmp_path: Path) -> None:
    """No more rows than requested, with the columns in the order of the source; in order of time if that is asked."""
    source = keep(case, TABLE)
    assert list(sample(source, tmp_path, rows=10).columns) == TABLE.column_names
    assert len(sample(source, tmp_path, rows=10)) == 10
    timed = sample(source, tmp_path, rows=20, time="ts")
    assert 4 <= len(timed) <= 30
    assert timed["ts"].astype(str).is_monotonic_increasing


def test_an_engine_without_a_file_of_its_own_is_read_by_the_generic_one(
    keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the same laws, whatever database ibis connects to; what it cannot connect to is missing, not broken data."""
    kept = TABLE.set_column(4, "id", pa.array([at % 3 for at in range(ROWS)], pa.int64()))
    source = keep("sqlite", kept)
    expected, many = canonical(source, tmp_path), count_rows(source, COLUMNS, WEEK, tmp_path)
    monkeypatch.setattr(engines, "ENGINES", ())
    source = Source(url=f"sqlite:///{tmp_path}/rows.db", table="trips")
    assert engines.of_source(source) is engines.GENERIC
    pd.testing.assert_frame_equal(canonical(source, tmp_path), expected)
    assert count_rows(source, COLUMNS, WEEK, tmp_path) == many == len(expected)
    assert list(sample(source, tmp_path, rows=10).columns) == TABLE.column_names
    with pytest.raises(SourceMissing, match="no such table; the database has 'trips'"):
        count_rows(Source(url=source.url, table="rides"), COLUMNS, WEEK, tmp_path)
    for url in ("nosuch://host/db", "mysql://host/db"):
        assert engines.of_url(url) is engines.GENERIC
        with pytest.raises(SourceMissing):
            count_rows(Source(url=url, table="trips"), COLUMNS, WEEK, tmp_path)
