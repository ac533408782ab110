"""A reference remembers how its rows looked and settles how fresh ones will be judged."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.monitoring.drift.methods import METHODS
from driftloop.monitoring.drift.reference import prediction_column, profiled
from driftloop.monitoring.profiles import FENCE, LEVELS_KEPT
from driftloop.monitoring.records import ColumnReference, Reference
from tests import streams
from tests.judged import TYPES, monitored, reference, rows


def column(name: str, **changed: Any) -> ColumnReference:
    config = monitored()
    found = reference(config, rows(config, **changed)).column(name)
    assert found is not None
    return found


def test_every_column_is_remembered_with_its_role() -> None:
    """Features, prediction and target are all there, each scored by a method that fits its kind."""
    made = reference(monitored())
    assert [(one.name, one.role, one.kind) for one in made.columns] == [
        ("amount", "feature", "numeric"),
        ("speed", "feature", "numeric"),
        ("city", "feature", "categorical"),
        ("kind", "feature", "categorical"),
        ("prediction", "prediction", "numeric"),
        ("y", "target", "numeric"),
    ]
    assert all(one.kind in METHODS[one.method].kinds for one in made.columns)
    assert (made.rows, made.source_types, made.loss_name) == (700, TYPES, "mae")


def test_a_reference_reads_back_whole() -> None:
    """What is stored next to a version is what is read from it."""
    made = reference(monitored())
    assert Reference.model_validate_json(made.model_dump_json()) == made


CALIBRATED = {"amount": {"threshold": "calibrated"}}


@pytest.mark.parametrize(
    ("drift", "name", "method", "threshold", "floor"),
    [
        ({}, "amount", "wasserstein", None, 0.02),
        ({}, "city", "tvd", None, 0.01),
        ({"numeric": {"method": "evidently:ks"}}, "amount", "evidently:ks", 0.05, 0),
        ({"numeric": {"threshold": 0.3}}, "amount", "wasserstein", 0.3, 0.02),
        ({"numeric": {"threshold": 1}, "columns": CALIBRATED}, "amount", "wasserstein", None, 0.02),
        ({"numeric": {"threshold": 0.3}, "columns": {"amount": {"method": "ks"}}}, "amount", "ks", None, 0.01),
        ({"numeric": {"effect_floor": 0.3}, "columns": {"amount": {"method": "ks"}}}, "amount", "ks", None, 0.01),
        ({"numeric": {"effect_floor": 0.3}}, "amount", "wasserstein", None, 0.3),
        ({"columns": {"amount": {"effect_floor": 0}}}, "amount", "wasserstein", None, 0),
        ({"columns": {"amount": {"threshold": 0.7}}}, "amount", "wasserstein", 0.7, 0.02),
        ({"columns": {"y": {"method": "psi", "threshold": 0.4}}}, "y", "psi", 0.4, 0.005),
        ({"columns": {"prediction": {"method": "evidently:ed"}}}, "prediction", "evidently:ed", 0.1, 0),
    ],
)  # fmt: skip
def test_method_threshold_and_floor_belong_together(
    drift: dict[str, Any], name: str, method: str, threshold: float | None, floor: float
) -> None:
    """A threshold or a floor is never applied to another method than the one it was given for; none is calibrated."""
    found = reference(monitored(drift=drift)).column(name)
    assert found is not None
    assert (found.method, found.threshold, found.effect_floor) == (method, threshold, floor)


def test_the_reference_is_profiled_whole_and_by_block() -> None:
    """Every row of every column is counted, and by blocks as long as the current window, the newest first."""
    config = monitored(windows__current="1d")
    frame = rows(config).assign(prediction=1.0)
    made = profiled(frame, config, streams.day(7))
    assert list(made) == ["amount", "speed", "city", "kind", "prediction", "y"]
    newest = frame[frame["ts"] >= streams.day(6)]
    for profile in made.values():
        assert profile.rows == len(frame)
        assert profile.blocks is not None
        assert profile.blocks.shape[0] == 7
        assert (profile.blocks.sum(), profile.blocks[0].sum()) == (len(frame), len(newest))


def test_of_very_many_blocks_some_are_left_out() -> None:
    """A window that is short against the reference gives at most sixty blocks, spread over all of its time."""
    config = monitored(windows__current="1h")
    frame = rows(config).assign(prediction=1.0)
    made = profiled(frame, config, streams.day(7))
    for profile in made.values():
        assert profile.rows == len(frame)
        assert profile.blocks is not None
        assert 50 <= len(profile.blocks) <= 60
        assert profile.blocks[-5:].sum() > 0


def test_a_numeric_column_keeps_extremes_and_fences() -> None:
    """Extremes are the data's own; fences are ten interquartile ranges beyond the quartiles."""
    values = np.arange(700) / 699
    found = column("amount", amount=values)
    assert (found.low, found.high, found.null_share, found.distinct, found.levels) == (0, 1, 0, 700, ())
    assert found.fence_low == pytest.approx(0.25 - FENCE * 0.5)
    assert found.fence_high == pytest.approx(0.75 + FENCE * 0.5)


