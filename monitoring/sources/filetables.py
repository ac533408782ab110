"""Files as one table of DuckDB: under which name each column is there, and as what type. No value is read here."""

# ruff: noqa: S608  (names and values are quoted by us)
from __future__ import annotations

import glob
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from driftloop.monitoring.errors import ColumnsTwice, NamesDiffer
from driftloop.monitoring.sources.csvfiles import Shape
from driftloop.monitoring.sources.typed import literal

Ask = Callable[[str], list[Any]]


@dataclass(frozen=True)
class FileTable:
    """What is written after FROM, and the columns there.

    `names` has each column as the files call it, with its name in the table as SQL; `types` its type there. `text`
    are columns of text that may be something else: those of a CSV and of folders such as `city=rome`.
    """

    sql: str
    names: dict[str, str]
    types: dict[str, str]
    text: frozenset[str] = frozenset()
    headers: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def check(self, where: Callable[[str], str], wanted: Iterable[str]) -> None:
        """Refuse names that stand for two columns: in one file, or by their case in two of them."""
        wanted = list(wanted)
        for file, header in self.headers.items():
            times = Counter(header)
            twice = [name for name in wanted if times[name] > 1]
            if twice:
                raise ColumnsTwice(where(file), twice)
            spelled = {name.casefold(): name for name in header}
            for name in wanted:
                other = spelled.get(name.casefold(), name)
                if name not in times and other != name and any(name in one for one in self.headers.values()):
                    raise NamesDiffer(where(file), other, name)
        known: dict[str, str] = {}
        for name in wanted:
            other = known.setdefault(name.casefold(), name)
            if other != name:
                raise ColumnsTwice(where(next(iter(self.headers), "")), [other, name])


def of_csv(files: Sequence[str], shapes: Mapping[str, Shape], known: Mapping[str, str] | None = None) -> FileTable:
    """CSV files, all columns as text. `known` are names that the columns have in the table already."""
    folders = _folders(files, {name for file in files for name in shapes[file].header})
    names = dict(known or {})
    for file in files:
        for name in _named(shapes[file]):
            names.setdefault(name, f'"c{len(names)}"')
    groups: dict[Any, list[str]] = defaultdict(list)
    for file in files:
        shape = shapes[file]
        groups[(shape.header, shape.delimiter, shape.quote, shape.skip, shape.packed)].append(file)
    parts = [_read_csv(group, shapes[group[0]], names, bool(folders)) for group in groups.values()]
    headers = {file: (*_named(shapes[file]), *folders) for file in files}
    there = {name for header in headers.values() for name in header}
    names = {name: quoted for name, quoted in names.items() if name in there} | {key: _quoted(key) for key in folders}
    sql = parts[0] if len(parts) == 1 else f"({' UNION ALL BY NAME '.join(f'SELECT * FROM {part}' for part in parts)})"
    return FileTable(sql, names, dict.fromkeys(names, "VARCHAR"), frozenset(names), headers)


def of_parquet(files: Sequence[str], ask: Ask, spelled: Iterable[str] = ()) -> FileTable:
    """Parquet files. `spelled` are columns whose values must look the same whatever type they have in other files."""
    there = _signatures(files, ask)
    folders = _folders(files, {name for columns in there.values() for name, _ in columns})
    groups: dict[Any, list[str]] = defaultdict(list)
    for file in files:
        groups[there[file]].append(file)
    headers = {file: (*(name for name, _ in there[file]), *folders) for file in files}
    tables = {key: _described(group, ask, bool(folders)) for key, group in groups.items()}
    if len(tables) == 1:
        ((key, (sql, described)),) = tables.items()
        own = dict(zip((name for name, _ in key), described, strict=False))
        names = own | {name: name for name in described if name in folders}
        return FileTable(
            sql,
            {name: _quoted(actual) for name, actual in names.items()},
            {name: described[actual] for name, actual in names.items()},
            frozenset(folders),
            headers,
        )
    return _united(tables, folders, headers, ask, set(spelled))


