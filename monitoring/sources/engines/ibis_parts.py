"""Attributes of ibis that its documentation does not name, in one place. `tests/contracts` checks each of them."""

from __future__ import annotations

from typing import Any


def native(con: Any) -> Any:
    """Return the connection of the driver below an ibis backend, such as a `duckdb.DuckDBPyConnection`."""
    return con.con


def type_name(con: Any, dtype: Any) -> str:
    """Return a type of ibis as the engine writes it in SQL."""
    return str(con.compiler.type_mapper.to_string(dtype))
