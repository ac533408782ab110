"""Profiles of weighted rows: the cells and shares of rows repeated by whole weights, in effective rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.drift.methods import METHODS, distance
from driftloop.monitoring.profiles import Profiles, first, like, load, merge, save
from driftloop.monitoring.records import Kind
from driftloop.monitoring.rows.weights import as_rows, effective_rows
from tests.monitoring.profiles.test_profiles import KINDS, assert_all_same, rows

WIDE: dict[str, Kind] = {**KINDS, "z": "numeric"}


def sides(seed: int, n: int = 3000) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame, np.ndarray]:
    """A reference and current rows with whole weights; `z` has many values and an outlier."""
    generator = np.random.default_rng(seed)
    old, new = rows(n, seed), rows(n // 3, seed + 1)
    old, new = (side.assign(z=generator.lognormal(0, 2, len(side))) for side in (old, new))
    old.loc[5, "z"] = 1e9
    new.loc[0, "x"] = np.inf
    return old, generator.integers(0, 5, n), new, generator.integers(1, 9, n // 3)


def both(seed: int) -> tuple[tuple[Profiles, Profiles], tuple[Profiles, Profiles]]:
    """Reference and current profile under whole weights, and those of repeated rows."""
    old, old_by, new, new_by = sides(seed)
    reference = first(old, WIDE, weights=old_by.astype(float))
    current = like(reference, new, as_rows(new_by.astype(float)))
    many = first(old.loc[old.index.repeat(old_by)], WIDE)
    return (reference, current), (many, like(many, new.loc[new.index.repeat(new_by)]))


@pytest.mark.parametrize("seed", [0, 1])
def test_whole_weights_repeat_rows(seed: int) -> None:
    """Cells, spread and shares are those of repeated rows; counts add up to the effective number of rows."""
    _, old_by, new, new_by = sides(seed)
    (reference, current), (plain, plain_now) = both(seed)
    for name in ("x", "z"):
        one, other = reference.numeric(name), plain.numeric(name)
        assert one.edges.tolist() == other.edges.tolist()
        assert (one.spread, one.fence_low, one.fence_high) == pytest.approx(
            (other.spread, other.fence_low, other.fence_high)
        )
        assert current.numeric(name).mean == pytest.approx(plain_now.numeric(name).mean)
        assert current.numeric(name).std == pytest.approx(plain_now.numeric(name).std)
    assert reference.categorical("c").levels == plain.categorical("c").levels
    for weighted, repeated, weights in ((reference, plain, old_by), (current, plain_now, new_by)):
        for name in WIDE:
            by, many = weighted[name], repeated[name]
            assert by.rows == pytest.approx(effective_rows(weights.astype(float)))
            assert by.cells / by.rows == pytest.approx(many.cells / many.rows)
            assert by.nulls / by.rows == pytest.approx(many.nulls / many.rows)
    assert current.rows == len(new)


@pytest.mark.parametrize("method", [name for name, one in METHODS.items() if one.own and name not in {"psi", "cvm"}])
def test_scores_are_those_of_repeated_rows(method: str) -> None:
    """Every method that compares shares has the same score; `psi` adds half a row to cells, `cvm` pools rows."""
    (reference, current), (many, many_now) = both(2)
    for name, kind in WIDE.items():
        if kind in METHODS[method].kinds:
            found = distance(method, reference[name], current[name])
            assert found == pytest.approx(distance(method, many[name], many_now[name]), rel=1e-6), name


def test_equal_weights_are_no_weights() -> None:
    """A constant as weight gives the same profile to the last bit."""
    frame = rows(500)
    assert_all_same(first(frame, KINDS, weights=np.full(500, 0.3)), first(frame, KINDS), exact=True)


def test_parts_and_files_keep_weights(tmp_path: Path) -> None:
    """Weighted parts add up to the whole; a file brings the counts back to the last bit, by block as well."""
    old, old_by, new, new_by = sides(3)
    blocks = np.arange(len(old)) // 1000
    reference = first(old, WIDE, blocks, old_by.astype(float))
    weights = as_rows(new_by.astype(float))
    assert weights is not None
    parts = [like(reference, new.iloc[at], weights[at]) for at in (slice(0, 300), slice(300, None))]
    whole = like(reference, new, weights)
    for name in WIDE:
        assert merge(*parts)[name].cells == pytest.approx(whole[name].cells)
        by_block = reference[name].blocks.sum(axis=0)
        assert by_block[:-1] == pytest.approx(reference[name].cells)
    save(reference, tmp_path / "profiles.npz")
    assert_all_same(load(tmp_path / "profiles.npz"), reference, exact=True)


def test_a_column_without_nulls_has_none_with_any_weights() -> None:
    """A rest of rounding would count as a null, and make one more test of a check."""
    weights = np.random.default_rng(0).uniform(0.5, 2, 997)
    rows = pd.DataFrame({"city": np.random.default_rng(1).choice(["a", "b", "c", "d"], 997), "x": weights})
    cells = first(rows, {"city": "categorical", "x": "numeric"}, weights=weights)
    for part in (rows, rows.head(10), rows.assign(city="a")):
        made = like(cells, part, weights[: len(part)] * 0.1)
        assert [one.nulls for one in made.values()] == [0.0, 0.0]
    half = rows.assign(city=rows["city"].where(rows["x"] > 1, None))
    assert like(cells, half, weights)["city"].nulls == pytest.approx(weights[weights <= 1].sum())
