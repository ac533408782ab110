"""The time of a prediction is a median of runs that take turns."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from driftloop.pipelines.training import latency
from driftloop.pipelines.training.latency import measure, timed_rows


def test_one_slow_run_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first run of each is a warm-up; of the others the median counts, on a clock that the runs move."""
    now, calls = [0.0], list[str]()
    monkeypatch.setattr(latency, "perf_counter", lambda: now[0])

    def takes(name: str, *durations: float) -> Callable[[], object]:
        left = list(durations)

        def predict() -> None:
            calls.append(name)
            now[0] += left.pop(0)

        return predict

    taken = measure({"a": takes("a", 9, 1, 50, 1), "b": takes("b", 9, 2, 2, 2)}, runs=3)
    assert taken == {"a": 1.0, "b": 2.0}
    assert calls == ["a", "b"] * 4


@pytest.mark.parametrize("rows", [1, 999, 1000, 1001])
def test_a_thousand_rows_are_timed(rows: int) -> None:
    """However many rows are held out."""
    assert len(timed_rows(pd.DataFrame({"a": range(rows)}))) == 1000
