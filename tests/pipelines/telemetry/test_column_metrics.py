"""Metrics of columns from profiles are those of the rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.profiles import first, like
from driftloop.pipelines.telemetry.column_metrics import column_metrics
from tests.streams import stream


def test_counts_and_quantiles_are_those_of_the_rows() -> None:
    """Quantiles to the width of a cell; the number of categories only where it is known; no prediction."""
    rows = stream(14).drop(columns="ts")
    fresh = stream(14, seed=1, input_shift_at=0).drop(columns="ts")
    fresh.loc[:9, ["amount", "city"]] = [np.nan, None]
    fresh.loc[20, "kind"] = "new"
    reference = first(rows, {"amount": "numeric", "speed": "numeric", "city": "categorical", "kind": "categorical"})
    found = column_metrics(like(reference, fresh))
    assert {name: (one.count, one.nulls, one.distinct) for name, one in found.items()} == {
        "amount": (1670, 10, None), "speed": (1680, 0, None), "city": (1670, 10, 3), "kind": (1680, 0, None),
    }  # fmt: skip
    for level in ("0.05", "0.25"):
        assert found["amount"].quantiles[level] == pytest.approx(fresh["amount"].quantile(float(level)), abs=0.1)


def test_too_few_rows_have_no_quantiles_and_weighted_ones_no_metrics() -> None:
    """A quantile of ten rows is a value of a row; weighted counts are no rows."""
    rows = pd.DataFrame({"a": np.arange(200.0)})
    reference = first(rows, {"a": "numeric"})
    assert column_metrics(like(reference, rows.head(10)))["a"].quantiles == {}
    assert column_metrics(like(reference, rows, np.full(200, 0.5))) == {}
