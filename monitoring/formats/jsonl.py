"""JSON Lines: one object per line. Every key is a column of text, a number or `true` by its spelling in the file."""

# ruff: noqa: S608  (names and values are quoted by us)
from __future__ import annotations

import codecs
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from driftloop.monitoring.errors import SourceUnreadable
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
LONGEST = 1 << 22
# All numbers of a line as text. Strings, and what is between them, are passed over; the end of the line counts as a
# number of no digits, so that no search ever starts inside a string.
PASSED = r'((?:"(?:[^"\\]|\\.)*"|[^"0-9-]|-[A-Za-z])*)'
NUMBERS_AS_TEXT = f"rtrim(regexp_replace(line, {literal(PASSED + r'(-?[0-9][0-9.eE+-]*|$)')}, '\\1\"\\2\"', 'g'), '\"')"
NO_NUMBERS = "('nan', '-nan')"


@dataclass(frozen=True)
class LinesLook(Look):
    """What the first lines show. `keys` are the keys of all lines, filled in when DuckDB reads the file first."""

    packed: bool = False
    keys: list[str] = field(default_factory=list, compare=False)


class JsonLines(FileFormat):
    """JSON Lines (NDJSON), in UTF-8, plain or gzip. A key that a line lacks is null in it."""

    name = "jsonl"
    title = "JSON Lines"
    endings = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
    as_text = True

    def look(self, where: str, opener: Opener) -> LinesLook:
        """The first lines are read, and of a gzip file all bytes, since engines read a truncated one as it is."""
        with unpacked(opener) as stream:
            packed = isinstance(stream, gzip.GzipFile)
            try:
                chunk = stream.read(CHUNK)
                more = stream.read(CHUNK) if len(chunk) == CHUNK else b""
                while packed and more:
                    more = stream.read(CHUNK)
            except (EOFError, OSError) as error:
                raise SourceUnreadable(where, str(error)) from None
        refuse_other_files(where, chunk, self.title)
        chunk = chunk.removeprefix(codecs.BOM_UTF8)
        if chunk.lstrip().startswith(b"["):
            remedy = "write one object per line: jq -c '.[]' OLD > NEW"
            raise SourceUnreadable(where, "it is a JSON array, not one object per line", remedy)
        whole = chunk if len(chunk) < CHUNK - len(codecs.BOM_UTF8) else chunk[: chunk.rfind(b"\n") + 1]
        try:
            codecs.getincrementaldecoder("utf-8")().decode(chunk)
        except UnicodeDecodeError as error:
            raise not_utf8(where, error) from None
        return LinesLook((), bool(chunk.strip()), _marks(whole), packed)

    def table(
        self,
        files: Files,
        names: Sequence[str],
        spelled: Iterable[str],
        known: Mapping[str, str],
        commas: Collection[str] = (),
    ) -> FileTable:
        """All keys of all lines as columns of text; numbers of `spelled` columns exactly as they are written."""
        self._learn(files, [name for name in names if not _look(files, name).keys])
        keys = {name: _look(files, name).keys for name in names}
        if not any(keys.values()):
            raise SourceUnreadable(files.shown(names[0]), "it contains no JSON object with a key")
        folders = folders_of(names, {key for each in keys.values() for key in each})
        columns = dict(known)
        for key in (key for each in keys.values() for key in each):
            columns.setdefault(key, f'"c{len(columns)}"')
        there = {key: columns[key] for each in keys.values() for key in each}
        packings = _by_packing(files, names)
        parts = [
            _fields(_lines(group, packed, folders), there, set(spelled), set(commas), folders)
            for packed, group in packings.items()
        ]
        headers = {name: (*keys[name], *folders) for name in names}
        there |= {folder: quoted(folder) for folder in folders}
        types, each = dict.fromkeys(there, "VARCHAR"), zip(parts, map(tuple, packings.values()), strict=True)
        return FileTable(united(parts), there, types, frozenset(there), headers, tuple(each))

    def alone(self, files: Files, name: str) -> str:
        return f"(SELECT json_keys(line) AS k FROM {_lines([name], _look(files, name).packed, ())})"

    def flaw(self, opener: Opener, look: Look) -> str | None:
        """The first line that is not one JSON object, or names a key twice."""
        for number, line in _numbered(opener):
            flaw = _flaw(line)
            if flaw:
                return f"line {number:,}{flaw}"
        return None

    def line_of(self, opener: Opener, look: Look, column: str, text: str) -> int | None:
        for number, line in _numbered(opener):
            value = _loaded(line).get(column)
            if value is not None and _spelling(value).startswith(text):
                return number
        return None

    def _learn(self, files: Files, names: Sequence[str]) -> None:
        """Ask DuckDB for the keys of all lines; a line that is not one object of different keys is refused."""
        found: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for packed, group in _by_packing(files, names).items():
            lines = _lines(group, packed, (), ", filename=true")
            sql = f"SELECT filename, json_type(line) AS t, json_keys(line) AS k FROM {lines} GROUP BY ALL"
            for file, kind, keys in files.ask(sql):
                if kind != "OBJECT" or len(set(keys)) < len(keys):
                    look = files.looks[file]
                    why = self.flaw(files.opener(file), look) or "a line is not one JSON object with different keys"
                    raise SourceUnreadable(files.shown(file), why)
                found[file].append(tuple(keys))
        for name, each in found.items():
            # The lines with the most keys come first, so that the order is that of the file where all lines are alike.
            ordered = sorted(each, key=lambda keys: (-len(keys), keys))
            _look(files, name).keys[:] = dict.fromkeys(key for keys in ordered for key in keys)


