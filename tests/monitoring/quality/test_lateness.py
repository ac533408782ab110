"""Where labels end and rows go on is one sentence, whatever parts the rows came in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from driftloop.monitoring.quality.lateness import Lateness, lateness
from tests.streams import day, stream


def test_parts_add_up_in_any_order() -> None:
    """The newest row and the newest label of all parts, an empty part among them."""
    rows = stream(20).sample(frac=1, random_state=0)
    rows = rows.assign(y=rows["y"].where(rows["ts"] < day(12)))
    whole = lateness(rows, "ts", "y")
    parts = [lateness(rows.iloc[cut], "ts", "y") for cut in (slice(500), slice(0), slice(500, None))]
    assert parts[0] + parts[1] + parts[2] == parts[2] + parts[0] == whole
    assert whole.newest == rows["ts"].max()
    assert whole.labelled == rows["ts"][rows["y"].notna()].max()


def test_the_remedy_is_a_delay_that_fits() -> None:
    """Rounded up to days, or to hours where labels are less than a day behind; none where the delay is set already."""
    first, newest = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    for behind, result in ((timedelta(days=8, hours=1), "9d"), (timedelta(hours=3, minutes=5), "4h")):
        late = Lateness(first, newest, newest - behind)
        assert late.remedy(timedelta()).endswith(f"set columns.label_delay: {result}")
        assert late.remedy(timedelta(days=10)) == "deliver the missing labels"


def test_no_label_and_no_row_are_reported() -> None:
    """Rows without any label name the oldest of them; without rows there is nothing to name."""
    late = lateness(stream(20).assign(y=np.nan), "ts", "y")
    assert late.sentence(timedelta(days=2)).startswith("no row since 2026-01-01 00:")
    assert late.sentence(timedelta(days=2)).endswith("columns.label_delay is 2d")
    assert "set columns.label_delay to their delay" in late.remedy(timedelta())
    assert Lateness().sentence(timedelta()) == "there are no rows; columns.label_delay is 0d"
