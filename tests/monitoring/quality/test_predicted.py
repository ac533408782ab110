"""Each thing that is wrong with predictions of a model elsewhere is one finding with its number and an example."""

from __future__ import annotations

from collections import Counter

from driftloop.monitoring.config import Monitored
from driftloop.monitoring.quality.predicted import Predicted, predictions
from driftloop.monitoring.rows.scored import DISPUTED, NONE, NOT_FINITE, OUT_OF_RANGE, USABLE, WRONG_SUM
from driftloop.monitoring.sources import LabelCounts, Serving

CONFIG = Monitored.model_validate(
    {
        "model": "m",
        "task": "regression",
        "source": {"path": "rows.csv"},
        "columns": {"time": "ts", "target": "y", "id": "order_id", "numeric": ["fare"]},
        "predictions": {"source": {"path": "scored.csv"}, "id": "order", "time": "at", "prediction": "score"},
    }
)


def test_nothing_wrong_is_no_finding() -> None:
    """Rows that were all scored by the champion."""
    clean = Predicted(10, {USABLE: 10})
    assert not [*predictions(clean, LabelCounts(known=10), Serving(10, 0, Counter({"7": 10})), "7", CONFIG.predictions)]


def test_every_count_is_a_finding_with_its_number() -> None:
    """Each count is reported once, with the number and examples of what was found."""
    states = {USABLE: 50, NONE: 20, DISPUTED: 5, NOT_FINITE: 4, OUT_OF_RANGE: 3, WRONG_SUM: 2}
    counted = Predicted(84, states, {NOT_FINITE: "oops"}, {NONE: ["A1"]})
    serving = Serving(84, 1, Counter({"7": 50, "8": 33}))
    found = [*predictions(counted, LabelCounts(90, 9, 10, 11, ("B7",)), serving, "7", CONFIG.predictions)]
    assert [(one.code, one.severity) for one in found] == [
        ("row_without_prediction", "warning"),
        ("disputed_prediction", "warning"),
        *[("unusable_prediction", "error")] * 3,
        ("prediction_without_row", "warning"),
        ("prediction_without_id", "warning"),
        ("future_prediction", "warning"),
        ("several_versions", "info"),
    ]
    messages = [one.message for one in found]
    assert messages[0] == "20 of 84 rows (23.8%) have no prediction by '7', such as 'A1'"
    assert messages[2] == "4 of 84 predictions are not a finite number, such as oops: they count as missing"
    assert messages[5] == "9 of 90 new predictions have an id that no row has, such as 'B7'"
    assert messages[8] == "the 84 rows were scored last by: '7' 50, '8' 33, several at the same moment 1"


def test_most_rows_without_a_prediction_are_an_error_and_few_are_not_worth_a_warning() -> None:
    """An error sends a notification; the newest rows of a window are often scored just after it."""
    for rows, severity in ((1, "info"), (2, "warning"), (50, "warning"), (51, "error")):
        counted = Predicted(100, {NONE: rows, USABLE: 100 - rows})
        (found,) = predictions(counted, LabelCounts(), Serving(), "7", CONFIG.predictions)
        assert (found.severity, found.observed) == (severity, rows / 100)
