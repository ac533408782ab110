"""How text becomes values in DuckDB's SQL: by the type of a column, never by other rows. No engine is asked here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from driftloop.monitoring.formats.base import literal
from driftloop.monitoring.settings.columns import Columns

# As DuckDB calls what each type becomes. `unclear`, `moment` and `clock` are only ever guessed.
SQL_TYPES = {
    "text": "VARCHAR",
    "number": "DOUBLE",
    "decimal_comma": "DOUBLE",
    "thousands_comma": "DOUBLE",
    "unclear": "DOUBLE",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "moment": "TIMESTAMP WITH TIME ZONE",
    "clock": "TIME",
}
WHOLE = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
)
MOMENTS = ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE")
NUMERIC = (*WHOLE, "FLOAT", "DOUBLE", "DECIMAL", "BOOLEAN")
# The types of columns of parquet and of tables that a declared type fits.
OWN_TYPES = {
    **dict.fromkeys(("number", "decimal_comma", "thousands_comma"), NUMERIC),
    "integer": WHOLE,
    "boolean": ("BOOLEAN",),
    "date": MOMENTS,
    "timestamp": MOMENTS,
}
NUMBERS = ("number", "decimal_comma", "thousands_comma")
PATTERNS = {
    "decimal_comma": r"[-+]?(\d{1,3}(\.\d{3})+|\d*)(,\d*)?([eE][-+]?\d+)?",
    "thousands_comma": r"[-+]?(\d{1,3}(,\d{3})+|\d*)(\.\d*)?([eE][-+]?\d+)?",
    "unclear": r"[-+]?\d+([eE][-+]?\d+)?",
    "integer": r"[-+]?\d{1,18}",
    "boolean": r"(?i)true|false|t|f|yes|no|y|n|1|0",
    "date": r"\d{4}-\d{1,2}-\d{1,2}",
    "timestamp": r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?",
    "moment": r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?",
    "clock": r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?",
}
OFFSET = r"\d{4}-\d{1,2}-\d{1,2}[T ]\d\d(:\d\d)?.*([Zz]|[+-]\d\d(:?\d\d)?)"
# A whole number of so many digits may be no float64: such text is passed on, to be counted.
LONG = r"\s*[-+]?\d{16,}\s*"
LONGEST = 4096  # as in `canonical`
NO_VALUES = "('', 'nan', 'na', 'n/a', '<na>', 'nat', 'null', 'none')"


def read_as(text: str, kind: str) -> str:
    """The SQL by which text (itself SQL) is read as a type; null where it cannot be.

    >>> read_as("x", "text")
    'x'
    """
    if kind == "text":
        return text
    if kind == "number":
        long = f"length({text}) > 15 AND regexp_full_match({text}, {literal(LONG)})"
        return f"CASE WHEN contains({text}, '_') OR ({long}) THEN NULL ELSE TRY_CAST({text} AS DOUBLE) END"
    value = f"trim({text})"
    fits = f"regexp_full_match({value}, {literal(PATTERNS[kind])})"
    if kind == "decimal_comma":
        value = f"replace(replace({value}, '.', ''), ',', '.')"
    elif kind == "thousands_comma":
        value = f"replace({value}, ',', '')"
    elif kind == "boolean":
        return f"CASE WHEN {fits} THEN lower({value}) IN ('true', 't', 'yes', 'y', '1') END"
    return f"CASE WHEN {fits} THEN TRY_CAST({value} AS {SQL_TYPES[kind]}) END"


def unread(text: str, kind: str) -> str:
    """The SQL of the text that is there and cannot be read as a type."""
    return f"CASE WHEN {text} IS NOT NULL AND ({read_as(text, kind)}) IS NULL THEN left({text}, 200) END"


def known_types(columns: Columns, notation: str) -> dict[str, str]:
    """The types that follow from the config, by column: those declared, numbers, categories and ids.

    `notation` is that of numbers whose type is not declared.
    """
    types: dict[str, str] = {
        **{name: notation if rule.reads == "number" else rule.reads for name, rule in columns.by_rules.items()},
        **dict.fromkeys((*columns.id_alone, *columns.extra_alone("categorical")), "text"),
        **dict.fromkeys(columns.extra_alone("numeric"), notation),
        **dict.fromkeys((*columns.numeric, *columns.of_weight), notation),
        **dict.fromkeys(columns.categorical, "text"),
    }
    for name, kind in columns.types.items():
        types[name] = notation if kind == "number" and name == columns.target else kind
    # What an expression of the same name takes the place of is text to that expression, if the config says so.
    spelled = {name for name, kind in columns.types.items() if kind == "text"}
    return {name: kind for name, kind in types.items() if name not in columns.derived or name in spelled}


def contradicts(kind: str, there: str) -> bool:
    """Return whether a declared type names something else than the type that a column has of its own.

    A notation is about text: where the column holds numbers it asks for nothing. Any category can be text.

    >>> contradicts("integer", "DOUBLE"), contradicts("decimal_comma", "DOUBLE"), contradicts("date", "VARCHAR")
    (True, False, False)
    """
    own = there.partition("(")[0]
    known = {name for names in OWN_TYPES.values() for name in names}
    return own in known and kind in OWN_TYPES and own not in OWN_TYPES[kind]


def clues(text: str, notation: str) -> list[str]:
    """SQL of what `guess` needs to know of a column of text, as whole numbers: in this order."""
    value = f"trim({text})"
    return [
        f"count({text})",
        f"count_if(regexp_full_match(lower({value}), 'true|false'))",
        f"count_if(regexp_full_match({value}, {literal(PATTERNS['integer'])}))",
        f"count_if(regexp_full_match({value}, '[-+]?(0\\d+|\\d{{19,}})'))",
        f"count({read_as(text, notation)}) + count_if(regexp_full_match({text}, {literal(LONG)}))",
        f"count_if(lower({value}) IN {NO_VALUES})",
        f"count({read_as(text, 'date')})",
        f"count({read_as(text, 'timestamp')})",
        f"count_if(regexp_full_match({value}, {literal(OFFSET)}))",
        f"count({read_as(text, 'clock')})",
    ]


def guess(counts: list[int], notation: str) -> str:
    """The narrowest type that all values of a column have.

    >>> guess([9, 0, 4, 0, 8, 1, 0, 0, 0, 0], "number")
    'number'
    """
    there, booleans, integers, names, numbers, no_values, dates, stamps, offsets, clocks = counts
    if not there or names:  # 007 is a name, and so are twenty digits
        return "text"
    fitting = {
        "boolean": booleans == there,
        "integer": integers == there,
        notation: there > no_values and numbers + no_values >= there,
        "date": dates == there,
        "moment": stamps == there and offsets > 0,
        "timestamp": stamps == there,
        "clock": clocks == there,
    }
    return next((kind for kind, fits in fitting.items() if fits), "text")


def notation(evidence: Mapping[str, frozenset[str]]) -> str | None:
    """Return the notation of numbers in the first rows of some columns, None where they contradict each other.

    `evidence` holds the marks of `formats.Look` by column.

    >>> notation({"a": frozenset("i"), "b": frozenset("c")})
    'decimal_comma'
    """
    found: set[Any] = set().union(*evidence.values()) if evidence else set()
    if found & set("cg") and found & set("pu"):
        return None
    if "c" in found:
        return "decimal_comma"
    if "u" in found:
        return "thousands_comma"
    # 1,234 may be a thousand, and so may 1.234 where bare numbers are beside it.
    unclear = any("a" in one or {"b", "i"} <= one for one in evidence.values())
    return "unclear" if unclear and "p" not in found else "number"


def shortened(value: str, size: str) -> str:
    """SQL that cuts long text as `canonical.shortened` does, before it is copied to every row that has it.

    `size` is the function that counts bytes.
    """
    first = f"left({value}, {LONGEST}) || '... ' || md5({value})"
    long = f"{size}({value}) > {LONGEST} AND length({value}) > {LONGEST}"
    return f"CASE WHEN {long} THEN {first} ELSE {value} END"
