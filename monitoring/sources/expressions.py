"""SQL expressions of a config, checked one by one, and the SELECT they are nested in. No engine is asked here."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.errors import BadExpression, ColumnsLost
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.sources.times import ISO_DAY, ISO_DAY_GLOB

if TYPE_CHECKING:
    from sqlglot import exp

# Aggregates that sqlglot takes for plain functions. SQLite alone would accept one in a derived column and answer with
# a single row.
AGGREGATES = {"total", "json_group_array", "json_group_object", "jsonb_group_array", "jsonb_group_object"}


@dataclass(frozen=True)
class Reading:
    """How columns are read, as SQL by their name. `values`: those of the source, where the name alone will not do.

    `extra`: more columns to carry along; `no_nan`: derived columns of floats, NaN made null.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    no_nan: Mapping[str, str] = field(default_factory=dict)


def names_sql(names: Iterable[str], dialect: Any) -> str:
    """Names of columns, quoted, with commas between."""
    from sqlglot import exp

    return ", ".join(exp.to_identifier(name, quoted=True).sql(dialect) for name in names)


def unlike_a_day(column: str, dialect: Any) -> str:
    """The condition that text does not start as an ISO date does. `column` is SQL."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.dialects.sqlite import SQLite

    if isinstance(sqlglot.Dialect.get_or_raise(dialect), SQLite):  # it has no regular expressions
        return f"CAST({column} AS TEXT) NOT GLOB '{ISO_DAY_GLOB}*'"
    text = exp.cast(sqlglot.parse_one(column, read=dialect), exp.DataType.Type.VARCHAR)
    return exp.Not(this=exp.RegexpLike(this=text, expression=exp.Literal.string(ISO_DAY))).sql(dialect)


def parsed(key: str, text: str, dialect: Any) -> exp.Expr:
    """The text as one expression over one row, or BadExpression: no statement, no sub-select, no bare aggregate."""
    import sqlglot
    from sqlglot import TokenType, exp
    from sqlglot.errors import ParseError, SqlglotError

    try:
        if any(token.token_type == TokenType.SEMICOLON for token in sqlglot.tokenize(text, read=dialect)):
            raise BadExpression(key, text, "it has a semicolon")
        found = sqlglot.parse(text, read=dialect)
    except ParseError as error:
        raise BadExpression(key, text, f"it does not parse: {error.errors[0]['description']}") from None
    except SqlglotError as error:
        raise BadExpression(key, text, f"it does not parse: {error}") from None
    except RecursionError:
        raise BadExpression(key, text, "its brackets or operators are nested too deep") from None
    root = found[0] if len(found) == 1 else None
    if root is None:
        raise BadExpression(key, text, "it is empty")
    if isinstance(root, exp.Query) or root.find(exp.Query):
        raise BadExpression(key, text, "it has a SELECT inside")
    if not isinstance(root, (exp.Condition, exp.Interval, exp.AtTimeZone)):
        raise BadExpression(key, text, f"it is no expression but {type(root).__name__.upper()}")
    _refuse_many_rows(key, text, root)
    return root


def _refuse_many_rows(key: str, text: str, root: exp.Expr) -> None:
    from sqlglot import exp

    for node in root.walk():
        if isinstance(node, (exp.Placeholder, exp.Parameter, exp.SessionParameter)):
            raise BadExpression(key, text, "it has a placeholder")
        if isinstance(node, exp.Columns) or (isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count)):
            raise BadExpression(key, text, "it stands for more than one column")
        total = isinstance(node, exp.Anonymous) and node.name.lower() in AGGREGATES
        if (total or isinstance(node, exp.AggFunc)) and not node.find_ancestor(exp.Window):
            raise BadExpression(key, text, "it is an aggregate over all rows; a row's value is needed (OVER would do)")


def references(root: exp.Expr) -> list[str]:
    """The columns an expression reads, as written: of `a.b` the `a`, be it a struct or a table.

    >>> references(parsed("columns.filter", "fare > 2 * tip AND hour(ts) < 6", "duckdb"))
    ['fare', 'tip', 'ts']
    """
    from sqlglot import exp

    return list(dict.fromkeys(column.parts[0].name for column in root.find_all(exp.Column, bfs=False)))


def used(columns: Columns, dialect: Any) -> frozenset[str]:
    """The columns that the expressions read, in lower case, derived ones among them."""
    trees = [parsed(key, text, dialect) for key, text in _written(columns).items()]
    return frozenset(name.casefold() for tree in trees for name in references(tree))


def steps(
    columns: Columns,
    table: str,
    schema: Iterable[str],
    dialect: Any,
    where: str,
    reading: Reading | None = None,
) -> list[tuple[str, str, str]]:
    """(key, expression, SELECT) of each derived column in turn, and of the filter: one SELECT nested in the next.

    The last SELECT has all derived columns, the filter, and those source columns that are needed. The first has the
    key "". An expression is put in as it is written, on lines of its own: a parser that writes it anew could change it.
    """
    schema, reading = list(schema), reading or Reading()
    trees = {key: parsed(key, text, dialect) for key, text in _written(columns).items()}
    # When nothing but constants is wanted, some column must still carry the rows.
    source = _needed(columns, trees, schema, where) or schema[:1]
    reads = [reading.values.get(name, names_sql([name], dialect)) for name in source] + list(reading.extra.values())
    there = [*source, *reading.extra]
    select = ", ".join(f"{value} AS {names_sql([name], dialect)}" for name, value in zip(there, reads, strict=True))
    found = [("", "", f"SELECT {select} FROM {table}")]
    for name, text in columns.derived.items():
        # A derived column takes the place of a source column of its name.
        kept = [known for known in there if known.casefold() != name.casefold()]
        named = names_sql([name], dialect)
        before = [names_sql(kept, dialect)] if kept else []
        select = ", ".join([*before, f"(\n{text}\n) AS {named}"])
        sql = f"SELECT {select} FROM ({found[-1][2]}) AS s{len(found)}"
        if name in reading.no_nan:
            select = ", ".join([*before, f"{reading.no_nan[name]} AS {named}"])
            sql = f"SELECT {select} FROM ({sql}) AS n{len(found)}"
        found.append((f"columns.derived.{name}", text, sql))
        there = [*kept, name]
    if columns.filter is not None:
        sql = f"SELECT {names_sql(there, dialect)} FROM ({found[-1][2]}) AS s{len(found)} WHERE (\n{columns.filter}\n)"
        found.append(("columns.filter", columns.filter, sql))
    return found


def _written(columns: Columns) -> dict[str, str]:
    filter_ = {} if columns.filter is None else {"columns.filter": columns.filter}
    return {f"columns.derived.{name}": text for name, text in columns.derived.items()} | filter_


def _needed(columns: Columns, trees: dict[str, exp.Expr], schema: list[str], where: str) -> list[str]:
    """Source columns that are read, in the source's order; ColumnsLost for those that are not there."""
    known = {name.casefold(): name for name in schema}  # engines do not mind the case in an expression
    later = {name.casefold() for name in columns.derived}
    exact = set(schema)
    derived: set[str] = set()
    needed: set[str] = set()
    lost: list[str] = []
    for key, tree in trees.items():
        for name in references(tree):
            if name.casefold() in derived:
                continue
            if name.casefold() in known:
                needed.add(name if name in exact else known[name.casefold()])
            elif name.casefold() in later:
                raise BadExpression(key, _written(columns)[key], f"{name!r} is derived later; put it first")
            else:
                lost.append(name)
        derived.add(key.removeprefix("columns.derived.").casefold())
    wanted = dict.fromkeys(
        name for name in (columns.time, *columns.features, columns.target) if name not in columns.derived
    )
    there = set(schema)
    lost = list(dict.fromkeys([*(name for name in wanted if name not in there), *lost]))
    if lost:
        raise ColumnsLost(where, lost, schema)
    return [name for name in schema if name in needed or name in wanted]
