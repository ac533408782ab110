"""Where a source is: paths, patterns and URLs, and no secret in what is stated."""

from __future__ import annotations

import gzip
from pathlib import Path
from socket import socket

import pytest

from driftloop.monitoring.errors import DriftloopError, SourceMissing
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import count_rows, read_rows
from tests.tables import HEADER, LINES, WEEK, columns, csv, parquet, trips


@pytest.mark.parametrize("name", ["w[1].csv", "it's.csv", "a b*.csv", "${x}.csv".replace("$", "")])
def test_a_file_name_may_hold_any_character(tmp_path: Path, name: str) -> None:
    """A file that exists under the very name is read, pattern or not, and no other."""
    csv(tmp_path, HEADER + LINES * 5, "w1.csv")
    assert count_rows(csv(tmp_path, HEADER + LINES, name), columns(), WEEK, tmp_path) == 2


def test_urls_are_read_like_paths(tmp_path: Path) -> None:
    """file:// and every fsspec filesystem are read like local files, globs included."""
    import fsspec

    source = csv(tmp_path, HEADER + LINES)
    assert count_rows(Source(path=(tmp_path / str(source.path)).as_uri()), columns(), WEEK, Path("/")) == 2
    memory = fsspec.filesystem("memory")
    memory.pipe("/driftloop-test/a.csv", (HEADER + LINES).encode())
    memory.pipe("/driftloop-test/b.csv.gz", gzip.compress((HEADER + LINES).encode()))
    parquet(tmp_path, **trips())
    memory.pipe("/driftloop-test/c.parquet", (tmp_path / "rows.parquet").read_bytes())
    assert count_rows(Source(path="memory://driftloop-test/*.csv"), columns(), WEEK, tmp_path) == 2
    assert count_rows(Source(path="memory://driftloop-test/b.csv.gz"), columns(), WEEK, tmp_path) == 2
    assert len(read_rows(Source(path="memory://driftloop-test/*.parquet"), columns(), WEEK, tmp_path).frame) == 3
    with pytest.raises(SourceMissing, match="memory://driftloop-test/no"):
        count_rows(Source(path="memory://driftloop-test/no.csv"), columns(), WEEK, tmp_path)
    with pytest.raises(SourceMissing, match="nosuch://"):
        count_rows(Source(path="nosuch://x/no.csv"), columns(), WEEK, tmp_path)


def test_a_missing_file_is_named_in_full(tmp_path: Path) -> None:
    """Where nothing matches, the error has the whole path; for a folder it shows how to name its files."""
    for path in ("no/*.parquet", "./no/../no.csv"):
        with pytest.raises(SourceMissing, match=f"{tmp_path}/no"):
            read_rows(Source(path=path), columns(), WEEK, tmp_path)
    with pytest.raises(SourceMissing, match=r"is a folder(?s:.)*\*\.parquet"):
        read_rows(Source(path=str(tmp_path), format="parquet"), columns(), WEEK, tmp_path)


@pytest.mark.parametrize("table", ["rides", "trips"])
def test_no_secret_shows_in_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    """What ${NAME} holds never shows, wherever the error arises; the name does."""
    monkeypatch.setenv("DATA", f"{tmp_path}/hunter2 folder")
    monkeypatch.setenv("SERVER", "postgres://bob:hunter2@127.0.0.1:1/x")
    monkeypatch.setenv("PASSWORD", "hunter2/ü")
    (tmp_path / "hunter2 folder").mkdir()
    (tmp_path / "hunter2 folder" / "bad.parquet").write_bytes(b"junk" * 10)
    (tmp_path / "hunter2 folder" / "bad.csv").write_bytes(b"<html>")
    (tmp_path / "hunter2 folder" / "bad.db").write_bytes(b"junk" * 500)
    broken = [
        Source(path=path) for path in ("${DATA}/no.csv", "${DATA}/bad.csv", "${DATA}/*.parquet", "sub${DATA}/x.csv")
    ]
    urls = (
        "sqlite:///${DATA}/bad.db",
        "duckdb://${DATA}/no.db",
        "duckdb://${DATA}/bad.db",
        "${SERVER}",
        "nosuch://a:${PASSWORD}@h/x",
    )
    broken += [Source(url=url, table=table) for url in urls]
    for source in broken:
        with pytest.raises(DriftloopError) as caught:
            read_rows(source, columns(), WEEK, tmp_path)
        assert "hunter2" not in str(caught.value), source
        assert "${" in str(caught.value) or "***" in str(caught.value), source


def test_a_server_that_does_not_answer_is_no_missing_file(tmp_path: Path) -> None:
    """Over HTTP the refusal is named; the file may well be there."""
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/rows.csv"
        with pytest.raises(SourceMissing, match=r"Cannot connect to host 127\.0\.0\.1") as caught:
            read_rows(Source(path=address), columns(), WEEK, tmp_path)
    assert "the network" in caught.value.remedy