def _united(
    tables: dict[Any, tuple[str, dict[str, str]]],
    folders: Sequence[str],
    headers: dict[str, tuple[str, ...]],
    ask: Ask,
    spelled: set[str],
) -> FileTable:
    """Files of several schemas, one under the other, each column by its exact name."""
    names: dict[str, str] = {}
    kinds: dict[str, set[str]] = defaultdict(set)
    parts: list[dict[str, tuple[str, str]]] = []
    for key, (_, described) in tables.items():
        own = dict(zip((name for name, _ in key), described.items(), strict=False))
        own |= {name: (name, described[name]) for name in folders if name in described}
        parts.append(own)
        for name, (_, kind) in own.items():
            names.setdefault(name, f'"c{len(names)}"')
            kinds[name].add(kind)
    selects = []
    for own, (sql, _) in zip(parts, tables.values(), strict=True):
        each = []
        for name, (actual, kind) in own.items():
            value = _quoted(actual)
            if name in spelled and len(kinds[name]) > 1:
                value = _spelled(value, kind)
            each.append(f"{value} AS {names[name]}")
        selects.append(f"SELECT {', '.join(each)} FROM {sql}")
    table = f"({' UNION ALL BY NAME '.join(selects)})"
    types = dict(
        zip(names, (row[1] for row in ask(f"DESCRIBE SELECT {', '.join(names.values())} FROM {table}")), strict=True)
    )
    return FileTable(table, names, types, frozenset(folders), headers)


def _spelled(value: str, kind: str) -> str:
    """SQL for a category as `conform.labels` spells it, whatever its type."""
    text = f"CAST({value} AS VARCHAR)"
    if kind == "BOOLEAN":
        return f"CASE WHEN {value} THEN 'True' WHEN NOT {value} THEN 'False' END"
    if kind in ("FLOAT", "DOUBLE"):
        whole = f"{value} = trunc({value}) AND abs({value}) < 1e21"
        return (
            f"CASE WHEN NOT isfinite({value}) AND NOT isinf({value}) THEN NULL WHEN {whole} "
            f"THEN CAST(CAST({value} AS HUGEINT) AS VARCHAR) ELSE {text} END"
        )
    if kind.startswith("DECIMAL"):
        return f"CASE WHEN contains({text}, '.') THEN rtrim(rtrim({text}, '0'), '.') ELSE {text} END"
    return text


def _signatures(files: Sequence[str], ask: Ask) -> dict[str, tuple[tuple[str, str], ...]]:
    """The columns of each file by the footer: names and types of the file itself, which no engine has renamed."""
    paths = ", ".join(literal(glob.escape(file)) for file in files)
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    inside: dict[str, list[int]] = defaultdict(list)
    sql = "SELECT file_name, name, num_children, concat_ws(' ', type, type_length, converted_type, logical_type,"
    for file, name, children, kind in ask(f"{sql} scale, precision) FROM parquet_schema([{paths}])"):
        # The rows are the schema's tree, node by node: the root, then each column with what is inside it.
        left = inside[file]
        while left and left[-1] == 0:
            left.pop()
        if left:
            left[-1] -= 1
            if len(left) == 1:
                found[file].append((name, kind))
            else:
                found[file][-1] = (found[file][-1][0], f"{found[file][-1][1]} {name} {kind}")
        left.append(children or 0)
    return {file: tuple(found[file]) for file in files}


def _described(files: Sequence[str], ask: Ask, folders: bool) -> tuple[str, dict[str, str]]:
    paths = ", ".join(literal(glob.escape(file)) for file in files)
    sql = f"read_parquet([{paths}], union_by_name={str(len(files) > 1).lower()}, {_hive(folders)})"
    return sql, {row[0]: row[1] for row in ask(f"DESCRIBE SELECT * FROM {sql}")}


def _read_csv(files: Sequence[str], shape: Shape, names: Mapping[str, str], folders: bool) -> str:
    """DuckDB's function over files of one header. Nothing is left for it to guess."""
    paths = ", ".join(literal(glob.escape(name)) for name in files)
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
        f"read_csv([{paths}], auto_detect=false, columns={{{columns}}}, header=true, comment='', nullstr='', "
        "strict_mode=true, null_padding=false, ignore_errors=false, "
        f"{', '.join(f'{key}={value}' for key, value in options.items())}, {_hive(folders)})"
    )


def _hive(folders: bool) -> str:
    return f"hive_partitioning={str(folders).lower()}, hive_types_autocast=false"


def _named(shape: Shape) -> list[str]:
    """The names of the header; a column without one is called by its place."""
    return [name or f"column{at}" for at, name in enumerate(shape.header)]


def _folders(files: Sequence[str], own: set[str]) -> list[str]:
    """Columns that are in the names of folders, such as `city=rome`, of all files; none if the files have them too."""
    each = []
    for file in files:
        parts = file.replace("\\", "/").split("/")[:-1]
        each.append([part.partition("=")[0] for part in parts if part.count("=") == 1 and not part.startswith("=")])
    first = each[0] if each else []
    if any(set(one) != set(first) for one in each) or set(first) <= own:
        return []
    return list(dict.fromkeys(first))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
