"""Labels that serve no row are counted alike by every engine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from driftloop.monitoring.sources import count_labels
from tests.labeled import NOW, Keep, alone, config, future, made_labels, made_rows


@pytest.mark.parametrize("rows", ["csv", "sqlite", "postgres"])
@pytest.mark.parametrize("labels", ["parquet", "sqlite", "postgres"])
def test_labels_that_serve_no_row_are_counted(keep: Keep, tmp_path: Path, rows: str, labels: str) -> None:
    """Labels without a key, of the future, and of keys that no row has are counted, whatever keeps both tables."""
    table, outcomes = made_rows(), made_labels()
    made = config(keep(rows, table, "rows"), keep(labels, outcomes, "labels"))
    present = datetime(2026, 1, 20, tzinfo=UTC)
    counts = count_labels(made.source, made.reading, datetime(2026, 1, 1, tzinfo=UTC), NOW, present, tmp_path)
    assert (counts.keyless, counts.future, counts.rowless) == (1, future(outcomes), alone(table, outcomes))
    assert counts.examples
    assert not set(counts.examples) & {str(key) for key in table["order_id"].to_pylist()}
