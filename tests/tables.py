"""Small tables that tests of reading share: files and what is asked of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.source import Source

WEEK = Window(start=datetime(2026, 1, 1), end=datetime(2026, 1, 8))
HEADER = "ts,fare,kind,y\n"
LINES = "2026-01-01 00:00:00,1.5,a,1\n2026-01-03 12:00:00,2.5,b,0\n2026-01-08 00:00:00,3.5,a,1\n"


def columns(**changes: Any) -> Columns:
    return Columns(**({"time": "ts", "target": "y", "numeric": ("fare",), "categorical": ("kind",)} | changes))


def csv(folder: Path, text: str | bytes, name: str = "rows.csv") -> Source:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return Source(path=name)


def parquet(folder: Path, name: str = "rows.parquet", **data: Any) -> Source:
    pq.write_table(pa.table(data), folder / name)
    return Source(path=name)


def trips(ts: Any = None, rows: int = 3) -> dict[str, Any]:
    ts = [datetime(2026, 1, 1) + timedelta(days=day) for day in range(rows)] if ts is None else ts
    return {"ts": ts, "fare": [float(at) for at in range(len(ts))], "kind": ["a"] * len(ts), "y": [1] * len(ts)}
