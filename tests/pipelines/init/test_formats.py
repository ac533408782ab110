"""A model file is proposed for data of any format, by its ending or by --format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from driftloop.monitoring import formats
from driftloop.pipelines.config.project import load
from driftloop.pipelines.init import propose
from tests.streams import stream
from tests.written import WRITERS


@pytest.mark.parametrize("name", formats.NAMES)
def test_a_file_of_any_format_is_proposed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same columns, windows and types as of the parquet file, with the format where the ending does not name it."""
    monkeypatch.chdir(tmp_path)
    table = pa.Table.from_pandas(stream(60), preserve_index=False)
    ending = formats.named(name).endings[0]
    Path("other").mkdir()
    WRITERS["parquet"](Path("trips.parquet"), table)
    WRITERS[name](Path(f"other/trips{ending}"), table)
    WRITERS[name](Path("other/trips.data"), table)

    def proposed(data: str, **more: Any) -> dict[str, object]:
        known: dict[str, Any] = dict.fromkeys(("table", "model", "target", "time"))
        made = propose(data, **known, output=Path("made.yaml"), force=True, **more)
        config = load(made.file)
        source = config.source
        assert source.file_format.name == (name if "other" in data else "parquet")
        assert source.format == (name if "data" in data else None)
        return config.model_dump(exclude={"source", "file", "model"})

    expected = proposed("trips.parquet")
    assert proposed(f"other/trips{ending}") == expected
    assert proposed("other/trips.data", file_format=name) == expected
