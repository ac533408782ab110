"""Interface of a file format, and what formats share: text as SQL, columns from folders, files of another kind."""

from __future__ import annotations

import codecs
import glob
import gzip
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import IO, Any, ClassVar

from driftloop.monitoring.errors import DuplicateColumns, NamesDiffer, SourceUnreadable

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
# Files of another kind: where their mark is, and what to do with them.
OTHERS = {
    "a SQLite database": (0, b"SQLite format 3\0", "name it by its URL, sqlite:///PATH, and its table"),
    "a DuckDB database": (8, b"DUCK", "name it by its URL, duckdb:///PATH, and its table"),
    "a zip archive or an Excel sheet": (0, b"PK\x03\x04", "save it as CSV or parquet"),
    "a parquet file": (0, b"PAR1", "give it the ending .parquet, or set source.format: parquet"),
}


@dataclass(frozen=True)
class Look:
    """What the bytes of a file show before an engine reads it.

    `marks` holds by column how its first numbers are written, in letters of `WAYS`.
    """

    header: tuple[str, ...] = ()
    has_rows: bool = True
    marks: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Files:
    """Files that are read together: their looks by name, how DuckDB and the bytes are asked, how a name is shown."""

    names: tuple[str, ...]
    looks: Mapping[str, Look]
    ask: Callable[[str], list[Any]]
    open: Callable[[str], IO[Any]]
    shown: Callable[[str], str]

    def opener(self, name: str) -> Opener:
        return partial(self.open, name)


Group = tuple[str, tuple[str, ...]]
"""Files that are read by one function, with the SQL of it."""


@dataclass(frozen=True)
class FileTable:
    """What is written after FROM, and the columns there.

    `names` has each column as the files call it, with its name in the table as SQL; `types` its type there. `text`
    are columns of text that may be something else: those of a text file and of folders such as `city=rome`. `groups`
    are the parts of `sql` with the files of each, in the order in which their rows come.
    """

    sql: str
    names: dict[str, str]
    types: dict[str, str]
    text: frozenset[str] = frozenset()
    headers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()

    def check(self, where: Callable[[str], str], wanted: Iterable[str]) -> None:
        """Refuse ambiguous names of columns: repeated in one file, or different in case in two of them."""
        wanted = list(wanted)
        for file, header in self.headers.items():
            times = Counter(header)
            twice = [name for name in wanted if times[name] > 1]
            if twice:
                raise DuplicateColumns(where(file), twice)
            spelled = {name.casefold(): name for name in header}
            for name in wanted:
                other = spelled.get(name.casefold(), name)
                if name not in times and other != name and any(name in one for one in self.headers.values()):
                    raise NamesDiffer(where(file), other, name)
        known: dict[str, str] = {}
        for name in wanted:
            other = known.setdefault(name.casefold(), name)
            if other != name:
                raise DuplicateColumns(where(next(iter(self.headers), "")), [other, name])


class FileFormat(ABC):
    """A format of files. DuckDB reads all of them; a format knows what to ask it, and what DuckDB does not see.

    `as_text`: values are text in the file, and are typed by the config; otherwise the file has types. `thread_groups`:
    each reading thread of DuckDB holds a large group of rows in memory.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    endings: ClassVar[tuple[str, ...]]
    as_text: ClassVar[bool]
    thread_groups: ClassVar[bool] = False

    def look(self, where: str, opener: Opener) -> Look:
        """Return what the bytes show, or raise SourceUnreadable. A format that DuckDB checks whole opens nothing."""
        return Look()

    @abstractmethod
    def table(
        self,
        files: Files,
        names: Sequence[str],
        spelled: Iterable[str],
        known: Mapping[str, str],
        commas: Collection[str] = (),
    ) -> FileTable:
        """Return some of the files as one table.

        `spelled` are columns whose values must look the same whatever other rows and files hold; `known` are names
        that columns have in the table of all files. The text of `commas` is read with decimal commas, and
        therefore a number of a typed file is returned with one too.
        """

    @abstractmethod
    def alone(self, files: Files, name: str) -> str:
        """Return one file by itself as SQL to put after FROM; reading all of it shows whether it is broken."""

    def flaw(self, opener: Opener, look: Look) -> str | None:
        """Return why DuckDB refuses a file, with the number of the line; None if DuckDB's own message is the best."""
        return None

    def line_of(self, opener: Opener, look: Look, column: str, text: str) -> int | None:
        """Return the number of the first line whose value in a column starts with a text, None if unknown."""
        return None

    def finished(self, path: str) -> bool:
        """Return whether a local file has its end, as far as its bytes show it."""
        return True


