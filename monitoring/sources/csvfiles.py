"""The bytes of a CSV file, looked at before an engine is trusted with them: its header, and what is wrong with it."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import IO, Any

from monitoring.errors import SourceUnreadable, listed

CHUNK = 1 << 20
Opener = Callable[[], IO[Any]]
# Engines guess whether 01/02/2026 is January, and guess anew for each file; left as text it is refused as a time.
NOT_ISO = re.compile(r"\d{1,2}[-/. ]\d{1,2}[-/. ]\d{2,4}\b|\d{4}/")
COMMA = re.compile(r"[-+]?(?P<whole>\d{1,3}(\.\d{3})+|\d*),(?P<decimals>\d+)(e[-+]?\d+)?", re.IGNORECASE)
POINT = re.compile(r"[-+]?\d*\.(\d{1,2}|\d{4,})(e[-+]?\d+)?", re.IGNORECASE)
GROUPS = re.compile(r"[-+]?\d{1,3}(\.\d{3})+")
# Files of another kind: where their mark stands, and what to do with them.
OTHERS = {
    "a SQLite database": (0, b"SQLite format 3\0", "name it by its URL, sqlite:///PATH, and its table"),
    "a DuckDB database": (8, b"DUCK", "name it by its URL, duckdb:///PATH, and its table"),
    "a zip archive or an Excel sheet": (0, b"PK\x03\x04", "save it as CSV or parquet"),
    "a parquet file": (0, b"PAR1", "give it the ending .parquet, or set source.format: parquet"),
}


@dataclass(frozen=True)
class Shape:
    """What header and first rows tell. `texts` are columns of dates that are not ISO: to be left as text.

    `marks` are those of numbers: ",", or ".," where a point parts the thousands; empty where a comma is none.
    `packed`: by gzip.
    """

    header: tuple[str, ...]
    delimiter: str
    has_rows: bool
    texts: frozenset[str]
    marks: str = ""
    packed: bool = False


def look(where: str, opener: Opener) -> Shape:
    """The shape of the file, or SourceUnreadable if its bytes are not those of a CSV file.

    All bytes are seen: NUL bytes and other encodings pass through engines without an error.
    """
    first, more = "", False
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    with _plain(opener) as stream:
        packed = isinstance(stream, gzip.GzipFile)
        try:
            while chunk := stream.read(CHUNK):
                if not first:
                    _refuse_other_files(where, chunk)
                if b"\0" in chunk:
                    raise SourceUnreadable(where, "there are NUL bytes in it")
                text = decoder.decode(chunk)
                first, more = (text, False) if not first else (first, True)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            why = f"not UTF-8: {error.reason} (byte 0x{error.object[error.start]:02x})"
            remedy = "write it in UTF-8; if an older program wrote it: iconv -f WINDOWS-1252 -t UTF-8 OLD.csv > NEW.csv"
            raise SourceUnreadable(where, why, remedy) from None
        except (EOFError, gzip.BadGzipFile, OSError) as error:
            raise SourceUnreadable(where, str(error)) from None
    return replace(_shape(where, first, more), packed=packed)


def flaw(opener: Opener, shape: Shape) -> str | None:
    """Why an engine refuses the file, with the number of the line; None if that cannot be told."""
    width = len(shape.header)
    with _plain(opener) as stream:
        data = stream.read(CHUNK)
        if 0 < data.count(b"\r\n") < data.count(b"\n"):
            return "some lines end in CR LF and some in LF"
    with _plain(opener) as stream, io.TextIOWrapper(stream, "utf-8-sig", newline="") as text:
        reader = csv.reader(text, delimiter=shape.delimiter, strict=True)
        try:
            for record in reader:
                if record and len(record) != width:
                    return f"line {reader.line_num} has {len(record)} fields, the header has {width}"
        except csv.Error as error:
            return f"line {reader.line_num}: {error}"
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


def _shape(where: str, text: str, more: bool) -> Shape:
    if not text:
        raise SourceUnreadable(where, "it is empty (0 bytes)")
    head = re.sub(r'"[^"]*"', "", text).lstrip("\r\n").splitlines()
    delimiter = max(",;\t|", key=head[0].count) if head else ","
    # The last record of a cut text may be half a record; the header is always kept.
    records = [record for record in _records(text, delimiter) if record]
    header, rows = (records[0], records[1:]) if records else ([], [])
    if not any(header):
        raise SourceUnreadable(where, "it has no header line")
    twice = [name for name, times in Counter(header).items() if times > 1 and name]
    if twice:
        raise SourceUnreadable(where, f"the header names {listed(twice)} more than once")
    texts = {name for at, name in enumerate(header) if NOT_ISO.match(_first_value(rows, at))}
    return Shape(tuple(header), delimiter, bool(rows) or more, frozenset(texts), _marks(rows[:100], delimiter))


def _records(text: str, delimiter: str, most: int = 1000) -> list[list[str]]:
    found: list[list[str]] = []
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            found.append(record)
            if len(found) > most:
                break
    except csv.Error:
        pass  # the engine will say what is wrong further down
    return found


def _marks(rows: list[list[str]], delimiter: str) -> str:
    """How numbers are written: 1,5 and 1.234,5, as half of the world does, or otherwise."""
    fields = [field.strip() for row in rows for field in row]
    found = [match for field in fields if "," in field and (match := COMMA.fullmatch(field))]
    pointed = [field for field in fields if "." in field]
    if not found or any(POINT.fullmatch(field) for field in pointed):
        return ""
    grouped = any("." in match["whole"] for match in found) or any(GROUPS.fullmatch(field) for field in pointed)
    # Between commas 1,234 is more likely a thousand; in a file that avoids the comma it is a number.
    if delimiter == "," and not grouped and all(len(match["decimals"]) == 3 for match in found):
        return ""
    return ".," if grouped else ","


def _first_value(rows: list[list[str]], at: int) -> str:
    return next((row[at].strip() for row in rows if at < len(row) and row[at].strip()), "")
