"""Answers in JSON and Arrow have the same content."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from driftloop.pipelines.scoring.answers import arrow_answer, json_answer


def test_both_answers_have_the_same_content() -> None:
    """A row per prediction, with its prediction id, its id and the number or the probabilities."""
    about: dict[str, Any] = {"model": "m", "version": "3", "request_id": "r", "warnings": ["w"]}
    ids = pd.DataFrame({"order": ["7", None]})
    answer = json.loads(json_answer(about, ids, np.array([[0.25, 0.75], [1.0, 0.0]]), ("no", "yes")))
    assert answer["warnings"] == ["w"]
    assert answer["predictions"][0] == {
        "prediction_id": "r-0", "id": {"order": "7"}, "probabilities": {"no": 0.25, "yes": 0.75}
    }  # fmt: skip
    table = pa.ipc.open_stream(arrow_answer(about, ids, np.array([[0.25, 0.75], [1.0, 0.0]]), ("no", "yes"))).read_all()
    assert table.to_pylist()[0] == {"prediction_id": "r-0", "order": "7", "prediction no": 0.25, "prediction yes": 0.75}
    assert table.schema.metadata[b"version"] == b"3"
    assert json.loads(table.schema.metadata[b"warnings"]) == ["w"]
    plain = json.loads(json_answer(about, pd.DataFrame(index=range(2)), np.array([1.5, np.nan]), ()))
    assert plain["predictions"] == [
        {"prediction_id": "r-0", "prediction": 1.5}, {"prediction_id": "r-1", "prediction": None}
    ]  # fmt: skip
