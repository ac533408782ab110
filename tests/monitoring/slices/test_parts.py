"""Laws of collecting rows by slice."""

from __future__ import annotations

import numpy as np
import pandas as pd

from driftloop.monitoring.records import SliceReference
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.settings.slices import Slice
from driftloop.monitoring.slices.membership import mark
from driftloop.monitoring.slices.parts import MOST_LEVELS, Slicing

COLUMNS = Columns(time="ts", target="y", numeric=("age",), categorical=("zone",))
SLICES = (Slice(column="zone"), Slice(column="age", bins=(30, 60)), Slice(name="old", where="age > 70"))


def frame(zones: list[str], seed: int = 0) -> pd.DataFrame:
    rng, n = np.random.default_rng(seed), len(zones)
    times = pd.date_range("2026-01-01", periods=n, freq="min", tz="UTC")
    return pd.DataFrame({"ts": times, "zone": pd.Categorical(zones), "age": rng.uniform(0, 90, n)})


def collected(rows: pd.DataFrame, piece: int) -> Slicing:
    slicing = Slicing(SLICES)
    for start in range(0, len(rows), piece):
        part = rows.iloc[start : start + piece]
        slicing.add(mark(SLICES, part.assign(zone=pd.Categorical(part["zone"].tolist())), COLUMNS))
    return slicing


def test_pieces_make_the_slices_of_the_whole() -> None:
    """The rows of a slice are the same, in order of time, however they were cut and in whatever order they came."""
    rows = frame(["a", "b", "c", "b"] * 50)
    whole = {part.name: set(part.places) for part in collected(rows, 1000).parts(None)}
    assert whole["zone = b"] == set(range(1, 200, 2))
    assert whole["old"] == set(np.flatnonzero(rows["age"] > 70))
    shuffled = rows.sample(frac=1, random_state=3)
    order = np.argsort(shuffled["ts"].to_numpy(), kind="stable")
    for part in collected(shuffled, 7).parts(order):
        assert set(part.places) == whole.get(part.name, set())
        assert (np.diff(part.places) > 0).all()


def test_the_most_frequent_values_stay_and_the_rest_is_one() -> None:
    """Of 70 values 50 are slices, no rarer than those of the rest, and no row is lost."""
    zones = [f"z{place}" for place in range(70) for _ in range(place + 1)]
    parts = [part for part in collected(frame(zones), 100).parts(None) if part.rule == "zone"]
    assert {part.name for part in parts} == {"zone: other", *(f"zone = z{place}" for place in range(20, 70))}
    assert len(parts) == MOST_LEVELS + 1
    assert sum(len(part.places) for part in parts) == len(zones)
    assert [part.merged for part in parts if part.merged] == [20]


def test_a_check_keeps_the_values_that_training_kept() -> None:
    """The rest is the same set of values at training and in a check; without a rest a new value is a slice."""

    def kept(*names: str) -> list[SliceReference]:
        return [SliceReference(name=name, rule="zone", rows=9, loss=1.0, error=0.1) for name in names]

    slicing = collected(frame(["a", "b", "c"] * 10), 100)
    with_rest = {part.name for part in slicing.parts(None, kept("zone = a", "zone: other")) if part.rule == "zone"}
    assert with_rest >= {"zone = a", "zone: other"}
    assert "zone = b" not in with_rest
    without = {part.name: len(part.places) for part in slicing.parts(None, kept("zone = a")) if part.rule == "zone"}
    assert {name: rows for name, rows in without.items() if rows} == {f"zone = {name}": 10 for name in "abc"}
