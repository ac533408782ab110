"""Text files in another encoding are read as the same rows in UTF-8, from any place, and errors name the files."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from driftloop.monitoring.errors import SourceUnreadable
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.reading import Reading
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import read_rows
from driftloop.monitoring.sources.times import EVER

COLUMNS = Columns(time="ts", target="Umsatz \u20ac", categorical=("Stra\u00dfe",))
CSV = "ts;Stra\u00dfe;Umsatz \u20ac\n" + "".join(f"2026-01-0{day};M\u00fcnchen {day};1,5\n" for day in range(1, 9))
JSONL = "".join(
    f'{{"ts": "2026-01-0{day}", "Stra\u00dfe": "M\u00fcnchen {day}", "Umsatz \u20ac": 1.5}}\n' for day in range(1, 9)
)


def rows(folder: Path, **source: Any) -> list[str]:
    reading = Reading.of(COLUMNS, {"Umsatz \u20ac": "number"}, None)
    frame = read_rows(Source(**source), reading, EVER, folder).frame
    assert frame["Umsatz \u20ac"].astype(float).tolist() == [1.5] * len(frame)
    return list(frame["Stra\u00dfe"])


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8", "iso8859-15", "utf-16-le"])
@pytest.mark.parametrize(("name", "text"), [("rows.csv", CSV), ("rows.jsonl", JSONL)])
def test_rows_are_those_of_utf8(tmp_path: Path, encoding: str, name: str, text: str) -> None:
    """Names of columns and values, plain and gzip, and a file that changes in between."""
    expected = [f"M\u00fcnchen {day}" for day in range(1, 9)]
    (tmp_path / name).write_bytes(text.encode(encoding))
    assert rows(tmp_path, path=name, encoding=encoding) == expected
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode(encoding)))
    assert rows(tmp_path, path=f"{name}.gz", encoding=encoding) == expected
    (tmp_path / name).write_bytes(text.replace("M\u00fcnchen", "K\u00f6ln").encode(encoding))
    os.utime(tmp_path / name, ns=(1, 1))
    assert rows(tmp_path, path=name, encoding=encoding)[0] == "K\u00f6ln 1"


def test_globs_folders_and_other_places(tmp_path: Path) -> None:
    """Folders such as city=rome name a column of the copies too; a file system of fsspec is read the same way."""
    import fsspec

    for city in ("rome", "oslo"):
        (tmp_path / f"city={city}").mkdir()
        (tmp_path / f"city={city}" / "rows.csv").write_bytes(CSV.encode("cp1252"))
    reading = Reading.of(COLUMNS.model_copy(update={"categorical": ("city",)}), {"Umsatz \u20ac": "number"}, None)
    frame = read_rows(Source(path="*/rows.csv", encoding="cp1252"), reading, EVER, tmp_path).frame
    assert frame["city"].value_counts().to_dict() == {"rome": 8, "oslo": 8}
    with fsspec.open("memory://encoded/rows.csv", "wb") as file:
        file.write(CSV.encode("cp1252"))
    assert rows(tmp_path, path="memory://encoded/rows.csv", encoding="cp1252")[0] == "M\u00fcnchen 1"


def test_errors_name_the_file(tmp_path: Path) -> None:
    """Bytes of another encoding, a missing one, and a broken line are reported with the file that the user wrote."""
    file = tmp_path / "rows.csv"
    file.write_bytes(CSV.encode("cp1252"))
    with pytest.raises(SourceUnreadable, match=rf"^{file}: cannot be read: not ascii: ") as caught:
        rows(tmp_path, path="rows.csv", encoding="ascii")
    assert "source.encoding" in str(caught.value.remedy)
    with pytest.raises(SourceUnreadable, match="not UTF-8") as plain:
        rows(tmp_path, path="rows.csv")
    assert plain.value.encoding == "cp1252"
    file.write_bytes((CSV + "2026-01-09;zu;viele;Felder\n").encode("cp1252"))
    with pytest.raises(SourceUnreadable, match=rf"^{file}: cannot be read: line 10 has 4 fields"):
        rows(tmp_path, path="rows.csv", encoding="cp1252")


@pytest.mark.parametrize(
    "source",
    [
        {"path": "rows.csv", "encoding": "cp-1252x"},
        {"path": "rows.csv", "encoding": "rot13"},
        {"path": "rows.csv", "encoding": "zip"},
        {"path": "rows.parquet", "encoding": "cp1252"},
        {"url": "sqlite:///a.db", "table": "t", "encoding": "cp1252"},
    ],
)
def test_an_encoding_belongs_to_text(source: dict[str, str]) -> None:
    """Only encodings of text that Python knows, and only for text files."""
    with pytest.raises(ValidationError, match="encoding"):
        Source.model_validate(source)
