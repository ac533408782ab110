"""What `monitoring/sources/expressions.py` expects of the trees that sqlglot parses."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import TokenType, exp


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "sqlite", "mysql"])
def test_an_expression_has_its_classes(dialect: str) -> None:
    """Conditions, aggregates, windows and queries are distinguished by class; a refusal of a filter depends on it."""
    found = {text: sqlglot.parse_one(text, read=dialect) for text in ("a + 1", "sum(a)", "sum(a) OVER ()", "SELECT 1")}
    assert isinstance(found["a + 1"], exp.Condition), "sqlglot: arithmetic is no exp.Condition"
    assert isinstance(found["sum(a)"], exp.AggFunc), "sqlglot: sum is no exp.AggFunc"
    assert found["sum(a) OVER ()"].find(exp.AggFunc).find_ancestor(exp.Window), "sqlglot: OVER is no exp.Window"
    assert isinstance(found["SELECT 1"], exp.Query), "sqlglot: SELECT is no exp.Query"


def test_a_column_has_its_parts() -> None:
    """Of `a.b` the first part is `a`, in the order of the text."""
    found = sqlglot.parse_one("a.b > c", read="duckdb").find_all(exp.Column, bfs=False)
    assert [column.parts[0].name for column in found] == ["a", "c"], "sqlglot: exp.Column.parts changed"


def test_a_semicolon_is_a_token() -> None:
    """Two statements in one expression are found by the token, and none inside text."""
    kinds = [[token.token_type for token in sqlglot.tokenize(text, read="duckdb")] for text in ("a; b", "';'")]
    assert [TokenType.SEMICOLON in found for found in kinds] == [True, False], "sqlglot: TokenType.SEMICOLON changed"
