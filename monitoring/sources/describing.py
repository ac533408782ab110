"""What a source's columns are, and the SQL by which each is read: types, numbers that cannot be read, NaN as null."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from driftloop.monitoring.errors import NotATime, SourceUnreadable
from driftloop.monitoring.records import TEXT
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.sources import expressions, filetables, postgres, typed
from driftloop.monitoring.sources.engines import Engine, EngineError
from driftloop.monitoring.sources.typed import literal

FLOATS = ("FLOAT", "DOUBLE", "real", "double precision")
GUESSED_AT_ONCE = 40
UNREAD = "driftloop: unread "  # a column of text beside each column of numbers that are written as text


def describe(engine: Engine, columns: Columns | None) -> None:
    """Learn the columns of the source, and set by which SQL they are read. Without a config all types are guessed."""
    used = expressions.used(columns, engine.dialect) if columns else frozenset()
    if engine.files:
        _describe_files(engine, columns, used)
    else:
        engine.schema = _schema_of_table(engine)
        if engine.con.name == "duckdb":
            text = frozenset(name for name, kind in engine.schema.items() if kind == "VARCHAR")
            _declare(engine, columns, {name: engine.names([name]) for name in engine.schema}, text)
    if columns:
        for name, kind in engine.schema.items():
            if name.casefold() in used and name not in engine.kinds and _is_float(kind):
                engine.values[name] = _no_nan(engine, engine.values.get(name, engine.names([name])))
        _compile(engine, columns)


def rows_of(engine: Engine, file: str | None = None) -> str:
    """The SELECT of all columns of all files, or of one, each typed by all of them; `aliases` has their names."""
    table, values = engine.table, engine.values
    if file is not None:
        alone = _table(engine, [file], ())
        table, values = alone.sql, alone.names
        for name, sql in alone.names.items():
            values[name] = typed.read_as(sql, engine.kinds.get(name, "text"))
    for name in values:
        if engine.schema.get(name) in ("VARCHAR", TEXT + "text"):
            values = values | {name: typed.shortened(values[name], "duckdb")}
    known = aliases(engine)
    select = ", ".join(f"{value} AS {engine.names([known[name]])}" for name, value in values.items())
    return f"SELECT {select} FROM {table}"


def selected(engine: Engine, names: Sequence[str]) -> str:
    """The columns as SQL, long text cut: one cell of megabytes may stand in every row."""
    kinds: dict[str, str] = {}
    if engine.con.name == "duckdb":
        sql = f"DESCRIBE SELECT {engine.names(names)} FROM ({engine.rows}) AS w"
        known = {"VARCHAR": "text", "BLOB": "bytes"}
        kinds = {row[0]: known[row[1]] for row in engine.ask(sql) if row[1] in known}
    elif engine.con.name == "sqlite":
        kinds = dict.fromkeys(names, "text")
        engine.con.con.create_function("md5", 1, _md5, deterministic=True)
    each = []
    for name in names:
        value = engine.names([name])
        short = typed.shortened(value, engine.con.name, kinds[name]) if name in kinds else value
        each.append(f"{short} AS {value}")
    return ", ".join(each)


def _md5(value: Any) -> str:
    return hashlib.md5(value if isinstance(value, bytes) else str(value).encode(), usedforsecurity=False).hexdigest()


def aliases(engine: Engine) -> dict[str, str]:
    """The columns with their names in `rows_of`: their own, unless another one differs in nothing but its case."""
    taken: set[str] = set()
    found = {}
    for at, name in enumerate(engine.schema):
        found[name] = f"driftloop: column {at}" if name.casefold() in taken else name
        taken.add(name.casefold())
    return found


def _describe_files(engine: Engine, columns: Columns | None, used: frozenset[str]) -> None:
    spelled: list[str] = []
    if columns:
        spelled = [*columns.categorical, *(name for name, kind in columns.types.items() if kind == "text")]
    table = _table(engine, engine.files, spelled)
    engine.names_in = table.names
    engine.table_of_files = table.sql
    engine.schema = {name: TEXT + "text" if name in table.text else kind for name, kind in table.types.items()}
    engine.values = dict(table.names)
    engine.headers = table.headers
    if columns is None:
        notation = _notation(engine, list(engine.schema))
        _guess(engine, [name for name in table.names if name in table.text], notation)
        return
    wanted = [name for name in _wanted(columns) if name not in columns.derived]
    table.check(engine.at.scrub, wanted)
    plain = frozenset(name for name, kind in table.types.items() if kind == "VARCHAR")
    _declare(engine, columns, table.names, plain if engine.shapes else plain - table.text, table.text)
    notation = _notation(engine, [*columns.numeric, columns.target])
    asked = {columns.time.casefold()} | used if columns.time not in columns.derived else used
    unknown = [name for name in table.text if name not in engine.kinds and name.casefold() in asked]
    _guess(engine, sorted(unknown), notation)
    _refuse_odd_times(engine, columns)


def _declare(
    engine: Engine,
    columns: Columns | None,
    names: dict[str, str],
    text: frozenset[str],
    known: frozenset[str] = frozenset(),
) -> None:
    """Set how columns of text are read whose type the config tells.

    Those in `known` have one by their part in the model, others of `text` only where `columns.types` names it.
    """
    if columns is None:
        return
    types = typed.known_types(columns, _notation(engine, [*columns.numeric, columns.target]))
    declared = {name: kind for name, kind in columns.types.items() if name != columns.target}
    for name, kind in types.items():
        if name in known or (name in text and name in declared):
            engine.kinds[name] = kind
            engine.schema[name] = TEXT + kind if name in known else typed.SQL_TYPES[kind]
            engine.values[name] = typed.read_as(names[name], kind)
            if kind != "text":
                _count_unread(engine, columns, name, names[name], kind)


def _count_unread(engine: Engine, columns: Columns, name: str, text: str, kind: str) -> None:
    """Carry along what cannot be read of a feature; of a column that only expressions read it is refused."""
    if name in columns.features or name == columns.target:
        engine.unread[name] = typed.unread(text, kind)
        return
    sql = f"SELECT t FROM (SELECT {typed.unread(text, kind)} AS t FROM {engine.table}) AS u WHERE t IS NOT NULL LIMIT 1"
    for (found,) in engine.ask(sql):
        place = engine.place_of(name, found)
        raise SourceUnreadable(
            place or engine.where,
            f"{found!r} in {name} is no {kind.replace('_', ' ')}, as columns.types has it",
            remedy=f"correct the value, or columns.types.{name}",
        )


def _guess(engine: Engine, names: list[str], notation: str) -> None:
    """Type columns of text by all of their values."""
    for start in range(0, len(names), GUESSED_AT_ONCE):
        piece = names[start : start + GUESSED_AT_ONCE]
        each = [typed.clues(engine.names_in[name], notation) for name in piece]
        ((*counts,),) = engine.ask(f"SELECT {', '.join(chain.from_iterable(each))} FROM {engine.table}")
        width = len(each[0])
        for at, name in enumerate(piece):
            kind = typed.guess(counts[at * width : (at + 1) * width], notation)
            engine.kinds[name] = kind
            engine.schema[name] = TEXT + kind
            engine.values[name] = typed.read_as(engine.names_in[name], kind)


def _notation(engine: Engine, names: Iterable[str]) -> str:
    """How numbers are written whose type is not declared, by the first rows of all files."""
    names, found = set(names), {}
    for file, shape in engine.shapes.items():
        evidence = {name: marks for name, marks in shape.marks.items() if name in names}
        found[file] = typed.notation(evidence)
    points = [file for file, shape in engine.shapes.items() if any("p" in shape.marks.get(name, "") for name in names)]
    points += [file for file, how in found.items() if how == "thousands_comma"]
    commas = [file for file, how in found.items() if how == "decimal_comma"]
    if commas and points:
        raise SourceUnreadable(
            engine.at.scrub(commas[0]),
            f"its numbers have a decimal comma, those of {engine.at.scrub(points[0])} a point",
            remedy="write all files in one way",
        )
    # What is unclear in one file is as in the others.
    hows = set(found.values())
    clear = next((how for how in ("decimal_comma", "thousands_comma") if how in hows), None)
    return clear or ("unclear" if "unclear" in hows and not points else "number")


def _refuse_odd_times(engine: Engine, columns: Columns) -> None:
    """A time column of text that has times among other things is refused with the place, before expressions fail."""
    name = columns.time
    if not engine.shapes or name in columns.derived or engine.kinds.get(name) != "text" or name in columns.types:
        return
    text = engine.names_in[name]
    fits = typed.read_as(text, "timestamp")
    sql = f"SELECT count({fits}), count({text}), any_value({text}) FILTER ({text} IS NOT NULL AND ({fits}) IS NULL)"
    ((times, there, odd),) = engine.ask(f"{sql} FROM {engine.table}")
    if times > there / 2 and odd is not None:
        place = engine.place_of(name, odd)
        raise NotATime(place or engine.where, name, f"text that is no time, such as {odd[:200]!r}")


def _table(engine: Engine, files: Iterable[str], spelled: Iterable[str]) -> filetables.FileTable:
    files = list(files)
    if engine.shapes:
        own = {name: sql for name, sql in engine.names_in.items() if sql.startswith('"c')}
        return filetables.of_csv(files, engine.shapes, own)
    return filetables.of_parquet(files, engine.ask, spelled)


def _wanted(columns: Columns) -> list[str]:
    return list(dict.fromkeys([columns.time, *columns.features, columns.target, *columns.types]))


def _schema_of_table(engine: Engine) -> dict[str, str]:
    if engine.con.name == "duckdb":
        return {row[0]: row[1] for row in engine.ask(f"DESCRIBE SELECT * FROM {engine.table}")}
    if engine.con.name == "sqlite":
        sql = f"SELECT name, type FROM pragma_table_xinfo({literal(engine.parts[-1])}) WHERE hidden <> 1"
        return dict(engine.ask(sql))
    if engine.con.name == "postgres":
        return dict(engine.asked(lambda: postgres.columns(engine.con, engine.table)))
    schema = engine.asked(lambda: engine.con.table(engine.parts[-1], database=engine.parts[:-1] or None).schema())
    return {name: engine.con.compiler.type_mapper.to_string(dtype) for name, dtype in schema.items()}


def _compile(engine: Engine, columns: Columns) -> None:
    extra = {UNREAD + name: sql for name, sql in engine.unread.items()}
    reading = expressions.Reading(engine.values, extra)

    def compiled(reading: expressions.Reading) -> expressions.Compiled:
        return expressions.compiled(columns, engine.table, engine.schema, engine.dialect, engine.where, reading)

    engine.compiled = compiled(reading)
    floats = [name for name, kind in _types_of(engine, columns) if _is_float(kind)]
    if floats:
        no_nan = {name: _no_nan(engine, engine.names([name])) for name in floats}
        engine.compiled = compiled(expressions.Reading(engine.values, extra, no_nan))


def _types_of(engine: Engine, columns: Columns) -> Iterator[tuple[str, str]]:
    """The derived columns with their types, where an engine can hold NaN."""
    if not columns.derived or engine.con.name not in ("duckdb", "postgres"):
        return
    sql = f"SELECT {engine.names(list(columns.derived))} FROM ({engine.compiled.derived}) AS t"
    try:
        if engine.con.name == "duckdb":
            yield from ((row[0], row[1]) for row in engine.ask(f"DESCRIBE {sql}"))
        else:
            yield from engine.asked(lambda: postgres.types(engine.con, sql)).items()
    except EngineError:
        return  # the rows are asked for next, and fail the same way, unless there are none


def _is_float(kind: str) -> bool:
    return kind in FLOATS or kind.startswith("numeric")


def _no_nan(engine: Engine, value: str) -> str:
    if engine.con.name == "duckdb":
        # By the statistics of parquet, which know no NaN, isnan(x) and x = 'nan' are folded to false.
        return f"CASE WHEN isfinite({value}) OR isinf({value}) THEN {value} END"
    return f"NULLIF({value}, 'NaN')"
