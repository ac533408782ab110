"""Laws of discovery: readable conditions, found on one half and tested on the other, silent by chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.losses import named
from driftloop.monitoring.records import FoundSlice
from driftloop.monitoring.rows.weights import effective_rows
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
    given: dict[str, Any] = {"numeric": ["hour", "dist"], "categorical": ["zone"], "seed": 0, "loss": MAE, **keys}
    return discover(frame, lost, np.ones(len(frame)), **given)


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


def test_weights_are_rows_repeated() -> None:
    """A weight of 3 finds what three equal rows find: the same condition and losses, rows by their effective number."""
    frame, rng = rows(6000, 5), np.random.default_rng(6)
    weights = np.where(np.arange(len(frame)) % 5 == 0, 3.0, 1.0)
    lost = rng.exponential(1.0, len(frame)) * np.where(frame["hour"] >= 20, 4.0, 1.0)
    first = min(found(frame, lost, weights=weights), key=lambda each: each.p_value)
    assert first.where == "hour > 19.5"
    tested = (np.arange(len(frame)) * 10 // len(frame)) % 2 == 1
    night = tested & (frame["hour"] >= 20).to_numpy()
    assert first.loss == pytest.approx(np.average(lost[night], weights=weights[night]))
    assert first.other_loss == pytest.approx(np.average(lost[tested & ~night], weights=weights[tested & ~night]))
    assert first.rows == round(effective_rows(weights[night])) < night.sum()
    assert found(frame, lost, weights=np.full(len(frame), 2.0)) == found(frame, lost), "equal weights change nothing"
    uneven = np.where(np.arange(len(frame)) == 7, 1e9, 1.0)
    assert found(frame, lost, weights=uneven) == (), "one row has all the weight: nothing can be found"
    relative = {"weights": weights, "loss": named("wape")}
    whole = min(found(frame, lost, **relative), key=lambda each: each.p_value)
    assert (whole.where, whole.loss) == (first.where, pytest.approx(first.loss)), "labels are 1"
