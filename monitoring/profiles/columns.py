"""One column made countable: numbers as arrays, categories as codes. `conform` defines null and equality."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from driftloop.monitoring.records import Kind
from driftloop.monitoring.rows.canonical import labels, numbers


def from_frame(values: pd.Series[Any], kind: Kind) -> pa.ChunkedArray:
    """A column of a frame as Arrow sees it, without a copy where it is canonical."""
    if kind == "numeric":
        plain = isinstance(values.dtype, np.dtype) and values.dtype.kind in "fiu"
        made = pa.array((values if plain else numbers(values, str(values.name))[0]).to_numpy(), from_pandas=False)
    elif isinstance(values.dtype, pd.CategoricalDtype):
        codes = values.cat.codes.to_numpy()
        texts = pa.array(labels(pd.Series(values.cat.categories)), pa.string())
        made = pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), texts)
    else:
        try:
            made = pa.array(values, pa.string(), from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            made = pa.array(labels(values), pa.string())
    return made if isinstance(made, pa.ChunkedArray) else pa.chunked_array([made])


def as_numbers(column: pa.ChunkedArray) -> list[NDArray[Any]]:
    """The numbers of a column that are not null, an array a chunk; NaN and infinities are among them.

    Text that reads as a number is one; text that does not, and a moment, is left out as null is.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    elif pa.types.is_decimal(kind):
        # by the digits: Arrow's own conversion is off by one unit in the last place
        column = column.cast(pa.string()).cast(pa.float64())
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        made, _ = numbers(column.to_pandas(), "")
        return [made.dropna().to_numpy()]
    return [_present(chunk).to_numpy(zero_copy_only=False) for chunk in column.chunks]


def as_codes(column: pa.ChunkedArray) -> list[tuple[NDArray[Any], pa.Array]]:
    """A pair a chunk: a code for each row that is not null, and the text behind each code, null where it is none."""
    pairs = []
    for chunk in column.chunks:
        encoded = _encoded(chunk)
        codes = _present(encoded.indices).to_numpy(zero_copy_only=False)
        if codes.dtype == np.uint64:  # which numpy before 2.3 does not count
            codes = codes.astype(np.int64)
        pairs.append((codes, _spelled(encoded.dictionary)))
    return pairs


def _encoded(chunk: pa.Array) -> pa.DictionaryArray:
    if pa.types.is_dictionary(chunk.type):
        return chunk
    try:
        return chunk.dictionary_encode()
    except pa.ArrowNotImplementedError:  # lists and their like
        return pa.array(labels(chunk.to_pandas()), pa.string()).dictionary_encode()


def _present(chunk: pa.Array) -> pa.Array:
    return chunk.drop_null() if chunk.null_count else chunk


def _spelled(values: pa.Array) -> pa.Array:
    kind = values.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        values, kind = values.cast(pa.string()), pa.string()
    if not pa.types.is_string(kind):
        return pa.array(labels(values.to_pandas()), pa.string())
    # as `conform` spells it: xgboost and PostgreSQL refuse text with a NUL in it
    return pc.replace_substring(values, "\0", "\ufffd")
