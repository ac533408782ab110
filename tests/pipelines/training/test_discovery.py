"""Laws of discovery: readable conditions, found on one half and tested on the other, silent by chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from driftloop.monitoring.losses import named
from driftloop.monitoring.records import FoundSlice
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.slices import Slice
from driftloop.monitoring.slices.membership import mark
from driftloop.pipelines.training.discovery import discover

MAE = named("mae")


def rows(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "ts": pd.date_range("2026-01-01", periods=n, freq="min", tz="UTC"),
            "hour": rng.integers(0, 24, n).astype(float),
            "dist": np.where(rng.random(n) < 0.1, np.nan, rng.exponential(3, n)),
            "zone": np.array(["Bronx", "Queens", "D'or", None])[rng.choice(4, n, p=[0.3, 0.4, 0.2, 0.1])],
        }
    )


def found(frame: pd.DataFrame, lost: np.ndarray, **keys: Any) -> tuple[FoundSlice, ...]:
    given: dict[str, Any] = {"numeric": ["hour", "dist"], "categorical": ["zone"], "seed": 0, **keys}
    return discover(frame, lost, np.ones(len(frame)), MAE, **given)


def test_a_hidden_slice_is_found_as_a_condition_that_can_be_configured() -> None:
    """A loss that is high at night in one zone: the condition names both, is valid SQL, and has the same rows."""
    frame = rows(8000, 1)
    bad = (frame["hour"] >= 20) & (frame["zone"] == "D'or")
    lost = np.random.default_rng(2).exponential(1.0, len(frame)) * np.where(bad, 4.0, 1.0)
    first = min(found(frame, lost), key=lambda each: each.p_value)
    assert first.p_value < 1e-4
    assert first.where in {"zone = 'D''or' and hour > 19.5", "hour > 19.5 and zone = 'D''or'"}
    assert 3 < first.loss / first.other_loss < 5
    columns = Columns(time="ts", target="y", numeric=("hour", "dist"), categorical=("zone",))
    (marked,) = mark([Slice(name="found", where=first.where)], frame, columns)
    assert (marked.codes == 0).sum() == bad.sum()
    assert first.rows < bad.sum(), "half of the rows were used to find it"
    assert found(frame, lost) == found(frame, lost), "the same rows find the same"


def test_missing_values_are_a_condition() -> None:
    """Rows without a value can be the slice, of numbers and of categories."""
    for name in ("dist", "zone"):
        frame = rows(6000, 3)
        lost = np.random.default_rng(4).exponential(1.0, len(frame)) * np.where(frame[name].isna(), 5.0, 1.0)
        assert min(found(frame, lost), key=lambda each: each.p_value).where == f"{name} IS NULL"


def test_chance_is_seldom_found() -> None:
    """Where nothing explains the loss, at a level of 5% of the family few searches find a slice."""
    alarms = 0
    for seed in range(100):
        lost = np.random.default_rng(seed + 500).exponential(1.0, 2000)
        tested = found(rows(2000, seed), lost)
        alarms += any(each.p_value <= 0.05 / len(tested) for each in tested)
    assert alarms <= 100 * 0.05 + 2 * np.sqrt(100 * 0.05)


def test_too_few_rows_find_nothing() -> None:
    """Fewer than 200 labeled rows, no columns, or losses that are not finite: no search, no error."""
    frame = rows(199, 1)
    assert found(frame, np.ones(199)) == ()
    frame = rows(400, 1)
    assert found(frame, np.full(400, np.inf)) == ()
    assert found(frame, np.random.default_rng(0).random(400), numeric=[], categorical=[]) == ()
    assert found(frame.assign(hour=np.nan, dist=np.nan, zone=None), np.random.default_rng(0).random(400)) == ()