def test_an_outlier_does_not_move_the_fences() -> None:
    """One wild value widens the extremes, and leaves the fences about where they were."""
    calm = np.arange(700) / 699
    wild = np.append(calm[:-1], 1e9)
    assert column("amount", amount=wild).high == 1e9
    assert column("amount", amount=wild).fence_high == pytest.approx(column("amount", amount=calm).fence_high, rel=0.01)


def test_a_column_that_is_nearly_always_the_same_has_fences_that_keep_the_rest() -> None:
    """Where the quartiles are equal the fences are outer quantiles; a constant has none."""
    rain = np.where(np.arange(700) % 10 == 0, np.arange(700) / 700, 0.0)
    found = column("amount", amount=rain)
    assert found.fence_low is not None
    assert found.fence_high is not None
    assert found.fence_low <= 0
    assert found.fence_high > 0.9
    assert (column("amount", amount=3.0).fence_low, column("amount", amount=3.0).low) == (None, 3.0)


def test_the_ends_of_floating_point_are_no_trap() -> None:
    """Values near 1e308 give finite fences or none, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = column("amount", amount=np.where(np.arange(700) % 2 == 0, 1e308, -1.7e308))
    assert (found.low, found.high) == (-1.7e308, 1e308)
    assert (found.fence_low, found.fence_high) == (None, None)


def test_levels_are_the_most_frequent_first_and_not_endless() -> None:
    """Levels come by frequency, ties by name; `distinct` counts those that are not kept as well."""
    assert column("city").levels == ("berlin", "paris", "rome")
    tied = column("city", city=["b", "a"] * 350)
    assert tied.levels == ("a", "b")
    config = monitored()
    many = pd.concat([rows(config, seed, city=[f"{seed}-{n}" for n in range(700)]) for seed in (0, 1)])
    found = reference(config, many).column("city")
    assert found is not None
    assert (len(found.levels), found.distinct) == (LEVELS_KEPT, 1400)


def test_nulls_are_a_share_and_no_level() -> None:
    """The share of nulls is remembered; a column of nothing but nulls has neither extremes nor levels."""
    found = column("city", city=["a", None] * 350)
    assert (found.null_share, found.levels, found.distinct) == (0.5, ("a",), 1)
    empty = column("amount", amount=np.nan)
    assert (empty.null_share, empty.low, empty.fence_low, empty.distinct) == (1.0, None, None, 0)


@given(st.integers(0, 20), st.integers(2, 4))
def test_the_prediction_is_one_column_for_every_task(n: int, k: int) -> None:
    """Drift of the prediction has one value a row: the number, the second class's share, or the likeliest class."""
    generator = np.random.default_rng(n)
    names = ["a", "b", "c", "d"][:k]
    number, shares = generator.normal(size=n), generator.dirichlet(np.ones(k), n)
    assert prediction_column(number, []) is number
    made = prediction_column(shares, names)
    assert made.shape == (n,)
    if k == 2:
        np.testing.assert_array_equal(made, shares[:, 1])
    else:
        assert made.tolist() == [names[at] for at in shares.argmax(axis=1)]
