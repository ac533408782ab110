"""Laws of drift on slices: one column a slice, paid for by all columns, silent by chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.drift.verdicts import PValue, family_level
from driftloop.monitoring.records import ColumnReference, SliceDrift
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.slices import Slice
from driftloop.monitoring.slices.drift import compare, decide, measure

COLUMNS = Columns(time="ts", target="y", numeric=("a", "b"), categorical=("zone", "kind"))
JUDGED = [
    ColumnReference(name=name, role=role, kind=kind, null_share=0, distinct=9, method="psi")
    for name, role, kind in (
        ("a", "feature", "numeric"),
        ("b", "feature", "numeric"),
        ("zone", "feature", "categorical"),
        ("kind", "feature", "categorical"),
        ("prediction", "prediction", "numeric"),
        ("y", "target", "numeric"),
    )
]


def rows(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "ts": pd.date_range("2026-01-01", periods=n, freq="min", tz="UTC"),
            "a": rng.normal(size=n),
            "b": rng.poisson(2, n).astype(float),
            "zone": rng.choice(["x", "y", "z"], n),
            "kind": rng.choice(["k", "l"], n),
            "prediction": rng.normal(size=n),
            "y": rng.normal(size=n) + seed,
        }
    )


ZONE, LOW = Slice(column="zone"), Slice(name="low", where="a < 0")


def found(old: pd.DataFrame, new: pd.DataFrame, *slices: Slice, rate: float = 0.05) -> tuple[SliceDrift, ...]:
    drifts = measure(slices or (ZONE,), COLUMNS, JUDGED, old, new)
    level = family_level([PValue(each.p_value) for each in drifts if each.p_value is not None], rate)
    return decide(drifts, level)


def test_only_the_slice_that_moved_has_drifted() -> None:
    """A column that moves in one zone is named for that zone, with the share of its rows; the target never is."""
    old, new = rows(4000, 1), rows(3000, 2)
    new["b"] += 3 * (new["zone"] == "y")
    drifts = {each.name: each for each in found(old, new, ZONE, LOW)}
    assert set(drifts) == {"zone = x", "zone = y", "zone = z", "low"}
    assert (drifts["zone = y"].column, drifts["zone = y"].drifted) == ("b", True)
    assert drifts["zone = y"].score > 0.5
    assert not drifts["zone = x"].drifted
    assert drifts["zone = y"].rows == int((new["zone"] == "y").sum())


def test_chance_is_seldom_drift() -> None:
    """Without a change at most `rate` of the checks find a drifted slice, at several sizes."""
    for n in (400, 3000):
        alarms = sum(any(each.drifted for each in found(rows(n, seed), rows(n, seed + 1000))) for seed in range(40))
        assert alarms <= 40 * 0.05 + 2 * np.sqrt(40 * 0.05)


def test_missing_values_are_a_shift() -> None:
    """A column that is lost in a slice moves with all of its rows there."""
    old, new = rows(1000, 1), rows(1000, 2)
    new.loc[new["zone"] == "z", "kind"] = None
    assert [(each.name, each.column, each.score) for each in found(old, new) if each.drifted] == [
        ("zone = z", "kind", 1.0)
    ]


def test_what_cannot_be_compared_is_left_out() -> None:
    """A slice with few rows, or on a column that the sample of the reference does not have, is not compared."""
    old, new = rows(400, 1), rows(400, 2)
    assert found(old, new[new["zone"] != "x"])[0].name != "zone = x"
    extra = [Slice(column="sex"), Slice(column="kind")]
    new["sex"] = "f"
    columns = COLUMNS.model_copy(update={"extra": {"sex": "categorical"}})
    assert {each.rule for each in measure(extra, columns, JUDGED, old, new)} == {"kind"}
    assert measure(extra, columns, JUDGED, old.iloc[:0], new) == ()
    (first, *_) = measure(extra, columns, JUDGED, old, new, known_chance=False)
    assert first.p_value is None
    assert not decide([first], 1.0)[0].drifted


@pytest.mark.parametrize("shift", [0.05, 0.0999])
def test_a_shift_of_few_rows_is_negligible(shift: float) -> None:
    """A shift of less than a tenth of the rows is no drift, however many rows prove it."""
    old, new = np.array([50_000.0, 50_000.0]), np.array([50_000 * (1 + 2 * shift), 50_000 * (1 - 2 * shift)])
    score, chance = compare(old, new)
    assert (round(score, 4), chance < 1e-9) == (shift, True)
    one = SliceDrift(name="a", rule="", column="b", score=score, p_value=chance, rows=9, reference_rows=9)
    assert not decide([one], 0.01)[0].drifted
