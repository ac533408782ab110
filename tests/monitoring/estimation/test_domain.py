"""Rows inside what was fitted are distinguished from those outside."""

from __future__ import annotations

import numpy as np
import pandas as pd

from driftloop.monitoring.estimation import learn_domain, outside
from tests.judged import monitored, rows


def test_the_fitted_rows_are_inside_their_own_domain() -> None:
    """Whatever is missing or infinite in them, no fitted row is outside."""
    frame = rows(monitored())
    frame.loc[frame.index[:3], "amount"] = [np.inf, -np.inf, np.nan]
    frame.loc[frame.index[3], "city"] = None
    domain = learn_domain(frame, ["amount", "speed"], ["city", "kind"])
    assert not outside(frame, domain).any()


def test_each_kind_of_stranger_is_outside() -> None:
    """A number beyond either end, a new level, and a null where there was none."""
    frame = pd.DataFrame({"n": [0.0, 1.0], "c": ["a", "b"]})
    domain = learn_domain(frame, ["n"], ["c"])
    strange = pd.DataFrame({"n": [-0.1, 1.1, np.inf, 0.5, 0.5, 0.5], "c": ["a", "a", "a", "z", None, "b"]})
    assert outside(strange, domain).tolist() == [True, True, True, True, True, False]


def test_a_column_without_a_value_proves_nothing() -> None:
    """Where the fitted rows had no number at all there is nothing to be outside of."""
    domain = learn_domain(pd.DataFrame({"n": [np.nan, np.nan]}), ["n"], [])
    assert not outside(pd.DataFrame({"n": [1.0, np.nan]}), domain).any()