def _look(files: Files, name: str) -> LinesLook:
    return cast("LinesLook", files.looks[name])


def _by_packing(files: Files, names: Sequence[str]) -> dict[bool, list[str]]:
    """Map true to the gzip files among some, and false to the plain ones: DuckDB reads each kind by itself."""
    groups: dict[bool, list[str]] = defaultdict(list)
    for name in names:
        groups[_look(files, name).packed].append(name)
    return groups


def _lines(names: Iterable[str], packed: bool, folders: Sequence[str], more: str = "") -> str:
    """The lines of files as SQL, blank ones left out. DuckDB's own reader of JSON knows no byte order mark.

    Nothing separates fields but a character that JSON does not allow; a line that has it is put together again, so
    that it is refused.
    """
    options = {
        "columns": "{'line': 'VARCHAR', 'rest': 'VARCHAR'}",
        "delim": "'\x01'",
        "compression": literal("gzip" if packed else "none"),
        "max_line_size": str(LONGEST),
    }
    columns = ", ".join(["filename"] * bool(more) + [quoted(folder) for folder in folders])
    return (
        f"(SELECT concat_ws(chr(1), line, rest) AS line{', ' * bool(columns)}{columns} "
        f"FROM read_csv({paths(names)}, auto_detect=false, header=false, quote='', escape='', comment='', nullstr='', "
        "strict_mode=false, null_padding=true, ignore_errors=false, "
        f"{', '.join(f'{key}={value}' for key, value in options.items())}, {hive(folders)}{more}) "
        "WHERE trim(line, ' \t') <> '' OR rest IS NOT NULL)"
    )


def _fields(lines: str, columns: Mapping[str, str], spelled: set[str], commas: set[str], folders: Sequence[str]) -> str:
    """The values of keys as SQL. Each line is parsed once, and once more for the types of spelled columns."""
    pointers = {key: literal("/" + key.replace("~", "~0").replace("/", "~1")) for key in columns}
    exact = [key for key in columns if key in spelled | commas]
    each = []
    for at, (key, name) in enumerate(columns.items(), 1):
        value = f"v[{at}]"
        if key in spelled:
            # A parsed number has lost its spelling: 1.10 would be 1.1. NaN is missing, the text "NaN" is not.
            number = f"json_extract_string({NUMBERS_AS_TEXT}, {pointers[key]})"
            number = f"CASE WHEN lower({value}) NOT IN {NO_NUMBERS} THEN {number} END"
            value = f"CASE WHEN t[{exact.index(key) + 1}] = 'DOUBLE' THEN {number} ELSE {value} END"
        elif key in commas:
            value = f"CASE WHEN t[{exact.index(key) + 1}] = 'DOUBLE' THEN replace({value}, '.', ',') ELSE {value} END"
        each.append(f"{value} AS {name}")
    types = f", json_type(line, [{', '.join(pointers[key] for key in exact)}]) AS t" if exact else ""
    values = f"json_extract_string(line, [{', '.join(pointers.values())}]) AS v"
    own = "".join(f", {quoted(folder)}" for folder in folders)
    return f"(SELECT {', '.join(each)}{own} FROM (SELECT line, {values}{types}{own} FROM {lines}))"


def _marks(chunk: bytes) -> dict[str, frozenset[str]]:
    """How the text of each key writes numbers; a JSON number always has a point."""
    cells: dict[str, list[str]] = defaultdict(list)
    for line in chunk.splitlines()[:LOOKED_AT]:
        try:
            record = json.loads(line, parse_float=lambda _: 0.5, parse_int=lambda _: None)
        except (ValueError, RecursionError):
            break  # DuckDB refuses it
        for key, value in record.items() if isinstance(record, dict) else ():
            if isinstance(value, str | float):
                cells[key].append(str(value))
    return {key: marks_of(each) for key, each in cells.items()}


def _numbered(opener: Opener) -> Iterator[tuple[int, str]]:
    """The lines that are not blank with their numbers; bytes that are not UTF-8 come as lone surrogates."""
    with io.TextIOWrapper(unpacked(opener), "utf-8-sig", errors="surrogateescape") as lines:
        yield from ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def _flaw(line: str) -> str | None:
    """Return what is wrong with a line, to be put after its number."""
    twice: list[str] = []

    def collected(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        twice[:] = [name for name in dict.fromkeys(names) if names.count(name) > 1]  # the outermost object comes last
        return dict(pairs)

    try:
        line.encode()
        value = json.loads(line, object_pairs_hook=collected, parse_int=str, parse_float=str)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        broken = any("\udc80" <= letter <= "\udcff" for letter in line)
        return " is not UTF-8" if broken else " has half of a surrogate pair in it"
    except json.JSONDecodeError as error:
        return f": not JSON: {error.msg} (column {error.colno})"
    except RecursionError:
        return " is nested too deep"
    if not isinstance(value, dict):
        return " is not a JSON object"
    if twice:
        return f" names {twice[0]!r} more than once"
    return f" is longer than {LONGEST >> 20} MB" if len(line.encode()) > LONGEST else None


def _loaded(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _spelling(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
