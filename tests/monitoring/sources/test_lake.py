"""Tables in files while they change: what one piece of work reads is one version, and it is known which."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.config import Monitored
from driftloop.monitoring.records.table_version import TableVersion
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import count_rows, lake, pinned, read_rows, stream_rows, versions_read
from driftloop.monitoring.sources.lake import failed_while_reading
from driftloop.monitoring.sources.places import place
from tests import lakes
from tests.labeled import NOW, SPAN, config, made_labels, made_rows
from tests.monitoring.sources.labels.test_join import expected, same
from tests.monitoring.sources.test_delta import rows
from tests.tables import WEEK, columns
from tests.written import LAKES

WRITE = {"delta": lakes.delta, "iceberg": lakes.iceberg}


def count(source: Source, folder: Path) -> int:
    return count_rows(source, columns(), WEEK, folder)


@pytest.mark.parametrize("kind", LAKES)
def test_a_check_reads_one_version(kind: str, tmp_path: Path) -> None:
    """Rows that are added or removed in between are seen by the next one; threads of one check read the same."""
    source = WRITE[kind](tmp_path, rows(0, 2))
    with pinned():
        assert count(source, tmp_path) == 2
        first = versions_read()
        WRITE[kind](tmp_path, rows(2, 3))
        with pinned(), ThreadPoolExecutor(1) as threads:
            assert threads.submit(copy_context().run, count, source, tmp_path).result() == 2
        with stream_rows(source, columns(), WEEK, tmp_path, most=1) as stream:
            assert sum(len(frame) for frame in stream.frames) == 2
        assert versions_read() == first
    with pinned():
        assert versions_read() == ()
        assert count(source, tmp_path) == 5
        assert versions_read() != first
    assert count(source, tmp_path) == 5
    assert versions_read() == ()


def test_a_version_is_named_by_the_part_of_the_config(tmp_path: Path) -> None:
    """A table that the config pins itself is as well."""
    source = lakes.delta(tmp_path, rows(0, 1), rows(1, 1))
    with pinned():
        count(source, tmp_path)
        count(Source(delta="trips", version=0), tmp_path)
        each = versions_read()
    assert each == tuple(TableVersion(section="source", format="delta", version=version) for version in (1, 0))


@pytest.mark.parametrize(("left", "right"), [("delta", "iceberg"), ("iceberg", "delta")])
def test_labels_may_be_in_a_table_in_files(left: str, right: str, tmp_path: Path) -> None:
    """They are joined as from any other source."""
    table, outcomes = made_rows(), made_labels()
    source, labels = WRITE[left](tmp_path, table), WRITE[right](tmp_path, outcomes, name="outcomes")
    made = config(source, labels)
    with pinned():
        same(read_rows(made.source, made.reading, SPAN, tmp_path, NOW).frame, expected(table, outcomes, NOW))
        assert [table.section for table in versions_read()] == ["source", "labels"]


def test_predictions_may_be_in_a_delta_table(tmp_path: Path) -> None:
    scored = rows(0, 3).rename_columns(["at", "order", "version", "score"])
    lakes.delta(tmp_path, scored, name="scored")
    source = lakes.delta(tmp_path, rows(0, 3))
    made = Monitored.model_validate(
        {
            "model": "m",
            "task": "regression",
            "source": source.model_dump(exclude_none=True),
            "columns": {"time": "ts", "target": "y", "id": "fare", "numeric": ["fare"]},
            "predictions": {
                "source": {"delta": "scored"},
                "id": "order",
                "time": "at",
                "version": "version",
                "prediction": "score",
            },
        }
    )
    from driftloop.monitoring.sources import serving

    found = serving(made.source, made.reading, WEEK, tmp_path, datetime(2026, 2, 1, tzinfo=UTC))
    assert dict(found.scored) == {"a": 3}


@pytest.mark.parametrize("kind", LAKES)
def test_a_missing_extra_is_named(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python reports a module that is None as one that is not installed."""
    import sys

    from driftloop.monitoring.errors import SourceMissing

    source = WRITE[kind](tmp_path, rows(0, 1))
    for name in [name for name in sys.modules if name.startswith(("deltalake", "pyiceberg"))]:
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("delta", "iceberg", "iceberg_parts"):
        monkeypatch.delitem(sys.modules, f"{lake.__package__}.{name}", raising=False)
        monkeypatch.delattr(f"{lake.__package__}.{name}", raising=False)
    with pytest.raises(SourceMissing, match="is not installed") as missing:
        count(source, tmp_path)
    assert missing.value.remedy == f"pip install 'driftloop[{kind}]'"


@pytest.mark.parametrize(
    ("raised", "kind", "remedy"),
    [
        (FileNotFoundError("a.parquet"), "SourceUnreadable", "VACUUM"),
        (OSError("no answer from https://ann:hunter2@store/"), "SourceMissing", "credentials"),
        (ValueError("\x1b[31mbroken\x1b[0m\n  page header"), "SourceUnreadable", "restore"),
    ],
)
def test_a_file_that_cannot_be_read(raised: Exception, kind: str, remedy: str, tmp_path: Path) -> None:
    """Gone, unavailable, or broken; in one line and without a password."""
    version: Any = lake.Lake("delta", 3, None, lambda _names, _condition: iter(()))
    error = failed_while_reading(place(Source(delta="trips"), tmp_path), version, raised)
    assert type(error).__name__ == kind
    assert remedy in error.remedy
    assert "hunter2" not in error.found
    assert "\x1b" not in error.found
    assert "\n" not in error.found
