"""The kind of a column, judged by its values first and by its name where values leave it open."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.settings.source import Source
from driftloop.pipelines.init.kinds import kind_of, outputs

FILE = Source(path="rows.csv")
N = 400
DRAW = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("size", DRAW.normal(size=N), "numeric"),
        ("count", DRAW.poisson(5, N), "numeric"),
        ("city", DRAW.choice(["rome", "oslo"], N), "categorical"),
        ("flag", DRAW.choice([True, False], N), "categorical"),
        ("store_id", DRAW.choice([1001, 1002], N), "categorical"),
        ("customer_id", DRAW.permutation(10**6)[:N], "an identifier"),
        ("order_no", DRAW.permutation(10**6)[:N], "an identifier"),
        ("floor_no", DRAW.choice([1, 2, 3], N), "numeric"),
        ("zip", DRAW.choice([10115, 80331], N), "categorical"),
        ("big", 1239162456494753670 + DRAW.integers(0, 8, N), "categorical"),
        ("row", np.arange(N), "a row number"),
        ("note", [f"some words of row {at}" for at in range(N)], "free text"),
        ("session", [f"{at:08x}" for at in range(N)], "an identifier"),
        (
            "saldo",
            [f"{at}.50 {'CR' if at % 3 else 'DR'}" for at in range(N)],
            "text that holds numbers, such as '0.50 DR'; to use them: columns.derived",
        ),
        ("tags", [[at] for at in range(N)], "nested values"),
        ("same", [7] * N, "constant"),
        ("empty", [None] * N, "only nulls"),
        ("", DRAW.normal(size=N), "no name"),
        ("due", pd.date_range("2026-01-01", periods=N), "a time"),
        ("due", pd.date_range("2026-01-01", periods=N).strftime("%Y-%m-%d"), "a time"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_kind_follows_values_and_name(name: str, values: Any, kind: str) -> None:
    """A feature is a column that varies and comes back; anything else is skipped with its reason."""
    assert kind_of(pd.Series(values, name=name), FILE) == kind


def test_gaps_do_not_change_the_kind() -> None:
    """Missing values are not looked at: a column with one value and gaps is constant, one of numbers stays numeric."""
    gaps = np.arange(N) % 3 == 0
    assert kind_of(pd.Series(np.where(gaps, np.nan, 5.0), name="x"), FILE) == "constant"
    assert kind_of(pd.Series(np.where(gaps, np.nan, DRAW.normal(size=N)), name="x"), FILE) == "numeric"


def test_texts_that_do_not_come_back_teach_nothing() -> None:
    """Levels of which the newer rows have none of the older ones are identifiers, however often each one occurs."""
    weeks = [f"w{at // 10}" for at in range(N)]
    assert kind_of(pd.Series(weeks, name="week"), FILE) == "an identifier"
    assert kind_of(pd.Series([f"w{at % 40}" for at in range(N)], name="week"), FILE) == "categorical"


def test_outputs_of_a_model_are_found_by_name() -> None:
    """A prediction leaks the answer; a score is an output only next to a prediction, and a target never is."""
    assert set(outputs(["y_pred", "Score", "model version", "size"])) == {"y_pred", "Score", "model version"}
    assert outputs(["Score", "model version", "size"]) == {}
    assert "columns.derived" in outputs(["prediction"])["prediction"]
