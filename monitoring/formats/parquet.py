"""Parquet: names and types are those of the files themselves; files of several schemas are one table."""

# ruff: noqa: S608  (names and values are quoted by us)
from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from driftloop.monitoring.formats.base import FileFormat, Files, FileTable, folders_of, hive, paths, quoted

# Types whose text has a decimal point.
FRACTIONS = ("FLOAT", "DOUBLE", "DECIMAL")
Ask = Callable[[str], list[Any]]


class Parquet(FileFormat):
    """Apache Parquet, with types of its own."""

    name = "parquet"
    title = "parquet"
    endings = (".parquet", ".pq")
    as_text = False
    thread_groups = True  # a row group may have a million rows

    def table(
        self,
        files: Files,
        names: Sequence[str],
        spelled: Iterable[str],
        known: Mapping[str, str],
        commas: Collection[str] = (),
    ) -> FileTable:
        return _of_parquet(names, files.ask, spelled, commas)

    def alone(self, files: Files, name: str) -> str:
        return f"read_parquet({paths([name])})"

    def finished(self, path: str) -> bool:
        """Four letters end a parquet file, and are written last."""
        try:
            with open(path, "rb") as file:
                file.seek(-4, os.SEEK_END)
                return file.read() in {b"PAR1", b"PARE"}
        except OSError:
            return False


def _of_parquet(files: Sequence[str], ask: Ask, spelled: Iterable[str] = (), commas: Collection[str] = ()) -> FileTable:
    """Parquet files. `spelled` are columns whose values must look the same whatever type they have in other files."""
    there = _signatures(files, ask)
    folders = folders_of(files, {name for columns in there.values() for name, _ in columns})
    groups: dict[Any, list[str]] = defaultdict(list)
    for file in files:
        groups[there[file]].append(file)
    headers = {file: (*(name for name, _ in there[file]), *folders) for file in files}
    tables = {key: _described(group, ask, folders) for key, group in groups.items()}
    if len(tables) == 1:
        ((key, (sql, described)),) = tables.items()
        own = dict(zip((name for name, _ in key), described, strict=False))
        names = own | {name: name for name in described if name in folders}
        return FileTable(
            sql,
            {name: quoted(actual) for name, actual in names.items()},
            {name: described[actual] for name, actual in names.items()},
            frozenset(folders),
            headers,
            ((sql, tuple(files)),),
        )
    united = _united(tables, folders, headers, ask, set(spelled), set(commas))
    return replace(united, groups=tuple((sql, tuple(groups[key])) for key, (sql, _) in tables.items()))


def _united(
    tables: dict[Any, tuple[str, dict[str, str]]],
    folders: Sequence[str],
    headers: dict[str, tuple[str, ...]],
    ask: Ask,
    spelled: set[str],
    commas: set[str],
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
            value = quoted(actual)
            if name in spelled and len(kinds[name]) > 1:
                value = _spelled(value, kind)
            elif name in commas and "VARCHAR" in kinds[name] and kind.startswith(FRACTIONS):
                value = f"replace(CAST({value} AS VARCHAR), '.', ',')"
            each.append(f"{value} AS {names[name]}")
        selects.append(f"SELECT {', '.join(each)} FROM {sql}")
    table = f"({' UNION ALL BY NAME '.join(selects)})"
    types = dict(
        zip(names, (row[1] for row in ask(f"DESCRIBE SELECT {', '.join(names.values())} FROM {table}")), strict=True)
    )
    return FileTable(table, names, types, frozenset(folders), headers)


def _spelled(value: str, kind: str) -> str:
    """SQL for a category as `labels` spells it, whatever its type."""
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
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    inside: dict[str, list[int]] = defaultdict(list)
    sql = "SELECT file_name, name, num_children, concat_ws(' ', type, type_length, converted_type, logical_type,"
    for file, name, children, kind in ask(f"{sql} scale, precision) FROM parquet_schema({paths(files)})"):
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


def _described(files: Sequence[str], ask: Ask, folders: Sequence[str]) -> tuple[str, dict[str, str]]:
    sql = f"read_parquet({paths(files)}, union_by_name={str(len(files) > 1).lower()}, {hive(folders)})"
    return sql, {row[0]: row[1] for row in ask(f"DESCRIBE SELECT * FROM {sql}")}
