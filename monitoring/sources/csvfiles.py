"""The bytes of a CSV file, looked at before an engine is trusted with them: its header, and what is wrong with it."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import IO, Any

from driftloop.monitoring.errors import SourceUnreadable, listed

CHUNK = 1 << 20
Opener = Callable[[], IO[Any]]
# How a cell writes a number, by a letter for each way. The letters are evidence for `typed.notation`.
WAYS = {
    "p": re.compile(r"[-+]?(\d*\.(\d{1,2}|\d{4,})|0?\.\d+)(e[-+]?\d+)?", re.IGNORECASE),  # 1.5 and 0.125
    "g": re.compile(r"[-+]?\d{1,3}(\.\d{3}){2,}"),  # 1.234.567
    "u": re.compile(r"[-+]?(\d{1,3}(,\d{3})+\.\d+|\d{1,3}(,\d{3}){2,})"),  # 1,234.5 and 1,234,567
    "a": re.compile(r"[-+]?[1-9]\d{0,2},\d{3}"),  # 1,234: a thousand, or not
    "c": re.compile(r"[-+]?(\d{1,3}(\.\d{3})+|\d*),\d+(e[-+]?\d+)?", re.IGNORECASE),  # 1,5 and 1.234,5
    "b": re.compile(r"[-+]?[1-9]\d{0,2}\.\d{3}"),  # 1.234: a thousand, or not
    "i": re.compile(r"[-+]?[1-9]\d{0,2}"),
}
LOOKED_AT = 1000
# Files of another kind: where their mark stands, and what to do with them.
OTHERS = {
    "a SQLite database": (0, b"SQLite format 3\0", "name it by its URL, sqlite:///PATH, and its table"),
    "a DuckDB database": (8, b"DUCK", "name it by its URL, duckdb:///PATH, and its table"),
    "a zip archive or an Excel sheet": (0, b"PK\x03\x04", "save it as CSV or parquet"),
    "a parquet file": (0, b"PAR1", "give it the ending .parquet, or set source.format: parquet"),
}


@dataclass(frozen=True)
class Shape:
    """What header and first rows tell. `marks` holds by column how its first numbers are written, in letters of `WAYS`.

    `skip` is the number of empty lines before the header; `packed` says that the file is gzip.
    """

    header: tuple[str, ...]
    delimiter: str
    has_rows: bool
    marks: Mapping[str, frozenset[str]]
    quote: str = '"'
    skip: int = 0
    packed: bool = False


def look(where: str, opener: Opener) -> Shape:
    """The shape of the file, or SourceUnreadable if its bytes are not those of a CSV file.

    All bytes are seen: NUL bytes, other encodings and some shifted lines pass through engines without an error.
    """
    from driftloop.monitoring.sources.lines import Lines, slow

    shape: Shape | None = None
    lines = Lines(0, ",")
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    more = False
    with _plain(opener) as stream:
        packed = isinstance(stream, gzip.GzipFile)
        try:
            while chunk := stream.read(CHUNK):
                if shape is None:
                    _refuse_other_files(where, chunk)
                if b"\0" in chunk:
                    raise SourceUnreadable(where, "there are NUL bytes in it")
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
            why = f"not UTF-8: {error.reason} (byte 0x{error.object[error.start]:02x})"
            remedy = "write it in UTF-8; if an older program wrote it: iconv -f WINDOWS-1252 -t UTF-8 OLD.csv > NEW.csv"
            raise SourceUnreadable(where, why, remedy) from None
        except (EOFError, gzip.BadGzipFile, OSError) as error:
            raise SourceUnreadable(where, str(error)) from None
    if shape is None:
        raise SourceUnreadable(where, "it is empty (0 bytes)")
    lines.end()
    flaw = lines.flaw
    if lines.odd:
        flaw = slow(_plain(opener), shape.delimiter, shape.quote, len(shape.header))
    if flaw:
        raise SourceUnreadable(where, flaw)
    return replace(shape, has_rows=shape.has_rows or more, packed=packed)


def flaw(opener: Opener, shape: Shape) -> str | None:
    """Why an engine refuses the file, with the number of the line; None if that cannot be told."""
    from driftloop.monitoring.sources.lines import slow

    with _plain(opener) as stream:
        data = stream.read(CHUNK)
        if 0 < data.count(b"\r\n") < data.count(b"\n"):
            return "some lines end in CR LF and some in LF"
    return slow(_plain(opener), shape.delimiter, shape.quote, len(shape.header), strict=True)


def line_of(opener: Opener, shape: Shape, column: str, text: str) -> int | None:
    """The number of the first line whose field in a column is a text."""
    at = shape.header.index(column)
    with io.TextIOWrapper(_plain(opener), "utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=shape.delimiter, quotechar=shape.quote)
        for record in reader:
            if at < len(record) and record[at].startswith(text) and reader.line_num > 1:
                return reader.line_num
    return None


def _plain(opener: Opener) -> IO[bytes]:
    stream = opener()
    start = stream.read(2)
    stream.seek(0)
    # gzip is known by its first bytes, so that a wrong ending does no harm.
    return gzip.open(stream, "rb") if start == b"\x1f\x8b" else stream  # type: ignore[return-value]


def _refuse_other_files(where: str, chunk: bytes) -> None:
    if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SourceUnreadable(where, "it is UTF-16, not UTF-8", "iconv -f UTF-16 -t UTF-8 OLD.csv > NEW.csv")
    for kind, (at, mark, remedy) in OTHERS.items():
        if chunk[at : at + len(mark)] == mark:
            raise SourceUnreadable(where, f"it is {kind}, not CSV", remedy)
    if chunk.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<"):
        raise SourceUnreadable(where, "it is an HTML or XML page, not CSV")


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
    marks = {name: _marks(row[at] for row in rows if at < len(row)) for at, name in enumerate(header)}
    skip = len(text) - len(text.lstrip("\r\n"))
    lines = text[:skip].count("\n") or skip
    return Shape(tuple(header), delimiter, bool(rows), marks, quote, lines)


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


def _marks(cells: Iterable[str]) -> frozenset[str]:
    cells = {cell.strip() for cell in cells}
    ways = (next((way for way, form in WAYS.items() if form.fullmatch(cell)), "") for cell in cells if cell)
    return frozenset(ways) - {""}
