"""SQL expressions of a config, checked one by one, and the SELECT they are nested in. No engine is asked here."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.errors import BadExpression, MissingColumns
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.sources.times import ISO_DAY

if TYPE_CHECKING:
    from sqlglot import exp

# Aggregates that sqlglot takes for plain functions. SQLite alone would accept one in a derived column and answer with
# a single row.
DERIVED = "columns.derived."
# Columns that an expression may read with all that it builds on written out.
MOST_REFERENCES = 20_000
MOST_LEVELS = 100
AGGREGATES = {"total", "json_group_array", "json_group_object", "jsonb_group_array", "jsonb_group_object"}


@dataclass(frozen=True)
class Reading:
    """How columns are read, as SQL by their name. `values`: those of the source, where the name alone will not do.

    `extra`: more columns to carry along; `no_nan`: derived columns of floats, NaN made null.
    `computes_once` and `flat` are those of the engine.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    no_nan: Mapping[str, str] = field(default_factory=dict)
    computes_once: bool = False
    flat: bool = False


def names_sql(names: Iterable[str], dialect: Any) -> str:
    """Names of columns, quoted, with commas between."""
    from sqlglot import exp

    return ", ".join(exp.to_identifier(name, quoted=True).sql(dialect) for name in names)


def unlike_a_day(column: str, dialect: Any) -> str:
    """The condition that text does not start as an ISO date does, by a regular expression. `column` is SQL."""
    import sqlglot
    from sqlglot import exp

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
        raise BadExpression(key, text, f"it is not an expression but {type(root).__name__.upper()}")
    _refuse_many_rows(key, text, root)
    return root


def _refuse_many_rows(key: str, text: str, root: exp.Expr) -> None:
    from sqlglot import exp

    for node in root.walk():
        if isinstance(node, (exp.Placeholder, exp.Parameter, exp.SessionParameter)):
            raise BadExpression(key, text, "it has a placeholder")
        if isinstance(node, exp.Columns) or (isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count)):
            raise BadExpression(key, text, "it selects more than one column")
        total = isinstance(node, exp.Anonymous) and node.name.lower() in AGGREGATES
        if (total or isinstance(node, exp.AggFunc)) and not node.find_ancestor(exp.Window):
            raise BadExpression(key, text, "it is an aggregate over all rows; one value per row is needed (add OVER)")


def references(root: exp.Expr) -> list[str]:
    """The columns an expression reads, as written: of `a.b` the `a`, be it a struct or a table.

    >>> references(parsed("columns.filter", "fare > 2 * tip AND hour(ts) < 6 AND tip > 1", "duckdb"))
    ['fare', 'tip', 'ts']
    """
    return list(dict.fromkeys(mentions(root)))


def mentions(root: exp.Expr) -> list[str]:
    """The columns as often as an expression names them."""
    from sqlglot import exp

    return [column.parts[0].name for column in root.find_all(exp.Column, bfs=False)]


def used(columns: Columns, dialect: Any) -> frozenset[str]:
    """The columns that the expressions read, in lower case, derived ones among them."""
    trees = [parsed(key, text, dialect) for key, text in _written(columns).items()]
    return frozenset(name.casefold() for tree in trees for name in references(tree))


@dataclass(frozen=True)
class Compiled:
    """What the expressions of a config come to, as SQL.

    `rows` has all derived columns, the filter, and those source columns that are needed; `derived` the same without
    the filter. `each` has key, expression and what makes the SELECT of the source columns (key ""), of each derived
    column and of the filter, by which one that fails is found.
    """

    each: tuple[tuple[str, str, Callable[[], str]], ...]
    derived: str
    rows: str


def compiled(
    columns: Columns,
    table: str,
    schema: Iterable[str],
    dialect: Any,
    where: str,
    reading: Reading | None = None,
) -> Compiled:
    """Return the SELECTs of the derived columns and the filter.

    There is one SELECT for all derived columns that build on source columns alone, one for those that build on these,
    and so on. An expression is put in as it is written, on lines of its own: a parser that writes it again could
    change it.
    """
    schema, reading = list(schema), reading or Reading()
    trees = {key: parsed(key, text, dialect) for key, text in _written(columns).items()}
    # When nothing but constants is wanted, some column must still carry the rows.
    source = _needed(columns, trees, schema, where) or schema[:1]
    values = {name: reading.values.get(name, names_sql([name], dialect)) for name in source} | dict(reading.extra)
    there, select = list(values), _listed([], values, dialect)
    stack = _Stack(dialect, f"SELECT {select} FROM {table}", reading.flat)
    alone: dict[str, Callable[[], str]] = {"": partial(stack.sql, 0)}
    reads = {name: mentions(trees[f"{DERIVED}{name}"]) for name in columns.derived}
    if not reading.computes_once:
        refuse_large(columns, reads)
    for depth, level in enumerate(levels(reads)):
        if depth == MOST_LEVELS:
            raise BadExpression(
                f"{DERIVED}{level[0]}",
                columns.derived[level[0]],
                f"it depends on a chain of {depth} derived columns, more than an engine can plan",
            )
        values = {name: f"(\n{columns.derived[name]}\n)" for name in level}
        for name, value in values.items():
            alone[f"{DERIVED}{name}"] = partial(stack.over, f"{value} AS {names_sql([name], dialect)}", len(stack.more))
        # A derived column takes the place of a source column of its name.
        new = {name.casefold() for name in level}
        kept = [known for known in there if known.casefold() not in new]
        stack.add(_listed(kept, values, dialect))
        floats = {name: reading.no_nan[name] for name in level if name in reading.no_nan}
        there = [*kept, *level]
        if floats:
            stack.add(_listed([name for name in there if name not in floats], floats, dialect))
    derived = rows = stack.sql(len(stack.more))
    if columns.filter is not None:
        filtered = partial(stack.over, names_sql(there, dialect), len(stack.more), f"(\n{columns.filter}\n)")
        rows = filtered()
        alone["columns.filter"] = filtered
    texts = {"": "", **_written(columns)}
    return Compiled(tuple((key, texts[key], alone[key]) for key in texts), derived, rows)


