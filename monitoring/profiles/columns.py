"""One column made countable: numbers as arrays, categories as codes. `conform` defines null and equality."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from driftloop.monitoring.records import Kind
from driftloop.monitoring.rows.canonical import numbers
from driftloop.monitoring.served.spelling import labels


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
    """The numbers of a column of `from_frame`, an array a chunk; NaN and infinities are among them."""
    return [chunk.to_numpy(zero_copy_only=False) for chunk in column.chunks]


def as_codes(column: pa.ChunkedArray) -> list[tuple[NDArray[Any], pa.Array]]:
    """A pair a chunk: a code for each row that is not null, and the text behind each code, null where it is none."""
    pairs = []
    for chunk in column.chunks:
        encoded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        codes = encoded.indices.drop_null().to_numpy(zero_copy_only=False)
        # as `conform` spells it: xgboost and PostgreSQL refuse text with a NUL in it
        pairs.append((codes, pc.replace_substring(encoded.dictionary, "\0", "\ufffd")))
    return pairs
