"""A folder of parquet files: what is committed is there, what is not leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from driftloop.monitoring.errors import OutputBusy, OutputUnusable
from driftloop.monitoring.records import Window
from driftloop.pipelines.predictions.outputs.folder import MANIFEST, Folder
from driftloop.pipelines.predictions.outputs.manifest import Manifest, Part
from tests.streams import day

SPANS = [Window(start=day(n), end=day(n + 1)) for n in range(2)]
EMPTY = Manifest(model="trips", key=(), columns=("time", "prediction"))


def rows(at: float, *values: float) -> pa.Table:
    moments = pa.array([day(at)] * len(values), pa.timestamp("us", "UTC"))
    return pa.table({"time": moments, "prediction": pa.array(values, pa.float64())})


def parts(*counts: int) -> list[Part]:
    return [
        Part(start=span.start, end=span.end, version="1", model_id="m", rows=rows)
        for span, rows in zip(SPANS, counts, strict=True)
    ]


def test_a_group_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """Rows that were added and not committed are gone; a span that is written again has one file."""
    with Folder(tmp_path / "out") as out:
        assert out.read() is None
        out.create(EMPTY, rows(0).schema)
        out.begin(SPANS)
        out.add(0, rows(0.5, 1, 2))
        out.add(1, rows(1.5, 3))
        out.commit(EMPTY.with_parts(parts(2, 1)), parts(2, 1))
        out.begin(SPANS[:1])
        out.add(0, rows(0.5, 9))
    assert pq.read_table(tmp_path / "out")["prediction"].to_pylist() == [1, 2, 3]
    files = [str(file.relative_to(tmp_path / "out")) for file in sorted((tmp_path / "out").glob("day=*/*"))]
    assert files == [
        "day=2026-01-01/20260101T000000_20260102T000000.parquet",
        "day=2026-01-02/20260102T000000_20260103T000000.parquet",
    ]
    with Folder(tmp_path / "out") as out:
        known = out.read()
        assert known is not None
        out.begin(SPANS)
        out.add(0, rows(0.5, 7))
        out.commit(known.with_parts(parts(1, 0)), parts(1, 0))
    assert pq.read_table(tmp_path / "out")["prediction"].to_pylist() == [7]


def test_what_an_interrupted_run_left_is_removed(tmp_path: Path) -> None:
    """A file that was renamed before the manifest was written is not in it, and would double the rows of its day."""
    with Folder(tmp_path) as out:
        out.create(EMPTY, rows(0).schema)
    left = tmp_path / "day=2026-01-01" / "20260101T000000_20260101T120000.parquet"
    left.parent.mkdir()
    pq.write_table(rows(0.1, 1), left)
    (left.parent / ".x.parquet.writing").touch()
    with Folder(tmp_path) as out:
        out.read()
    assert list(left.parent.iterdir()) == []


def test_one_process_writes_at_a_time(tmp_path: Path) -> None:
    """The lock is that of a process: it ends with it."""
    with Folder(tmp_path), pytest.raises(OutputBusy):
        Folder(tmp_path)
    Folder(tmp_path).__exit__(None, None, None)


def test_what_is_not_an_output_is_refused(tmp_path: Path) -> None:
    """A file, a folder with other files, a manifest that cannot be read."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputUnusable, match="is a file"):
        Folder(tmp_path / "file")
    with pytest.raises(OutputUnusable, match="has other files, such as 'file'"):
        Folder(tmp_path)
    with Folder(tmp_path / "out") as out:
        (tmp_path / "out" / MANIFEST).write_text('{"format": 1, "mod')
        with pytest.raises(OutputUnusable, match="is not a manifest"):
            out.read()
