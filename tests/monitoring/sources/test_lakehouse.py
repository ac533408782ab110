"""Files of a lakehouse table: refused with the fix, wherever the pattern points into the table."""

from __future__ import annotations

from pathlib import Path

import fsspec
import pandas as pd
import pytest

from driftloop.monitoring.errors import SourceUnreadable
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import places


def written(folder: Path) -> Path:
    folder.mkdir(parents=True)
    pd.DataFrame({"a": [1.0]}).to_parquet(folder / "part-0.parquet")
    return folder


@pytest.mark.parametrize(
    ("inside", "log", "pattern", "kind"),
    [
        ("", "_delta_log/0.json", "*.parquet", "Delta Lake"),
        ("day=1", "_delta_log/0.json", "**/*.parquet", "Delta Lake"),
        ("day=1/hour=2", "_delta_log/0.json", "day=1/hour=2/part-0.parquet", "Delta Lake"),
        ("data", "metadata/00000-a.metadata.json", "data/*.parquet", "Iceberg"),
        ("data/day=1", "metadata/v1.metadata.json", "data/day=1/*.parquet", "Iceberg"),
    ],
)
@pytest.mark.parametrize("remote", [False, True])
def test_files_of_a_table_are_refused(
    inside: str, log: str, pattern: str, kind: str, remote: bool, tmp_path: Path
) -> None:
    table = tmp_path / "trips"
    written(table / inside)
    (table / log).parent.mkdir()
    (table / log).write_text("{}")
    path = f"{table}/{pattern}"
    if remote:
        path = f"memory://{table}/{pattern}"
        memory = fsspec.filesystem("memory")
        memory.put(f"{tmp_path}/", f"{tmp_path}/", recursive=True)
    source = Source(path=path)
    with pytest.raises(SourceUnreadable) as refused:
        places.files(places.place(source, tmp_path), tmp_path)
    assert f"is a table of {kind}" in refused.value.found
    assert f"source.{'delta' if kind == 'Delta Lake' else 'iceberg'}" in refused.value.remedy


def test_a_log_next_to_or_far_above_the_files_is_not_theirs(tmp_path: Path) -> None:
    written(tmp_path / "plain" / "rows")
    (tmp_path / "other" / "_delta_log").mkdir(parents=True)
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata" / "notes.json").write_text("{}")
    (tmp_path / "_delta_log").mkdir()
    found = places.files(places.place(Source(path="plain/rows/*.parquet"), tmp_path), tmp_path)
    assert [Path(name).name for name in found.names] == ["part-0.parquet"]
