"""Answers of the scorer: predictions as JSON records or as an Arrow stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import pandas as pd
from numpy.typing import NDArray


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
