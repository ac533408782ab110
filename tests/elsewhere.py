"""Models elsewhere for the tests: rows with an id, the table of their predictions, and the config that reads it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from tests.conftest import Model
from tests.streams import day

LATER = timedelta(minutes=2)
TABLE = {"id": ["order"], "time": "scored_at", "version": "model_version", "prediction": "score"}
ELSEWHERE: dict[str, Any] = {
    "columns__id": ["order_id"],
    "windows": {"current": "7d", "reference_span": "14d"},
    "training": "none",
    "gate": {},
}


def scored(frame: pd.DataFrame, *, since: float | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows with an id, and the table of a model's predictions: of version 7, from day `since` on of version 8."""
    frame = frame.assign(order_id=[f"A{at:06}" for at in range(len(frame))])
    amount, speed, rome = frame["amount"], frame["speed"], frame["city"] == "rome"
    noise = np.random.default_rng(1).normal(0, 1, len(frame))
    version = np.where(frame["ts"] < day(999 if since is None else since), "7", "8")
    values = 2 * amount + 3 * speed + 5 * rome + noise
    table = {"order": frame["order_id"], "scored_at": frame["ts"] + LATER, "model_version": version, "score": values}
    return frame, pd.DataFrame(table)


def keep_duckdb(folder: Path, rows: pd.DataFrame, table: pd.DataFrame, server: object = None) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(folder / "shop.duckdb")) as con:
        for name, frame in (("orders", rows), ("scored", table)):
            con.register("given", frame)
            con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM given")
    url = "duckdb:///shop.duckdb"
    return {"source": {"url": url, "table": "orders"}, "predictions": {"source": {"url": url, "table": "scored"}}}


def put(made: Model, place: dict[str, Any], **changes: Any) -> Model:
    """The model with its rows and predictions at a place."""
    given = {**place, "predictions": {**TABLE, **place["predictions"]}}
    return made.given(**{**ELSEWHERE, **given, **changes})
