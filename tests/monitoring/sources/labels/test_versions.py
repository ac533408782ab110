"""Versions of labels give, for any moment, the label that a read at that moment gives."""

from __future__ import annotations

from datetime import UTC, timedelta
from pathlib import Path

import pandas as pd
import pytest

from driftloop.monitoring.sources import CHANGED, label_versions, read_rows
from tests.labeled import NOW, SPAN, START, Keep, config, made_labels, made_rows


@pytest.mark.parametrize("rows", ["csv", "parquet", "sqlite", "postgres"])
@pytest.mark.parametrize("labels", ["csv", "duckdb", "sqlite", "postgres"])
def test_the_newest_version_of_a_moment_is_the_label_of_that_moment(
    keep: Keep, tmp_path: Path, rows: str, labels: str
) -> None:
    """At every moment a row with several labels had the newest version that was known, none where two differed."""
    made = config(keep(rows, made_rows(), "rows"), keep(labels, made_labels(), "labels"))
    frame = read_rows(made.source, made.reading, SPAN, tmp_path, NOW).frame
    found = label_versions(made.source, made.reading, SPAN, tmp_path, NOW, frame[["order_id"]])
    assert not found.empty
    for hours in range(0, 24 * 9, 31):
        moment = START.replace(tzinfo=UTC) + timedelta(hours=hours)
        then = pd.to_numeric(read_rows(made.source, made.reading, SPAN, tmp_path, moment).frame["y"])
        known = found[found[CHANGED] <= pd.Timestamp(moment)]
        newest = pd.to_numeric(known[~known.index.duplicated(keep="last")]["y"])
        pd.testing.assert_series_equal(
            newest.sort_index(), then.loc[newest.sort_index().index], check_names=False, check_dtype=False
        )


def test_rows_with_one_label_have_no_versions(keep: Keep, tmp_path: Path) -> None:
    """What never changed is not read again, and without a time nothing is known of moments."""
    made = config(keep("parquet", made_rows(), "rows"), keep("parquet", made_labels().slice(0, 2), "labels"))
    frame = read_rows(made.source, made.reading, SPAN, tmp_path, NOW).frame
    assert label_versions(made.source, made.reading, SPAN, tmp_path, NOW, frame[["order_id"]]).empty
