"""CSV: the bytes of a file are checked before DuckDB is trusted with them, and every column is text."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from driftloop.monitoring.errors import SourceUnreadable, listed
from driftloop.monitoring.formats.base import (
    CHUNK,
    FileFormat,
    Files,
    FileTable,
    Look,
    Opener,
    folders_of,
    hive,
    literal,
    marks_of,
    not_utf8,
    paths,
    quoted,
    refuse_other_files,
    united,
    unpacked,
)

LOOKED_AT = 1000
JSON = re.compile(rb'\s*(\{\s*"|\[\s*[\[{])')


@dataclass(frozen=True)
class Shape(Look):
    """What header and first rows of a CSV show.

    `skip` is the number of empty lines before the header; `packed` is true for a gzip file.
    """

    delimiter: str = ","
    quote: str = '"'
    skip: int = 0
    packed: bool = False


class Csv(FileFormat):
    """Comma-separated text with a header, in UTF-8, plain or gzip."""

    name = "csv"
    title = "CSV"
    endings = (".csv", ".csv.gz")
    as_text = True

    def look(self, where: str, opener: Opener) -> Shape:
        return look(where, opener)

    def table(
        self,
        files: Files,
        names: Sequence[str],
        spelled: Iterable[str],
        known: Mapping[str, str],
        commas: Collection[str] = (),
    ) -> FileTable:
        """All columns as text; files of one header are read together."""
        shapes = {name: cast("Shape", files.looks[name]) for name in names}
        folders = folders_of(names, {name for shape in shapes.values() for name in shape.header})
        columns = dict(known)
        for shape in shapes.values():
            for name in _named(shape):
                columns.setdefault(name, f'"c{len(columns)}"')
        groups: dict[Any, list[str]] = defaultdict(list)
        for file, shape in shapes.items():
            groups[(shape.header, shape.delimiter, shape.quote, shape.skip, shape.packed)].append(file)
        parts = [_read_csv(group, shapes[group[0]], columns, folders) for group in groups.values()]
        headers = {file: (*_named(shape), *folders) for file, shape in shapes.items()}
        there = {name for header in headers.values() for name in header}
        columns = {name: sql for name, sql in columns.items() if name in there} | {key: quoted(key) for key in folders}
        types, each = dict.fromkeys(columns, "VARCHAR"), zip(parts, map(tuple, groups.values()), strict=True)
        return FileTable(united(parts), columns, types, frozenset(columns), headers, tuple(each))

    def alone(self, files: Files, name: str) -> str:
        return self.table(files, [name], (), {}).sql

    def flaw(self, opener: Opener, look: Look) -> str | None:
        return flaw(opener, cast("Shape", look))

    def line_of(self, opener: Opener, look: Look, column: str, text: str) -> int | None:
        return line_of(opener, cast("Shape", look), column, text)


def look(where: str, opener: Opener) -> Shape:
    """The shape of the file, or SourceUnreadable if its bytes are not those of a CSV file.

    All bytes are seen: NUL bytes, other encodings and some shifted lines pass through engines without an error.
    """
    from driftloop.monitoring.formats.csv_lines import Lines, slow

    shape: Shape | None = None
    lines = Lines(0, ",")
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    more = False
    with unpacked(opener) as stream:
        packed = isinstance(stream, gzip.GzipFile)
        try:
            while chunk := stream.read(CHUNK):
                if shape is None:
                    refuse_other_files(where, chunk, Csv.title)
                    if JSON.match(chunk.removeprefix(codecs.BOM_UTF8)):
                        raise SourceUnreadable(where, "it is JSON, not CSV", "set source.format, or save it as CSV")
                if b"\0" in chunk:
                    raise SourceUnreadable(where, "it contains NUL bytes")
                if shape is None:
                    shape = _shape(where, decoder.decode(chunk))
                    lines = Lines(len(shape.header), shape.delimiter, shape.quote)
                    chunk = chunk.removeprefix(codecs.BOM_UTF8)
                else:
                    more = True
                    decoder.decode(chunk)
                lines.add(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise not_utf8(where, error) from None
        except (EOFError, gzip.BadGzipFile, OSError) as error:
            raise SourceUnreadable(where, str(error)) from None
    if shape is None:
        raise SourceUnreadable(where, "it is empty (0 bytes)")
    lines.end()
    flaw = lines.flaw
    if lines.odd:
        flaw = slow(unpacked(opener), shape.delimiter, shape.quote, len(shape.header))
    if flaw:
        raise SourceUnreadable(where, flaw)
    return replace(shape, has_rows=shape.has_rows or more, packed=packed)


def flaw(opener: Opener, shape: Shape) -> str | None:
    """Return why an engine refuses the file, with the number of the line; None if unknown."""
    from driftloop.monitoring.formats.csv_lines import slow

    with unpacked(opener) as stream:
        data = stream.read(CHUNK)
        if 0 < data.count(b"\r\n") < data.count(b"\n"):
            return "some lines end in CR LF and some in LF"
    return slow(unpacked(opener), shape.delimiter, shape.quote, len(shape.header), strict=True)


def line_of(opener: Opener, shape: Shape, column: str, text: str) -> int | None:
    """The number of the first line whose field in a column is a text."""
    at = shape.header.index(column)
    with io.TextIOWrapper(unpacked(opener), "utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=shape.delimiter, quotechar=shape.quote)
        for record in reader:
            if at < len(record) and record[at].startswith(text) and reader.line_num > 1:
                return reader.line_num
    return None


def _shape(where: str, text: str) -> Shape:
    head = re.sub(r'"[^"]*"', "", text).lstrip("\r\n").splitlines()
    delimiter = max(",;\t|", key=head[0].count) if head else ","
    # The last record of a cut text may be half a record; the header is always kept.
    quote = _quote(text, delimiter)
    records = [record for record in _records(text, delimiter, quote) if record]
    header, rows = (records[0], records[1:]) if records else ([], [])
    if not any(header):
        raise SourceUnreadable(where, "it has no header line")
    twice = [name for name, times in Counter(header).items() if times > 1 and name]
    if twice:
        raise SourceUnreadable(where, f"the header names {listed(twice)} more than once")
    marks = {name: marks_of(row[at] for row in rows if at < len(row)) for at, name in enumerate(header)}
    skip = len(text) - len(text.lstrip("\r\n"))
    lines = text[:skip].count("\n") or skip
    return Shape(tuple(header), bool(rows), marks, delimiter, quote, lines)


def _quote(text: str, delimiter: str) -> str:
    """The mark around fields: single quotes only where every name of the header is in them."""
    names = text.lstrip("\r\n").splitlines()[:1]
    fields = names[0].split(delimiter) if names else []
    return "'" if fields and all(re.fullmatch(r"'[^']+'", field) for field in fields) else '"'


def _records(text: str, delimiter: str, quote: str) -> list[list[str]]:
    found: list[list[str]] = []
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote):
            found.append(record)
            if len(found) > LOOKED_AT:
                break
    except csv.Error:
        pass  # the engine will say what is wrong further down
    return found


def _read_csv(files: Sequence[str], shape: Shape, names: Mapping[str, str], folders: Sequence[str]) -> str:
    """DuckDB's function over files of one header. Nothing is left for it to guess."""
    columns = ", ".join(f"{names[name]}: 'VARCHAR'" for name in _named(shape))
    quote = literal(shape.quote)
    options = {
        "delim": literal(shape.delimiter),
        "quote": quote,
        "escape": quote,
        "skip": str(shape.skip),
        # DuckDB goes by the ending of the name, which may be wrong.
        "compression": literal("gzip" if shape.packed else "none"),
    }
    return (
        f"read_csv({paths(files)}, auto_detect=false, columns={{{columns}}}, header=true, comment='', nullstr='', "
        "strict_mode=true, null_padding=false, ignore_errors=false, "
        f"{', '.join(f'{key}={value}' for key, value in options.items())}, {hive(folders)})"
    )


def _named(shape: Shape) -> list[str]:
    """The names of the header; a column without one is called by its place."""
    return [name or f"column{at}" for at, name in enumerate(shape.header)]
