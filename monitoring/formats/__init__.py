"""File formats: one object per format, and the only list of them. A format is added by its file and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from driftloop.monitoring.formats.base import FileFormat, Files, FileTable, Look
from driftloop.monitoring.formats.csv import Csv
from driftloop.monitoring.formats.jsonl import JsonLines
from driftloop.monitoring.formats.parquet import Parquet

FORMATS: tuple[FileFormat, ...] = (
    Parquet(),
    Csv(),
    JsonLines(),
)

NAMES = tuple(one.name for one in FORMATS)

if TYPE_CHECKING:
    FormatName = str
else:
    FormatName = Literal[NAMES]

__all__ = [
    "FORMATS",
    "NAMES",
    "FileFormat",
    "FileTable",
    "Files",
    "FormatName",
    "Look",
    "endings",
    "named",
    "of_path",
    "titles",
]


def named(name: str) -> FileFormat:
    """Return the format of a name; KeyError for any other name.

    >>> named("csv").endings
    ('.csv', '.csv.gz')
    """
    return {one.name: one for one in FORMATS}[name]


def of_path(path: str) -> FileFormat | None:
    """Return the format that a path's ending names, None if it names none.

    >>> of_path("Trips.CSV.GZ").name, of_path("${DATA:-trips/*.parquet}").name, of_path("trips.xlsx")
    ('csv', 'parquet', None)
    """
    name = path.lower().rstrip("}")
    return next((one for one in FORMATS if name.endswith(one.endings)), None)


def endings() -> str:
    """Return all known endings as text, for messages.

    >>> endings().partition(", ")[0]
    '.parquet'
    """
    return ", ".join(ending for one in FORMATS for ending in one.endings)


def titles() -> str:
    """Return what the formats are called, for messages.

    >>> titles().partition(" ")[0]
    'parquet'
    """
    return " or ".join(one.title for one in FORMATS)
