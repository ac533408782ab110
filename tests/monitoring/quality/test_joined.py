"""Each thing that is wrong with ids and labels is one finding with its number and an example."""

from __future__ import annotations

from driftloop.monitoring.config import Monitored
from driftloop.monitoring.quality.joined import Joined, ids, labels
from driftloop.monitoring.sources import LabelCounts

CONFIG = Monitored.model_validate(
    {
        "model": "m",
        "task": "regression",
        "source": {"path": "rows.csv"},
        "columns": {"time": "ts", "target": "y", "id": "order_id", "numeric": ["fare"], "label_delay": "30d"},
        "labels": {"path": "labels.csv", "key": "order", "time": "known_at"},
    }
)


def test_nothing_wrong_is_no_finding() -> None:
    """Rows that all have an id and a label cause no finding."""
    clean = Joined(rows=10, due=10)
    assert not [*ids(clean), *labels(clean, LabelCounts(known=10), CONFIG)]


def test_every_count_is_a_finding_with_its_number() -> None:
    """Each count is reported once, with the number and the ids that were seen."""
    names = ("repeated", "disputed", "several", "early", "unlabeled", "ids")
    counted = Joined(50, 3, 4, 5, 6, 40, 7, 8, {name: [f"id of {name}"] for name in names})
    found = [*ids(counted), *labels(counted, LabelCounts(20, 9, 10, 11, ("k9",)), CONFIG)]
    assert {one.code: one.observed for one in found} == {
        "row_without_id": 3,
        "repeated_id": 4,
        "disputed_label": 5,
        "repeated_label": 6,
        "label_without_row": 9,
        "label_without_key": 10,
        "future_label": 11,
        "label_before_row": 8,
        "unlabeled_rows": 7,
    }
    by_code = {one.code: one.message for one in found}
    assert by_code["unlabeled_rows"].startswith(
        "7 of 40 rows older than columns.label_delay (30d) have no label (17.5%)"
    )
    assert "id of disputed" in by_code["disputed_label"]
    assert "9 of 20" in by_code["label_without_row"]
    assert "k9" in by_code["label_without_row"]


def test_labels_of_which_none_finds_a_row_are_shown_next_to_ids() -> None:
    """Where no key is known, examples of both sides show how they differ."""
    counted = Joined(rows=5, examples={"ids": ["17.0"]})
    (found,) = labels(counted, LabelCounts(known=2, rowless=2, examples=("17",)), CONFIG)
    assert "'17'" in found.message.replace('"', "'")
    assert "17.0" in found.message
