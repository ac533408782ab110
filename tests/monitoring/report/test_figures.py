"""Laws of the figures in a report, next to those that the real Evidently draws."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.report.evidently_parts import evidently, registered

GENERATOR = np.random.default_rng(0)
NORMAL = GENERATOR.normal(size=700)
CASES: dict[str, tuple[list[Any], list[Any]]] = {
    "numbers": (NORMAL.tolist(), (NORMAL[:300] + 0.2).tolist()),
    "numbers and nulls": ([1.5, np.nan, 3.0] * 200, [np.nan, 2.25] * 100),
    "one row a side": ([1.0], [2.0]),
    "constants": ([4.0] * 50, [4.0] * 20),
    "whole numbers": (list(map(float, range(400))), list(map(float, range(90)))),
    "labels": (["a", "b", "(missing)"] * 90, ["b", "é", "0"] * 70),
    "one label": (["a"] * 10, ["a"]),
}


def as_json(widgets: list[Any]) -> Any:
    """Widgets as the page has them, without the random ids that Evidently gives them."""
    from evidently.legacy.utils import NumpyEncoder

    def plain(result: Any) -> Any:
        if isinstance(result, dict):
            return {name: plain(value) for name, value in result.items() if name != "id"}
        return [plain(one) for one in result] if isinstance(result, list) else result

    return plain(json.loads(json.dumps([widget.dict() for widget in widgets], cls=NumpyEncoder)))


@pytest.mark.parametrize("case", CASES)
def test_same_as_evidently(case: str) -> None:
    """The widgets of a column are, value for value, those that Evidently's own ValueDrift draws of the same result."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.legacy.options import ColorOptions
    from evidently.legacy.options.base import Options
    from evidently.metrics.column_statistics import ValueDriftCalculation

    reference, current = CASES[case]
    role = "numerical_columns" if isinstance(reference[0], float) else "categorical_columns"
    definition = DataDefinition(**{role: ["c0"]})
    sides = [
        Dataset.from_pandas(pd.DataFrame({"c0": side}), data_definition=definition) for side in (current, reference)
    ]
    metric = evidently().Metric(column="c0", method=registered("evidently:psi"), threshold=0.1)
    snapshot = Report([metric]).run(*sides)
    calculation = snapshot.context.get_metric(metric.metric_id)
    theirs = ValueDriftCalculation._render(
        calculation, calculation.drift.copy(update={"column_name": "a label"}), Options(), ColorOptions()
    )
    assert as_json(calculation.widgets("a label")) == as_json(list(theirs))