def literal(text: str) -> str:
    """Text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """Return the name of a column as SQL of DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def paths(files: Iterable[str]) -> str:
    """Return names of files as a list of SQL, which DuckDB does not take for patterns."""
    return f"[{', '.join(literal(glob.escape(file)) for file in files)}]"


def hive(folders: Sequence[str]) -> str:
    """Return the options by which DuckDB reads columns from the names of folders, always as text."""
    return f"hive_partitioning={str(bool(folders)).lower()}, hive_types_autocast=false"


def folders_of(files: Sequence[str], own: set[str]) -> list[str]:
    """Columns that are in the names of folders, such as `city=rome`, of all files; none if the files have them too."""
    each = []
    for file in files:
        parts = file.replace("\\", "/").split("/")[:-1]
        each.append([part.partition("=")[0] for part in parts if part.count("=") == 1 and not part.startswith("=")])
    first = each[0] if each else []
    if any(set(one) != set(first) for one in each) or set(first) <= own:
        return []
    return list(dict.fromkeys(first))


def united(parts: Sequence[str]) -> str:
    """Return tables as one, one under the other, with columns matched by name."""
    return parts[0] if len(parts) == 1 else f"({' UNION ALL BY NAME '.join(f'SELECT * FROM {part}' for part in parts)})"  # noqa: S608


def restricted(sql: str, groups: Sequence[Group], files: Collection[str]) -> str:
    """Return a statement over the table of all files with some of the files only; columns keep names and types.

    >>> restricted("SELECT a FROM read(['x', 'y'])", [("read(['x', 'y'])", ("x", "y"))], {"y"})
    "SELECT a FROM read(['y'])"
    """
    for part, all_ in groups:
        mine = [file for file in all_ if file in files]
        less = part.replace(paths(all_), paths(mine or all_[:1]))
        sql = sql.replace(part, less if mine else f"(SELECT * FROM {less} LIMIT 0)")  # noqa: S608
    return sql


def unpacked(opener: Opener) -> IO[bytes]:
    """Open a file, through gzip if its first bytes say so: a wrong ending does no harm."""
    stream = opener()
    start = stream.read(2)
    stream.seek(0)
    return gzip.open(stream, "rb") if start == b"\x1f\x8b" else stream  # type: ignore[return-value]


def refuse_other_files(where: str, chunk: bytes, title: str) -> None:
    """Raise SourceUnreadable if the first bytes are those of another kind of file."""
    if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SourceUnreadable(where, "it is UTF-16, not UTF-8", "set source.encoding: utf-16", "utf-16")
    for kind, (at, mark, remedy) in OTHERS.items():
        if chunk[at : at + len(mark)] == mark:
            raise SourceUnreadable(where, f"it is {kind}, not {title}", remedy)
    if chunk.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<"):
        raise SourceUnreadable(where, f"it is an HTML or XML page, not {title}")


def not_utf8(where: str, error: UnicodeDecodeError) -> SourceUnreadable:
    """Return the error for bytes in another encoding."""
    why = f"not UTF-8: {error.reason} (byte 0x{error.object[error.start]:02x})"
    remedy = "set source.encoding, for example cp1252 for files of Windows programs, or write it in UTF-8"
    return SourceUnreadable(where, why, remedy, "cp1252")


def marks_of(cells: Iterable[str]) -> frozenset[str]:
    """Return in which ways some cells write numbers, in letters of `WAYS`."""
    cells = {cell.strip() for cell in cells}
    ways = (next((way for way, form in WAYS.items() if form.fullmatch(cell)), "") for cell in cells if cell)
    return frozenset(ways) - {""}
