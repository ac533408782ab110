"""Predictions that were read with the rows are counted per window, in pieces."""

from __future__ import annotations

import numpy as np
import pandas as pd

from driftloop.monitoring.records import Window
from driftloop.monitoring.rows.scored import NONE, NOT_FINITE, USABLE, Scores
from driftloop.pipelines.data.predicted import PredictedPart, PredictedRows
from tests.monitoring.quality.test_predicted import CONFIG
from tests.streams import day


def part(first: int, states: list[int], examples: dict[int, str]) -> PredictedPart:
    times = pd.to_datetime([day(first + at) for at in range(len(states))])
    frame = pd.DataFrame({"ts": times, "order_id": [f"A{first + at}" for at in range(len(states))]})
    return PredictedPart.of(Scores({}, np.array(states, dtype=np.int8), examples), frame, CONFIG)


def test_states_are_counted_in_the_window_alone() -> None:
    """Of two pieces; ids of rows without a prediction come as examples."""
    rows = PredictedRows()
    rows.add(part(0, [NONE, USABLE, USABLE], {}))
    rows.add(part(3, [NOT_FINITE, NONE, USABLE], {NOT_FINITE: "oops"}))
    counted = rows.counted(Window(start=day(1), end=day(5)))
    assert (counted.rows, dict(counted.states)) == (4, {USABLE: 2, NOT_FINITE: 1, NONE: 1})
    assert counted.examples == {NOT_FINITE: "oops"}
    assert counted.ids[NONE] == ["A0", "A4"]
