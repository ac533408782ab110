"""Names, lists and expressions as text of YAML."""

from __future__ import annotations

import re
from collections.abc import Iterable

import yaml

from driftloop.monitoring.settings.source import Source

WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"}


def one_line(text: str) -> str:
    """Return a text without line breaks."""
    return " ".join(text.split())


def quoted(text: str) -> str:
    """A name as YAML reads it back as text.

    >>> quoted("fare"), quoted("no"), quoted("2013"), quoted("a: b")
    ('fare', '"no"', '"2013"', '"a: b"')
    """
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text) and text.lower() not in WORDS:
        return text
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=float("inf")).rstrip("\n")


def address(source: Source) -> dict[str, str]:
    """Return the keys of a source with their values as YAML.

    >>> address(Source(url="duckdb:///rows.duckdb", table="trips"))
    {'url': '"duckdb:///rows.duckdb"', 'table': 'trips'}
    """
    keys = ("path", "format", "encoding", "url", "table", "delta", "iceberg")
    given = {key: value for key in keys if (value := getattr(source, key)) is not None}
    return {key: value if key in ("format", "encoding") else quoted(value) for key, value in given.items()}


def expression(text: str) -> str:
    """SQL as it is, where YAML reads it back so."""
    try:
        plain = yaml.safe_load(f"key: {text}") == {"key": text}
    except yaml.YAMLError:
        plain = False
    return text if plain else quoted(text)


def name_list(columns: Iterable[str]) -> str:
    """Return names as a YAML list on one line."""
    return "[" + ", ".join(quoted(column) for column in columns) + "]"
