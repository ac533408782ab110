"""The SQL of databases that no test can reach: its grammar by sqlglot, and every function by a list of its own.

sqlglot parses a call of any function, so that grammar does not prove that the database has one: `KNOWN` does, by the
manuals of the databases.
"""

from __future__ import annotations

import math
import re

import duckdb
import numpy as np
import pandas as pd
import pytest
import sqlglot
from sqlglot import exp

from driftloop.monitoring.counting import DIALECTS, levels, numbers, rows
from driftloop.monitoring.profiles.numbers import NumericProfile, count, measure
from driftloop.monitoring.records import ColumnReference, Kind

EDGES = measure(np.linspace(-3, 3, 1000))
COLUMN = ColumnReference(
    name="x", role="feature", kind="numeric", null_share=0.0, distinct=9, low=-3.0, high=3.0, method="ks"
)
INSIDE = '(SELECT "x", "c", "ts" FROM "t") AS w WHERE "ts" >= \'2026-01-01\' AND "ts" < \'2026-01-08\''
# Functions by database, each with the page of its manual.
KNOWN = {
    "postgres": {
        "width_bucket": "functions-math.html",
        "hash_record_extended": "hash functions of row types, from version 14 on (pg_proc)",
        "float8send": "the binary form of float8 (pg_proc)",
        "isfinite": "functions-datetime.html",
        "row": "sql-expressions.html#SQL-SYNTAX-ROW-CONSTRUCTORS",
    },
    "bigquery": {
        "is_nan": "mathematical_functions#is_nan",
        "range_bucket": "array_functions? mathematical_functions#range_bucket",
        "collate": "string_functions#collate",
        "farm_fingerprint": "hash_functions#farm_fingerprint",
        "to_json_string": "json_functions#to_json_string",
        "struct": "data-types#struct_type",
    },
    "snowflake": {
        "collate": "sql-reference/functions/collate",
        "hash": "sql-reference/functions/hash",
        "to_varchar": "sql-reference/functions/to_char",
    },
    "databricks": {
        "isnan": "functions/isnan",
        "xxhash64": "functions/xxhash64",
    },
    "trino": {
        "is_nan": "functions/math.html#is_nan",
        "from_big_endian_64": "functions/binary.html#from_big_endian_64",
        "xxhash64": "functions/binary.html#xxhash64",
        "to_utf8": "functions/string.html#to_utf8",
        "json_format": "functions/json.html#json_format",
        "row": "language/types.html#row",
    },
}
EVERYWHERE = {"count", "sum", "avg", "min", "max", "var_pop", "cast", "case", "and", "or"}


def statements(name: str) -> list[str]:
    """Every kind of statement that is sent to a database."""
    dialect = DIALECTS[name]
    ends = numbers.groups(EDGES, COLUMN)
    made = [
        numbers.statement(dialect, '"x"', kind, ends, INSIDE, due, fences)
        for kind in numbers.COUNTABLE
        for due, fences in ((None, ()), ("\"ts\" < '2026-01-05'", (-9.0, 9.0)))
    ]
    mixed = pd.DataFrame([[float(len(ends)), 2, None, None, math.inf, math.nan]], columns=numbers.ANSWER)
    far = pd.DataFrame([[float(len(ends) - 1), 2, 1e17, 0.0, 1e17, 1e17]], columns=numbers.ANSWER)
    made += [str(numbers.further(dialect, '"x"', "integer", ends, found, INSIDE)) for found in (mixed, far)]
    made += [
        levels.statement(dialect, '"c"', kind, INSIDE, due)
        for kind in ("boolean", "integer", "float", "decimal", "moment", "text", "other")
        for due in (None, "\"ts\" < '2026-01-05'")
    ]
    columns: dict[str, tuple[str, Kind | None]] = {
        '"ts"': ("moment", None),
        '"x"': ("float", "numeric"),
        '"c"': ("text", "categorical"),
        '"d"': ("moment", "categorical"),
        '"o"': ("other", "categorical"),
    }
    row = rows.hashed(dialect, columns)
    made += [
        rows.summary(dialect, row, INSIDE),
        f"SELECT COUNT(*) AS n FROM {INSIDE} AND {rows.draw(dialect, columns, 100, 7)}",
    ]
    made.append(rows.shared(dialect, {'"c"': "text", '"x"': "float"}, INSIDE)[1])
    # A name in quotes is a string in BigQuery and in Databricks: the engine writes names as its database does.
    return [one.replace('"', "`") if name in ("bigquery", "databricks") else one for one in made]


@pytest.mark.parametrize("name", list(DIALECTS))
def test_statements_are_grammatical(name: str) -> None:
    """Each statement is parsed as a whole in the grammar of its database."""
    for sql in statements(name):
        parsed = sqlglot.parse(sql, dialect=name)
        assert len(parsed) == 1, sql
        assert isinstance(parsed[0], exp.Select), sql
        assert not list(parsed[0].find_all(exp.Command)), sql


@pytest.mark.parametrize("name", list(DIALECTS))
def test_functions_are_those_of_the_database(name: str) -> None:
    """A call is of a function that every database has, or of one that is declared and known by its manual."""
    called = {word.lower() for sql in statements(name) for word in re.findall(r"([A-Za-z_][A-Za-z0-9_]*)\(", sql)}
    # numeric types with a precision look like calls
    own = called - EVERYWHERE - {"decimal"}
    assert own == set(KNOWN[name])
    assert own == {function.lower() for function in DIALECTS[name].functions} - EVERYWHERE


def test_trees_are_shallow() -> None:
    """A tree of comparisons over the 258 edges of a profile has nine levels at most, and every edge once."""
    sql = DIALECTS["trino"].place("x", EDGES.edges.tolist())
    assert sql.count("CASE WHEN") == len(EDGES.edges) + 1
    depth = at = 0
    for word in sql.replace("CASE", "(").replace("END", ")"):
        at += (word == "(") - (word == ")")
        depth = max(depth, at)
    assert depth <= 9 + 2  # the case of no value, and the parenthesis of a CAST


@pytest.mark.parametrize("name", ["trino", "snowflake", "databricks"])
def test_a_tree_places_values_as_a_profile_does(name: str) -> None:
    """Run by DuckDB, the tree gives each value, each edge and both of its neighbors the cell that counting gives it."""
    few = measure(np.array([0.0, -0.0, 1.0, 1.5, 5e-324, 1e308, -7.005]))
    for cells in (EDGES, few):
        edges = cells.edges[np.isfinite(cells.edges)]
        values = np.unique(np.concatenate([edges, np.nextafter(edges, -np.inf), np.nextafter(edges, np.inf)]))
        values = values[np.isfinite(values)]
        sql = DIALECTS[name].place("x", cells.edges.tolist())
        ran = sqlglot.transpile(f"SELECT {sql} AS cell FROM given ORDER BY at", read=name, write="duckdb")[0]
        with duckdb.connect() as con:
            con.register("given", pd.DataFrame({"x": values, "at": np.arange(len(values))}))
            placed = [cell for (cell,) in con.execute(ran).fetchall()]
        expected: list[NumericProfile] = [count(cells, [np.array([value])]) for value in values]
        assert placed == [int(np.flatnonzero(one.counts)[0]) for one in expected]
