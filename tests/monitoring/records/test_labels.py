"""The status of labels states what it knows, and no more."""

from __future__ import annotations

import json

from driftloop.monitoring.records import LabelStatus, Window
from tests.streams import day

WEEK = Window(start=day(0), end=day(7))


def test_a_status_reads_itself_back() -> None:
    """The share is computed, is in the JSON, and does not disturb reading it back."""
    made = LabelStatus(window=WEEK, rows=8, labeled=6, delay_median_days=2.0, delay_p95_days=9.5)
    assert json.loads(made.model_dump_json())["coverage"] == 0.75
    assert LabelStatus.model_validate_json(made.model_dump_json()) == made


def test_without_rows_or_times_there_is_no_figure() -> None:
    """No row gives no share; no time gives no delay."""
    assert LabelStatus(window=WEEK, rows=0, labeled=0).coverage is None
    assert "delay:" not in LabelStatus(window=WEEK, rows=8, labeled=8).sentence()
    minutes = LabelStatus(window=WEEK, rows=8, labeled=8, delay_median_days=5 / 1440, delay_p95_days=0.5)
    assert minutes.sentence().endswith("delay: median 5m, 95th percentile 12.0h")
