"""Rows and labels in tables of their own, as tests of the join share them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from driftloop.monitoring import formats
from driftloop.monitoring.config import Monitored
from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources import engines

START = datetime(2026, 1, 1)
SPAN = Window(start=START, end=START + timedelta(days=10))
NOW = datetime(2026, 1, 12, tzinfo=UTC)
PLACES = [*formats.NAMES, *(one.name for one in engines.ENGINES)]
Keep = Callable[..., Source]


def made_rows(ids: Any = None) -> pa.Table:
    """Eighty rows, eight a day, a repeated id and one that is missing among them."""
    many = 80
    ids = ids or [None if at == 7 else 3 if at == 5 else at * 3 for at in range(many)]
    return pa.table(
        {
            "order_id": pa.array(ids, pa.int64() if isinstance(ids[0], int) else pa.string()),
            "ts": pa.array([START + at * timedelta(hours=3) for at in range(many)], pa.timestamp("us")),
            "fare": [float(at) for at in range(many)],
        }
    )


def made_labels(keys: Callable[[int], Any] = lambda at: at) -> pa.Table:
    """Labels of the ids 0 to 119: late ones, corrections, future ones, a dispute, and values and keys that are missing.

    The label of id k is k / 2; a correction that comes later adds 100.
    """
    rows: list[tuple[Any, datetime, float | None]] = []
    for key in range(120):
        born = START + timedelta(hours=key)
        if key % 5 == 4:
            continue
        rows.append((key, born + timedelta(days=1), key / 2))
        if key % 6 == 0:
            rows.append((key, born + timedelta(days=2), key / 2 + 100))
        if key % 9 == 0:
            rows.append((key, born + timedelta(days=40), -1.0))
        if key % 21 == 0:
            rows.append((key, born + timedelta(days=3), None))
    rows += [(33, START + timedelta(days=4), 1.0), (33, START + timedelta(days=4), 2.0)]
    rows += [(None, START + timedelta(days=1), 5.0)]
    rows.sort(key=lambda row: (row[1], str(row[0]), str(row[2])))
    kind = pa.int64() if isinstance(keys(1), int) else pa.string()
    return pa.table(
        {
            "known_at": pa.array([at for _, at, _ in rows], pa.timestamp("us")),
            "order": pa.array([None if key is None else keys(key) for key, _, _ in rows], kind),
            "outcome": pa.array([value for _, _, value in rows], pa.float64()),
        }
    )


def config(rows: Source, labels: Source, *, columns: dict[str, Any] | None = None, **changes: Any) -> Monitored:
    place = labels.model_dump(exclude_none=True)
    return Monitored(
        model="m",
        task="regression",
        source=rows,
        columns={"time": "ts", "target": "y", "id": ["order_id"], "numeric": ("fare",)} | (columns or {}),
        labels=place | {"key": ["order"], "time": "known_at", "target": "outcome"} | changes,
    )


def future(labels: pa.Table) -> int:
    """The number of labels known after 2026-01-20."""
    return int((labels.to_pandas()["known_at"] > datetime(2026, 1, 20)).sum())


def alone(rows: pa.Table, labels: pa.Table) -> int:
    """The number of labels known at `NOW` whose key no row has."""
    there = labels.to_pandas().dropna(subset=["order", "outcome"])
    there = there[there["known_at"] <= NOW.replace(tzinfo=None)]
    return int((~there["order"].isin(rows["order_id"].to_pylist())).sum())
