"""Engines: one class per engine, and the only list of them. An engine is added by its file and one line here.

A URL whose scheme is in no entry is read by `AnyIbis`, the generic engine, through what ibis knows of it.
"""

from __future__ import annotations

from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.engines.any_ibis import AnyIbis
from driftloop.monitoring.sources.engines.base import Engine, EngineError
from driftloop.monitoring.sources.engines.duckdb import DuckDB
from driftloop.monitoring.sources.engines.postgres import Postgres
from driftloop.monitoring.sources.engines.sqlite import SQLite
from driftloop.monitoring.sources.expressions import names_sql

ENGINES: tuple[type[Engine], ...] = (
    DuckDB,
    SQLite,
    Postgres,
)
GENERIC: type[Engine] = AnyIbis

__all__ = ["ENGINES", "GENERIC", "Engine", "EngineError", "column_sql", "dialect_of", "of_source", "of_url", "schemes"]


def of_url(url: str) -> type[Engine]:
    """Return the engine that reads a URL.

    >>> of_url("postgresql+psycopg://db/x").name, of_url("mysql://db/x").name
    ('postgres', 'ibis')
    """
    scheme = url.partition("://")[0].lower()
    return next((one for one in ENGINES if scheme in one.schemes), GENERIC)


def of_source(source: Source) -> type[Engine]:
    """Return the engine of a source; all files are read by DuckDB."""
    return DuckDB if source.url is None else of_url(source.url)


def dialect_of(source: Source) -> str:
    """Return the name of the SQL that a source's expressions are written in.

    >>> dialect_of(Source(path="a.csv")), dialect_of(Source(url="postgresql://db/x", table="t"))
    ('duckdb', 'postgres')
    >>> dialect_of(Source(url="mysql://db/x", table="t"))
    'mysql'
    """
    engine = of_source(source)
    return str(source.url).partition(":")[0].partition("+")[0] if engine is GENERIC else engine.name


def column_sql(source: Source, name: str) -> str:
    """Return the name of a column as the source's SQL writes it.

    >>> column_sql(Source(path="a.csv"), "a b"), column_sql(Source(url="mysql://db/x", table="t"), "a b")
    ('"a b"', '`a b`')
    """
    return names_sql([name], "mysql" if dialect_of(source) == "mysql" else "duckdb")


def schemes() -> frozenset[str]:
    """Return the schemes by which a URL is known to be that of a database."""
    every: tuple[type[Engine], ...] = (*ENGINES, GENERIC)
    return frozenset(scheme for one in every for scheme in one.schemes)