def levels(reads: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return derived columns in groups, each of which builds on the source and on earlier groups alone.

    `reads` has the columns that each reads, by name, in the order of the config: of a name that is derived twice, or
    that the source has as well, an expression reads what was there before it.

    >>> levels({"a": ["x"], "b": ["x", "a"], "c": ["x"], "x": ["x"], "d": ["x"]})
    [['a', 'c'], ['b', 'x'], ['d']]
    """
    made: dict[str, int] = {}
    read_in: dict[str, int] = {}
    found: dict[int, list[str]] = {}
    for name, columns in reads.items():
        key, used_ = name.casefold(), [column.casefold() for column in columns]
        # After what it reads; not before those that read what it takes the place of; after another of its name.
        level = max((made[column] + 1 for column in used_ if column in made), default=0)
        level = max(level, read_in.get(key, 0), made[key] + 1 if key in made else 0)
        for column in used_:
            read_in[column] = max(read_in.get(column, 0), level)
        made[key] = level
        found.setdefault(level, []).append(name)
    return [found[level] for level in sorted(found)]


def refuse_large(columns: Columns, reads: Mapping[str, Iterable[str]]) -> None:
    """Refuse a column that takes too long to plan where each name is replaced by what it is derived from."""
    sizes: dict[str, int] = {}
    for name, used_ in reads.items():
        sizes[name.casefold()] = 1 + sum(sizes.get(column.casefold(), 1) for column in used_)
        if sizes[name.casefold()] > MOST_REFERENCES:
            raise BadExpression(
                f"{DERIVED}{name}",
                columns.derived[name],
                f"it reads more than {MOST_REFERENCES:,} columns, those of its derived columns included",
            )


@dataclass
class _Stack:
    """SELECTs, each from the one before it: the first one whole, of the others what they select.

    `flat`: they are named one after the other, not put into each other.
    """

    dialect: Any
    first: str
    flat: bool
    more: list[str] = field(default_factory=list)

    def add(self, select: str) -> None:
        self.more.append(select)

    def sql(self, depth: int) -> str:
        """Return the first SELECT and `depth` more as one SELECT."""
        more = self.more[:depth]
        if not more:
            return self.first
        if not self.flat:
            sql = self.first
            for at, select in enumerate(more, 1):
                sql = f"SELECT {select} FROM ({sql}) AS s{at}"
            return sql
        named = [f"s0 AS NOT MATERIALIZED ({self.first})"]
        for at, select in enumerate(more, 1):
            named.append(f"s{at} AS NOT MATERIALIZED (SELECT {select} FROM s{at - 1})")
        return f"WITH {', '.join(named)} SELECT * FROM s{depth}"

    def over(self, select: str, depth: int, condition: str | None = None) -> str:
        """A SELECT from `sql`."""
        where = f" WHERE {condition}" if condition else ""
        return f"SELECT {select} FROM ({self.sql(depth)}) AS s{depth + 1}{where}"


def _listed(kept: Iterable[str], values: Mapping[str, str], dialect: Any) -> str:
    """What a SELECT takes on as it is, and what it adds."""
    before = list(kept)
    new = [f"{value} AS {names_sql([name], dialect)}" for name, value in values.items()]
    return ", ".join([*([names_sql(before, dialect)] if before else []), *new])


def _written(columns: Columns) -> dict[str, str]:
    filter_ = {} if columns.filter is None else {"columns.filter": columns.filter}
    return {f"{DERIVED}{name}": text for name, text in columns.derived.items()} | filter_


def _needed(columns: Columns, trees: dict[str, exp.Expr], schema: list[str], where: str) -> list[str]:
    """Source columns that are read, in the source's order; MissingColumns for those that are not there."""
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
                raise BadExpression(key, _written(columns)[key], f"{name!r} is derived later; put it before this one")
            else:
                lost.append(name)
        derived.add(key.removeprefix(DERIVED).casefold())
    wanted = dict.fromkeys(name for name in columns.in_rows if name not in columns.derived)
    there = set(schema)
    lost = list(dict.fromkeys([*(name for name in wanted if name not in there), *lost]))
    if lost:
        raise MissingColumns(where, lost, schema)
    return [name for name in schema if name in needed or name in wanted]
