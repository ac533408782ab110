"""What `driftloop init` is pointed at, as the `source` of a model file and as a name for the model."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from driftloop.monitoring import formats
from driftloop.monitoring.errors import ConfigError, SourceUnreadable
from driftloop.monitoring.records import changed
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.engines import schemes
from driftloop.monitoring.sources.lakehouse import kind_of
from driftloop.monitoring.sources.places import database_file, is_metadata, place

if TYPE_CHECKING:
    import pandas as pd

LAKES = ("delta", "iceberg")


def source_of(data: str, table: str | None, folder: Path, file_format: str | None = None) -> Source:
    """A path in the YAML starts at the YAML's own folder. An ending that names no format is refused without one."""
    if table is None and data.partition("://")[0].partition("+")[0] in schemes():
        raise ConfigError(
            "init",
            "--table",
            "a database URL without a table",
            expected="the table that holds the rows",
            remedy="add --table NAME, or --table SCHEMA.NAME",
        )
    if table is not None:
        return Source(url=_beside(data, table, folder), table=table)
    plain = "://" not in data and not Path(data).is_absolute() and not data.startswith("$")
    path = os.path.relpath(data, folder) if plain else data
    lake = file_format if file_format in LAKES else lake_of(data)
    if lake is not None:
        named = lake == "iceberg" and not is_metadata(data)
        return Source.model_validate({lake: data if named else path})
    known = formats.named(file_format) if file_format else formats.of_path(data)
    if known is None:
        names = " or ".join(formats.NAMES)
        raise ConfigError(
            data.partition("?")[0],
            "",
            "its ending names no file format",
            expected=f"a name that ends in one of {formats.endings()}",
            remedy=f"rename the file, or name its format: --format {names}",
        )
    return Source(path=path, format=None if formats.of_path(path) is known else known.name)


def lake_of(data: str) -> str | None:
    """Return the key of a source for the folder of a Delta Lake table, or for the metadata of an Iceberg table.

    >>> lake_of("trips/metadata/00003-ab.metadata.json"), lake_of("trips.csv")
    ('iceberg', None)
    """
    if data.endswith(".metadata.json"):
        return "iceberg"
    if "://" not in data and "${" not in data and kind_of(None, os.path.expanduser(data)) == "Delta Lake":
        return "delta"
    return None


def _beside(url: str, table: str, folder: Path) -> str:
    """A URL of a database file relative to here becomes one relative to the YAML's folder."""
    scheme, _, rest = url.partition("://")
    if scheme not in {"sqlite", "duckdb"} or "${" in url or rest.startswith(("//", "md:", "motherduck:")):
        return url
    here, (rest, sign, options) = Path.cwd(), rest.partition("?")
    found = database_file(url, place(Source(url=url, table=table), here), here)
    if found == Path("/", rest.lstrip("/")):
        return url
    return f"{scheme}://{os.path.relpath(found, folder)}{sign}{options}"


def slug(name: str) -> str:
    """A file's or table's name as that of a model: letters, digits and underscores, without the ending.

    >>> slug("Taxi trips.CSV.gz"), slug("*.parquet")
    ('Taxi_trips', '')
    """
    known = sorted((ending for one in formats.FORMATS for ending in one.endings), key=len, reverse=True)
    ending = next((ending for ending in known if name.lower().endswith(ending)), "")
    made = re.sub(r"[^A-Za-z0-9_]+", "_", name.removesuffix(name[len(name) - len(ending) :])).strip("_")
    return made[:100]


def encoded(source: Source) -> Source:
    """Return the source with the encoding of its text files, where that is not UTF-8.

    Files that are not UTF-8 are read as cp1252, that of Windows in the west, or as latin-1 if that has no such bytes.
    """
    from driftloop.monitoring import sources

    try:
        sources.sample(source, Path.cwd())
        return source
    except SourceUnreadable as error:
        if error.encoding is None or source.encoding is not None:
            raise
        likely = error.encoding
    for encoding in dict.fromkeys((likely, "latin-1")):
        found = changed(source, encoding=encoding)
        try:
            sources.sample(found, Path.cwd())
        except SourceUnreadable:
            continue
        return found
    return source


def encoding_notes(source: Source, frame: pd.DataFrame) -> list[str]:
    """Return in which encoding text files are read, with a word by which a user sees whether that is right."""
    if source.encoding is None:
        return []
    words = [str(name) for name in frame.columns]
    words += [text for name in frame.columns for text in frame[name].dropna().head(1000) if isinstance(text, str)]
    word = next((word for word in words if not word.isascii()), None)
    example = f", for example {word!r}; correct source.encoding if that looks wrong" if word else ""
    return [f"encoding: the files are not UTF-8 and are read as {source.encoding}{example}"]
