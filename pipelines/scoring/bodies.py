"""Bodies of requests and answers: rows as JSON records or as an Arrow stream. Bad bodies are refused with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

import numpy as np
import orjson
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import listed, suggestion
from driftloop.monitoring.served.errors import ServingError
from driftloop.monitoring.served.reading import read

JSON, ARROW = "application/json", "application/vnd.apache.arrow.stream"
# Without it a body that was cut would be a shorter table.
END_OF_STREAM = b"\xff\xff\xff\xff\0\0\0\0"
NUMBERS = {int, float, bool, type(None)}
Values: TypeAlias = "pd.Series[Any] | NDArray[np.float64]"
LARGEST_BODY, MOST_ROWS = 32_000_000, 100_000


class Refused(ServingError):
    """A request that is refused, with its HTTP status."""

    def __init__(self, status: int, found: str, *, expected: str, remedy: str) -> None:
        super().__init__(found, expected=expected, remedy=remedy)
        self.status = status


def body_kind(content_type: str) -> str:
    """Return the type of a body, without its parameters; JSON without a header.

    >>> body_kind("application/json; charset=utf-8")
    'application/json'
    """
    kind = content_type.partition(";")[0].strip().lower() or JSON
    if kind not in (JSON, ARROW):
        raise Refused(
            415,
            f"a body of the type {kind!r}",
            expected=f"{JSON} or {ARROW}",
            remedy="send the header Content-Type, and a JSON array of objects or an Arrow IPC stream",
        )
    return kind


def columns_of(
    kind: str, body: bytes, numeric: Sequence[str], others: Sequence[str], optional: Sequence[str] = ()
) -> tuple[dict[str, Values], int]:
    """Return the columns `numeric` and `others` of a body, those of `optional` it has, and the number of its rows.

    Numeric columns come as they are, all others as objects. `Refused` for a body that is no rows, for a column that a
    row lacks, for values that are not single values, and for text in a numeric column that is not a number.
    """
    names = list(dict.fromkeys([*numeric, *others]))
    if kind == JSON:
        columns, count = _of_json(body, names, optional, set(numeric))
    else:
        frame = _of_arrow(body, names, optional)
        columns, count = {str(name): values for name, values in frame.items()}, len(frame)
    for name in numeric:
        values = columns[name]
        if isinstance(values, np.ndarray) or pd.api.types.is_numeric_dtype(values.dtype):
            continue
        lost = read(values).lost
        if lost.any():
            at = int(lost.argmax())
            raise wrong_value(name, at, values.iloc[at], "a number or null")
    return columns, count


def wrong_value(column: str, row: int | None, value: object, expected: str) -> Refused:
    """Return the refusal of a value; rows are counted from 0."""
    where = "" if row is None else f"row {row}: "
    return Refused(
        422,
        f"{where}{column} is {_shown(value)}",
        expected=f"{expected} in {column}",
        remedy="correct the value, or send null for a missing one",
    )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _of_json(
    body: bytes, names: Sequence[str], optional: Sequence[str], numeric: set[str]
) -> tuple[dict[str, Values], int]:
    try:
        rows = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _not_rows(f"a body that is not JSON: {error}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _not_rows(f"JSON that is not an array of objects but {_shown(rows)}")
    _refuse_number(len(rows))
    columns: dict[str, Values] = {}
    index = pd.RangeIndex(len(rows))
    there = (name for name in optional if any(name in row for row in rows))
    gathered = _gathered(rows, names) | {name: [row.get(name) for row in rows] for name in there if name not in names}
    for name, values in gathered.items():
        kinds = set(map(type, values))
        if kinds & {list, dict}:
            at = next(at for at, value in enumerate(values) if isinstance(value, list | dict))
            raise wrong_value(name, at, values[at], "a single value")
        plain = name in numeric and kinds <= NUMBERS
        # Of an array of objects pandas would make its own type of text.
        columns[name] = np.array(values, dtype=np.float64) if plain else pd.Series(values, dtype=object, index=index)
    return columns, len(rows)


def _gathered(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, Sequence[Any]]:
    """Return the values of columns that every row must have."""
    if not rows or not names:
        return {name: [] for name in names}
    try:
        # One name alone would return no tuples.
        whole = zip(*map(itemgetter(*names, names[0]), rows), strict=True)
    except KeyError:
        name, at = next((name, at) for name in names for at, row in enumerate(rows) if name not in row)
        raise _lost(name, at, rows) from None
    return dict(zip(names, whole, strict=False))


def _lost(name: str, at: int, rows: Sequence[Mapping[str, Any]]) -> Refused:
    there = list(rows[at])
    lacks = f"the rows lack {name!r}" if not any(name in row for row in rows) else f"row {at} lacks {name!r}"
    return Refused(
        422,
        f"{lacks}; it has {listed(there)}" if there else f"{lacks}, and is empty",
        expected=f"the column {name!r} in every row, with null for a missing value",
        remedy=f"add it, or correct its name.{suggestion(name, there)}",
    )


def _not_rows(found: str) -> Refused:
    return Refused(
        400,
        found,
        expected='an array with an object per row, such as [{"distance": 1400, "carrier": "UA"}]',
        remedy="send valid JSON; numbers must be finite",
    )


def _refuse_number(rows: int) -> None:
    if rows > MOST_ROWS:
        raise Refused(
            413, f"{rows:,} rows", expected=f"at most {MOST_ROWS:,} rows per request", remedy="send several requests"
        )


def _of_arrow(body: bytes, names: Sequence[str], optional: Sequence[str]) -> pd.DataFrame:
    import pyarrow as pa

    from driftloop.monitoring.sources.frames import from_arrow

    try:
        if not body.endswith(END_OF_STREAM):
            raise pa.ArrowInvalid("it has no end-of-stream marker")
        table = pa.ipc.open_stream(body).read_all()
        _refuse_number(table.num_rows)
        table.validate(full=True)
    except Refused:
        raise
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise Refused(
            400,
            f"a body that is not an Arrow IPC stream: {str(error).splitlines()[0] if str(error) else error!r}",
            expected="the stream format, as pyarrow.ipc.new_stream writes it",
            remedy="write the table with pyarrow.ipc.new_stream(sink, table.schema)",
        ) from None
    there = table.column_names
    for name in names:
        if name not in there:
            raise _lost(name, 0, [dict.fromkeys(there)])
    wanted = [name for name in dict.fromkeys([*names, *optional]) if name in there]
    for name in wanted:
        kind = table.schema.field(name).type if there.count(name) == 1 else None
        if kind is None or pa.types.is_nested(kind) or isinstance(kind, pa.BaseExtensionType):
            found = f"of the type {kind}" if kind else f"there {there.count(name)} times"
            raise Refused(
                422,
                f"the column {name!r} is {found}",
                expected="one column of single values",
                remedy="send numbers, text, booleans or times",
            )
    return from_arrow(table.select(wanted))


def json_answer(
    about: Mapping[str, Any], ids: pd.DataFrame, predicted: NDArray[np.float64], classes: Sequence[str]
) -> bytes:
    """Return the answer to JSON: `about`, and for each row its prediction id, its id, and the prediction."""
    request = about["request_id"]
    known = ids.to_dict("records") if len(ids.columns) else [None] * len(predicted)
    rows: list[dict[str, Any]] = []
    for at, (key, value) in enumerate(zip(known, predicted.tolist(), strict=True)):
        row: dict[str, Any] = {"prediction_id": f"{request}-{at}"}
        if key is not None:
            row["id"] = key
        if classes:
            row["probabilities"] = dict(zip(classes, value, strict=True))
        else:
            row["prediction"] = value
        rows.append(row)
    return orjson.dumps({**about, "predictions": rows})


def arrow_answer(
    about: Mapping[str, Any], ids: pd.DataFrame, predicted: NDArray[np.float64], classes: Sequence[str]
) -> bytes:
    """Return the answer to an Arrow stream: columns as in the prediction log, `about` in the metadata of the schema."""
    import pyarrow as pa

    columns: dict[str, Any] = {"prediction_id": [f"{about['request_id']}-{at}" for at in range(len(predicted))]}
    columns |= {str(name): pa.array(values, pa.string(), from_pandas=True) for name, values in ids.items()}
    columns |= {f"prediction {name}": predicted[:, at] for at, name in enumerate(classes)}
    if not classes:
        columns["prediction"] = predicted
    metadata = {name: value if isinstance(value, str) else orjson.dumps(value) for name, value in about.items()}
    table = pa.table(columns).replace_schema_metadata(metadata)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())
