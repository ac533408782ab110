"""Laws of the registry of file formats: an ending names one format, and nothing falls through to another one."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from pydantic import ValidationError

from driftloop.monitoring import formats
from driftloop.monitoring.errors import SourceUnreadable
from driftloop.monitoring.formats import FORMATS, FileFormat
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import count_rows
from tests.tables import WEEK, columns, trips
from tests.written import WRITERS, imports_of_siblings

FORMAT = pytest.mark.parametrize("of", FORMATS, ids=formats.NAMES)


def test_a_format_has_an_example() -> None:
    """The laws over all formats write files with these."""
    assert set(WRITERS) == set(formats.NAMES)


@FORMAT
def test_a_format_knows_no_other_one(of: FileFormat) -> None:
    """What they share is in the base; so a format is added or removed by its file and its line."""
    assert imports_of_siblings(type(of), [type(other) for other in FORMATS]) == []


@FORMAT
def test_an_ending_names_one_format(of: FileFormat) -> None:
    """In any case of letters, behind a variable, and in a glob."""
    for ending in of.endings:
        names = [other.name for other in FORMATS if f"x{ending}".endswith(other.endings)]
        assert names == [of.name]
        for path in (f"x{ending}", f"x{ending.upper()}", f"${{ROWS:-x{ending}}}", f"in/*/x*{ending}"):
            assert Source(path=path).file_format is of


@pytest.mark.parametrize("path", ["rows.xlsx", "rows", "rows.txt", "csv", "rows.parquet.gz", "s3://bucket/rows.orc"])
def test_an_unknown_ending_is_refused_with_the_known_ones(path: str) -> None:
    """No format is the one for all the rest; a declared one is taken whatever the ending is."""
    with pytest.raises(ValidationError) as refused:
        Source(path=path)
    text = str(refused.value)
    assert [ending for of in FORMATS for ending in of.endings if ending not in text] == []
    assert [name for name in formats.NAMES if name not in text] == []
    assert [Source(path=path, format=name).file_format.name for name in formats.NAMES] == list(formats.NAMES)


@FORMAT
def test_a_file_of_another_format_is_refused_by_name(of: FileFormat, tmp_path: Path) -> None:
    """What is read as a format that it does not have is an error with the file's name, never rows."""
    data = pa.table(trips())
    for name in formats.NAMES:
        if name == of.name:
            continue
        WRITERS[name](tmp_path / "rows.data", data)
        with pytest.raises(SourceUnreadable, match=r"rows\.data: cannot be read"):
            count_rows(Source(path="rows.data", format=of.name), columns(), WEEK, tmp_path)
    WRITERS[of.name](tmp_path / "rows.data", data)
    assert count_rows(Source(path="rows.data", format=of.name), columns(), WEEK, tmp_path) == 3


@FORMAT
def test_a_file_that_is_cut_short_is_not_read_as_far_as_it_goes(of: FileFormat, tmp_path: Path) -> None:
    """The error names the file among whole ones."""
    for at in range(3):
        WRITERS[of.name](tmp_path / f"{at}{of.endings[0]}", pa.table(trips()))
    source = Source(path=f"*{of.endings[0]}")
    assert count_rows(source, columns(), WEEK, tmp_path) == 9
    cut = tmp_path / f"1{of.endings[0]}"
    cut.write_bytes(cut.read_bytes()[:-10])
    with pytest.raises(SourceUnreadable, match=f"1{of.endings[0]}: cannot be read"):
        count_rows(source, columns(), WEEK, tmp_path)
