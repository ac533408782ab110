"""What a source's columns are, and the SQL by which each is read: types, numbers that cannot be read, NaN as null."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

from driftloop.monitoring.errors import NotATime, SourceUnreadable, TypeMisfit
from driftloop.monitoring.formats import FileTable
from driftloop.monitoring.records import TEXT
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.sources import expressions, typed
from driftloop.monitoring.sources.engines import EngineError
from driftloop.monitoring.sources.engines.duckdb import cut_text
from driftloop.monitoring.sources.relation import Relation

GUESSED_AT_ONCE = 40
UNREAD = "driftloop: unread "  # a column of text beside each column of numbers that are written as text


def describe(relation: Relation, columns: Columns | None) -> None:
    """Learn the columns of the source, and set by which SQL they are read. Without a config all types are guessed."""
    engine = relation.engine
    used = expressions.used(columns, engine.dialect) if columns else frozenset()
    if relation.source:
        _describe_files(relation, columns, used)
    else:
        relation.schema = engine.schema(relation.parts, relation.table)
        if engine.text_types:
            text = frozenset(name for name, kind in relation.schema.items() if kind == "VARCHAR")
            _declare(relation, columns, {name: relation.names([name]) for name in relation.schema}, text)
    if columns:
        _refuse_types(relation, columns)
        for name, there in relation.schema.items():
            kind = typed.SQL_TYPES.get(relation.kinds.get(name, ""), there)
            if name.casefold() in used and engine.is_float(kind):
                relation.values[name] = engine.no_nan(relation.values.get(name, relation.names([name])))
        _compile(relation, columns)


def rows_of(relation: Relation, file: str | None = None) -> str:
    """The SELECT of all columns of all files, or of one, each typed by all of them; `aliases` has their names."""
    table, values = relation.table, relation.values
    if file is not None:
        alone = _table(relation, [file], ())
        table, values = alone.sql, alone.names
        for name, sql in alone.names.items():
            values[name] = typed.read_as(sql, relation.kinds.get(name, "text"))
    for name in values:
        if relation.schema.get(name) in ("VARCHAR", TEXT + "text"):
            values = values | {name: cut_text(values[name])}
    known = aliases(relation)
    select = ", ".join(f"{value} AS {relation.names([known[name]])}" for name, value in values.items())
    return f"SELECT {select} FROM {table}"


def selected(relation: Relation, names: Sequence[str]) -> str:
    """The columns as SQL, long text cut: one cell of megabytes may be in every row."""
    cut = relation.engine.cut(names, relation.rows)
    quoted = {name: relation.names([name]) for name in names}
    return ", ".join(f"{cut.get(name, quoted[name])} AS {quoted[name]}" for name in names)


def aliases(relation: Relation) -> dict[str, str]:
    """The columns with their names in `rows_of`: their own, unless another one differs in nothing but its case."""
    taken: set[str] = set()
    found = {}
    for at, name in enumerate(relation.schema):
        found[name] = f"driftloop: column {at}" if name.casefold() in taken else name
        taken.add(name.casefold())
    return found


def _describe_files(relation: Relation, columns: Columns | None, used: frozenset[str]) -> None:
    spelled: list[str] = []
    if columns:
        spelled = [
            *columns.categorical,
            *columns.id_alone,
            *columns.extra_alone("categorical"),
            *(name for name, rule in columns.by_rules.items() if rule.reads == "text"),
            *(name for name, kind in columns.types.items() if kind == "text"),
        ]
        notation = _notation(relation, _numbers(columns))
        relation.commas = frozenset(
            name for name, kind in typed.known_types(columns, notation).items() if kind == "decimal_comma"
        )
    table = _table(relation, relation.files, spelled)
    relation.names_in = table.names
    relation.table_of_files, relation.groups = table.sql, table.groups
    relation.schema = {name: TEXT + "text" if name in table.text else kind for name, kind in table.types.items()}
    relation.values = dict(table.names)
    relation.headers = table.headers
    if columns is None:
        notation = _notation(relation, list(relation.schema))
        _guess(relation, [name for name in table.names if name in table.text], notation)
        return
    wanted = [name for name in _wanted(columns) if name not in columns.derived]
    table.check(relation.shown, wanted)
    plain = frozenset(name for name, kind in table.types.items() if kind == "VARCHAR")
    _declare(relation, columns, table.names, plain if relation.as_text else plain - table.text, table.text)
    asked = {columns.time.casefold()} | used if columns.time not in columns.derived else used
    unknown = [name for name in table.text if name not in relation.kinds and name.casefold() in asked]
    _guess(relation, sorted(unknown), notation)
    _refuse_odd_times(relation, columns)


def _declare(
    relation: Relation,
    columns: Columns | None,
    names: dict[str, str],
    text: frozenset[str],
    known: frozenset[str] = frozenset(),
) -> None:
    """Set how columns of text are read whose type the config sets.

    Those in `known` have one by their part in the model, others of `text` only where `columns.types` names it.
    """
    if columns is None:
        return
    types = typed.known_types(columns, _notation(relation, _numbers(columns)))
    declared = {name: kind for name, kind in columns.types.items() if name != columns.target}
    for name, kind in types.items():
        if name in known or (name in text and name in declared):
            relation.kinds[name] = kind
            relation.schema[name] = TEXT + kind if name in known else typed.SQL_TYPES[kind]
            relation.values[name] = typed.read_as(names[name], kind)
            if kind != "text":
                _count_unread(relation, columns, name, names[name], kind)


def _count_unread(relation: Relation, columns: Columns, name: str, text: str, kind: str) -> None:
    """Carry along what cannot be read of a feature; of a column that only expressions read it is refused."""
    if name in (*columns.features, *columns.of_weight, *columns.extra, columns.target) or name in columns.by_rules:
        relation.unread[name] = typed.unread(text, kind)
        return
    odd = f"SELECT {typed.unread(text, kind)} AS t FROM {relation.table}"
    for (found,) in relation.ask(f"SELECT t FROM ({odd}) AS u WHERE t IS NOT NULL LIMIT 1"):
        place = relation.place_of(name, found)
        raise SourceUnreadable(
            place or relation.where,
            f"{found!r} in {name} is not of the type {kind} that columns.types sets",
            remedy=f"correct the value, or columns.types.{name}",
        )


def _guess(relation: Relation, names: list[str], notation: str) -> None:
    """Type columns of text by all of their values."""
    for start in range(0, len(names), GUESSED_AT_ONCE):
        piece = names[start : start + GUESSED_AT_ONCE]
        each = [typed.clues(relation.names_in[name], notation) for name in piece]
        ((*counts,),) = relation.ask(f"SELECT {', '.join(chain.from_iterable(each))} FROM {relation.table}")
        width = len(each[0])
        for at, name in enumerate(piece):
            kind = typed.guess(counts[at * width : (at + 1) * width], notation)
            relation.kinds[name] = kind
            relation.schema[name] = TEXT + kind
            relation.values[name] = typed.read_as(relation.names_in[name], kind)


def _numbers(columns: Columns) -> list[str]:
    """The columns whose text shows how numbers are written."""
    ruled = [name for name, rule in columns.by_rules.items() if rule.reads == "number"]
    return [*columns.numeric, *columns.extra_alone("numeric"), *columns.of_weight, *ruled, columns.target]


def _notation(relation: Relation, names: Iterable[str]) -> str:
    """How numbers are written whose type is not declared, by the first rows of all files."""
    names, found = set(names), {}
    for file, shape in relation.looks.items():
        evidence = {name: marks for name, marks in shape.marks.items() if name in names}
        found[file] = typed.notation(evidence)
    points = [file for file, shape in relation.looks.items() if any("p" in shape.marks.get(name, "") for name in names)]
    points += [file for file, how in found.items() if how == "thousands_comma"]
    commas = [file for file, how in found.items() if how == "decimal_comma"]
    if commas and points:
        raise SourceUnreadable(
            relation.shown(commas[0]),
            f"its numbers have a decimal comma, the numbers of {relation.shown(points[0])} a decimal point",
            remedy="use the same notation in all files",
        )
    # What is unclear in one file is as in the others.
    hows = set(found.values())
    clear = next((how for how in ("decimal_comma", "thousands_comma") if how in hows), None)
    return clear or ("unclear" if "unclear" in hows and not points else "number")


def _refuse_types(relation: Relation, columns: Columns) -> None:
    """Refuse a declared type that a column with a type of its own does not have: it would have no effect."""
    for name, kind in columns.types.items():
        there = relation.schema.get(name, "")
        # The type of the target follows from the task, unless the config names another one.
        if name != columns.target and name not in columns.derived and typed.contradicts(kind, there):
            raise TypeMisfit(relation.where, name, kind, there)


def _refuse_odd_times(relation: Relation, columns: Columns) -> None:
    """A time column of text that has times among other things is refused with the place, before expressions fail."""
    name = columns.time
    if not relation.as_text or name in columns.derived or relation.kinds.get(name) != "text" or name in columns.types:
        return
    text = relation.names_in[name]
    fits = typed.read_as(text, "timestamp")
    sql = f"SELECT count({fits}), count({text}), any_value({text}) FILTER ({text} IS NOT NULL AND ({fits}) IS NULL)"
    ((times, there, odd),) = relation.ask(f"{sql} FROM {relation.table}")
    if times > there / 2 and odd is not None:
        place = relation.place_of(name, odd)
        raise NotATime(place or relation.where, name, f"text that is not a time, such as {odd[:200]!r}")


def _table(relation: Relation, names: Iterable[str], spelled: Iterable[str]) -> FileTable:
    assert relation.source is not None
    known = {name: sql for name, sql in relation.names_in.items() if re.fullmatch(r'"c\d+"', sql)}
    return relation.source.format.table(relation.source.files, list(names), spelled, known, relation.commas)


def _wanted(columns: Columns) -> list[str]:
    target = () if columns.target in columns.in_rows else (columns.target,)
    return [name for name in dict.fromkeys([*columns.in_rows, *columns.types]) if name not in target]


def _compile(relation: Relation, columns: Columns) -> None:
    extra = {UNREAD + name: sql for name, sql in relation.unread.items()}
    engine = relation.engine
    reading = expressions.Reading(relation.values, extra, computes_once=engine.computes_once, flat=engine.flat)

    def compiled(reading: expressions.Reading) -> expressions.Compiled:
        return expressions.compiled(columns, relation.table, relation.schema, engine.dialect, relation.where, reading)

    relation.compiled = compiled(reading)
    floats = _derived_floats(relation, columns)
    if floats:
        no_nan = {name: engine.no_nan(relation.names([name])) for name in floats}
        relation.compiled = compiled(replace(reading, no_nan=no_nan))


def _derived_floats(relation: Relation, columns: Columns) -> Sequence[str]:
    """The derived columns that may hold NaN."""
    if not columns.derived:
        return ()
    sql = f"SELECT {relation.names(list(columns.derived))} FROM ({relation.compiled.derived}) AS t"
    try:
        return relation.engine.floats(sql)
    except EngineError:
        return ()  # the rows are asked for next, and fail the same way, unless there are none
