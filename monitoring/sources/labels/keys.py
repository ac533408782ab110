"""Keys of rows and labels: what each column holds, whether the two sides can be compared, and how both are spelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from driftloop.monitoring.errors import KeysDiffer
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.predictions import PredictionTable
from driftloop.monitoring.sources.relation import Relation

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# What a column holds. `untyped` is text of a file, or any value of SQLite, which may stand for a number or a time.
Holds = Literal["integer", "number", "text", "boolean", "moment", "reading", "untyped"]
NAMES: dict[Holds, str] = {
    "integer": "whole numbers",
    "number": "numbers",
    "text": "text",
    "boolean": "true and false",
    "moment": "times with an offset",
    "reading": "times without an offset",
    "untyped": "text",
}
NUMBERS: tuple[Holds, ...] = ("integer", "number")
TIMES: tuple[Holds, ...] = ("moment", "reading")


@dataclass(frozen=True)
class Side:
    """One column of a key on one side: its name and what it holds."""

    name: str
    holds: Holds


@dataclass(frozen=True)
class Key:
    """One column of the key on both sides. Whole numbers on both are compared as such, all else as it is spelled."""

    row: Side
    label: Side

    @property
    def whole(self) -> bool:
        return self.row.holds == self.label.holds == "integer"


def keys(rows: Relation, row_columns: Columns, labels: Relation, label_columns: Columns) -> tuple[Key, ...]:
    """The columns of the key; KeysDiffer where what one side holds can never equal what the other side holds."""
    mine = _sides(rows, row_columns, row_columns.id)
    theirs = _sides(labels, label_columns, label_columns.categorical)
    for row, label in zip(mine, theirs, strict=True):
        if not _comparable(row.holds, label.holds):
            raise KeysDiffer(
                rows.where,
                row.name,
                NAMES[row.holds],
                labels.where,
                label.name,
                NAMES[label.holds],
                rows.names([row.name]),
                joined="predictions.id" if labels.engine.at.section == PredictionTable.section else "labels.key",
            )
    return tuple(Key(row, label) for row, label in zip(mine, theirs, strict=True))


def _comparable(one: Holds, other: Holds) -> bool:
    return one == other or "untyped" in (one, other) or (one in NUMBERS and other in NUMBERS)


def _sides(relation: Relation, columns: Columns, names: Sequence[str]) -> list[Side]:
    if not relation.engine.typed_times:
        return [Side(name, "untyped") for name in names]
    sql = f"SELECT {relation.names(names)} FROM ({relation.rows}) AS w LIMIT 0"  # noqa: S608
    # With the types of the engine: exact numbers are read as text, and are numbers all the same.
    schema = relation.engine.asked(lambda: relation.engine.arrow(sql, ())).schema
    return [
        Side(name, "untyped" if _untyped(relation, columns, name) else _holds(schema.field(at).type))
        for at, name in enumerate(names)
    ]


def _untyped(relation: Relation, columns: Columns, name: str) -> bool:
    return relation.as_text and name not in columns.derived and name not in columns.types and _is_text(relation, name)


def _is_text(relation: Relation, name: str) -> bool:
    return relation.kinds.get(name, "text") == "text"


def _holds(dtype: pa.DataType) -> Holds:
    import pyarrow as pa

    if pa.types.is_dictionary(dtype):
        return _holds(dtype.value_type)
    if pa.types.is_integer(dtype):
        return "integer"
    if pa.types.is_floating(dtype) or pa.types.is_decimal(dtype):
        return "number"
    if pa.types.is_boolean(dtype):
        return "boolean"
    if pa.types.is_timestamp(dtype):
        return "reading" if dtype.tz is None else "moment"
    return "reading" if pa.types.is_date(dtype) else "text"


def key_sql(value: str, holds: Holds, other: Holds) -> str:
    """The SQL of DuckDB by which a value of a key is compared; `value` is SQL.

    >>> key_sql("k", "integer", "integer"), key_sql("k", "text", "text")
    ('k', 'CAST(k AS VARCHAR)')
    """
    if holds == other == "integer":
        return value
    text = f"CAST({value} AS VARCHAR)"
    if holds == "untyped":
        return _untyped_sql(text, other)
    if holds == "number":
        return _number_sql(f"CAST({value} AS DOUBLE)", text)
    if holds == "boolean":
        return f"CASE WHEN {value} THEN 'True' WHEN NOT {value} THEN 'False' END"
    if holds in TIMES:
        return f"CAST(epoch_us({value if holds == 'moment' else f'CAST({value} AS TIMESTAMP)'}) AS VARCHAR)"
    return text


def _untyped_sql(text: str, other: Holds) -> str:
    if other in NUMBERS:
        return _number_sql(f"TRY_CAST(trim({text}) AS DOUBLE)", f"trim({text})")
    if other in TIMES:
        kind = "TIMESTAMPTZ" if other == "moment" else "TIMESTAMP"
        return f"CAST(epoch_us(TRY_CAST({text} AS {kind})) AS VARCHAR)"
    return text


def _number_sql(number: str, text: str) -> str:
    """A number as Python spells it: 17 whether it is a whole number, a float or the text 17.0."""
    digits = f"regexp_full_match({text}, '[-+]?[0-9]+')"
    whole = f"{number} = trunc({number}) AND abs({number}) < 1e15"
    return (
        f"CASE WHEN {digits} THEN CAST(TRY_CAST({text} AS HUGEINT) AS VARCHAR) "
        f"WHEN {whole} THEN CAST(CAST({number} AS HUGEINT) AS VARCHAR) ELSE {text} END"
    )


def spelled(values: pd.Series[Any], key: Key) -> pd.Series[Any]:
    """The values of a key as `key_sql` compares them, from a frame: whole numbers, or text with None for null."""
    import pandas as pd

    from driftloop.monitoring.served.spelling import labels

    if key.whole:
        return values.astype("Int64")
    if TIMES[0] in (key.row.holds, key.label.holds) or TIMES[1] in (key.row.holds, key.label.holds):
        utc = key.row.holds == "moment" or key.label.holds == "moment"
        moments = pd.to_datetime(values, format="ISO8601", errors="coerce", utc=utc).dt.as_unit("us")
        micros = moments.dt.tz_localize(None) if utc else moments
        values = micros.astype("int64").astype("Int64").where(micros.notna())
    text = labels(values)
    if key.row.holds in NUMBERS or key.label.holds in NUMBERS:
        text = text.map(_as_number, na_action="ignore")
    return text


def _as_number(text: str) -> str:
    """A number as it is spelled, of text that may be one.

    >>> _as_number("17.0"), _as_number(" 007"), _as_number("a7"), _as_number("1.5")
    ('17', '7', 'a7', '1.5')
    """
    bare = text.strip()
    try:
        number = float(bare)
    except ValueError:
        return bare
    if bare.lstrip("+-").isdigit():
        return str(int(bare))
    return str(int(number)) if abs(number) < 1e15 and number == int(number) else bare
