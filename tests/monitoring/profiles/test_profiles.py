"""Laws of profiles: counts that can be added, cells that an outlier cannot move, streams that equal frames."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.monitoring.errors import MissingColumns
from driftloop.monitoring.profiles import (
    CellsDiffer,
    Profile,
    Profiles,
    ProfileUnreadable,
    first,
    like,
    load,
    merge,
    save,
    storing,
)
from driftloop.monitoring.records import Kind

floats = st.floats() | st.sampled_from([0.0, 1.0, 2.0, 1e308, -1e308])
texts = st.sampled_from(["a", "b", "ü", "", "nan", None]) | st.text("abü \n<", max_size=3)
KINDS: dict[str, Kind] = {"x": "numeric", "c": "categorical"}


def rows(n: int, seed: int = 0) -> pd.DataFrame:
    """Numbers with ties, nulls and an outlier; levels with rare ones and nulls."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=n)
    x[generator.random(n) < 0.2] = 0.5
    x[generator.random(n) < 0.1] = np.nan
    c = generator.choice(["a", "b", "ä\n", "rare"], n, p=[0.5, 0.3, 0.19, 0.01]).astype(object)
    c[generator.random(n) < 0.05] = None
    return pd.DataFrame({"x": x, "c": c})


def assert_same(one: Profile, other: Profile, *, exact: bool = False) -> None:
    """Equal cells and counts; sums to rounding unless `exact`."""
    assert type(one) is type(other)
    for field in fields(one):
        ours, theirs = getattr(one, field.name), getattr(other, field.name)
        if field.name in ("sums", "m2") and not exact:
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-9)
        elif ours is None or isinstance(ours, tuple):
            assert ours == theirs, field.name
        else:
            np.testing.assert_array_equal(ours, theirs, err_msg=field.name)


def assert_all_same(one: Profiles, other: Profiles, *, exact: bool = False) -> None:
    assert (one.rows, list(one)) == (other.rows, list(other))
    for name in one:
        assert_same(one[name], other[name], exact=exact)


def test_parts_make_the_whole() -> None:
    """Merging the profiles of two parts gives the profile of both."""
    reference, current = first(rows(2000), KINDS), rows(999, seed=1)
    parts = [like(reference, current[:400]), like(reference, current[400:])]
    assert_all_same(merge(*parts), like(reference, current))


def test_order_does_not_count() -> None:
    """Rows in another order give the same reference and the same profile."""
    reference, current = first(rows(2000), KINDS), rows(999, seed=1)
    assert_all_same(reference, first(rows(2000).sample(frac=1, random_state=0), KINDS))
    assert_all_same(like(reference, current), like(reference, current.sample(frac=1, random_state=0)))


def test_the_reference_is_like_itself() -> None:
    """A reference profile equals the profile of its own rows in its cells, and blocks of time add up to it."""
    frame = rows(2000)
    plain = first(frame, KINDS)
    blocked = first(frame, KINDS, blocks=np.arange(2000) // 300)
    assert_all_same(plain, like(plain, frame))
    for name, profile in plain.items():
        blocks = blocked[name].blocks
        assert blocks is not None
        assert len(blocks) == 7
        np.testing.assert_array_equal(blocks.sum(axis=0), np.append(profile.cells, profile.nulls))


@given(numbers=st.lists(floats, max_size=40), others=st.lists(floats, max_size=40), cut=st.integers(0, 40))
@settings(deadline=None)
def test_numbers_are_in_their_cells(numbers: list[float], others: list[float], cut: int) -> None:
    """Whatever the numbers: each is counted once, in its cell; parts make the whole; nothing overflows."""
    reference = first(pd.DataFrame({"x": numbers}, dtype=float), {"x": "numeric"})
    frame = pd.DataFrame({"x": others}, dtype=float)
    made, values = like(reference, frame).numeric("x"), np.array(others, dtype=float)
    finite = values[np.isfinite(values)]
    cell = made.edges.searchsorted(finite, side="right")
    np.testing.assert_array_equal(made.counts, np.bincount(cell, minlength=len(made.edges) + 1))
    fenced = np.clip(finite, made.fence_low, made.fence_high)
    sums = np.bincount(cell, weights=fenced, minlength=len(made.edges) + 1)
    np.testing.assert_allclose(made.sums, sums, rtol=1e-12, atol=1e-12 * np.abs(fenced).max(initial=0))
    assert (made.nulls, made.infinite) == (np.isnan(values).sum(), np.isinf(values).sum())
    assert np.isfinite([made.m2, made.spread, *made.sums]).all()
    assert made.spread > 0
    assert (np.diff(made.edges) > 0).all()
    if len(finite):
        assert (made.low, made.high) == (finite.min(), finite.max())
        assert made.mean == pytest.approx(fenced.mean(), rel=1e-9, abs=1e-9 * np.abs(fenced).max())
        assert made.std == pytest.approx(fenced.std(), rel=1e-6, abs=1e-6 * np.abs(fenced).max())
    halves = merge(like(reference, frame[:cut]), like(reference, frame[cut:])).numeric("x")
    np.testing.assert_array_equal(halves.counts, made.counts)
    np.testing.assert_allclose(halves.sums, made.sums, rtol=1e-12, atol=1e-12 * np.abs(fenced).max(initial=0))


@given(words=st.lists(texts, max_size=30), others=st.lists(texts, max_size=30))
@settings(deadline=None)
def test_levels_are_counted(words: list[str | None], others: list[str | None]) -> None:
    """Whatever the words: known ones are counted by level, new ones as unseen, None as null."""
    reference = first(pd.DataFrame({"c": words}, dtype=object), {"c": "categorical"}).categorical("c")
    assert dict(zip(reference.levels, reference.counts, strict=True)) == Counter(w for w in words if w is not None)
    assert (np.diff(reference.counts) <= 0).all()
    made = like(Profiles(0, {"c": reference}), pd.DataFrame({"c": others}, dtype=object)).categorical("c")
    assert made.counts.tolist() == [others.count(level) for level in reference.levels]
    assert made.nulls == others.count(None)
    assert made.unseen == sum(word is not None and word not in words for word in others)


def test_a_value_of_few_has_a_cell() -> None:
    """Each value of a discrete column has a cell of its own, and so has a heavy value of a continuous one."""
    few = first(pd.DataFrame({"x": [3.0, 1.0, 1.0, 2.0]}), {"x": "numeric"}).numeric("x")
    assert few.counts.tolist() == [0, 2, 1, 1, 0]
    x = np.random.default_rng(0).normal(size=5000)
    x[:2000] = 0.25
    mixed = first(pd.DataFrame({"x": x}), {"x": "numeric"}).numeric("x")
    assert 2000 in mixed.counts
    assert (mixed.counts[1:-1] > 0).all()


def test_cells_of_a_smooth_column_are_even() -> None:
    """Quantiles cut a continuous column into 256 cells of equal weight, and nothing is outside of them."""
    x = np.random.default_rng(0).normal(size=25600)
    made = first(pd.DataFrame({"x": x}), {"x": "numeric"}).numeric("x")
    inner = made.counts[1:-1]
    assert inner[inner > 1].tolist() == pytest.approx([100] * 256, abs=1)
    assert made.counts[[0, -1]].tolist() == [0, 0]


@pytest.mark.parametrize("x", [[], [np.nan], [np.inf, -np.inf], [7.0], [0.0, 0.0], [1e308, -1e308], [1e308] * 3])
def test_a_poor_reference_still_counts(x: list[float]) -> None:
    """A reference that is empty, null, infinite, constant or huge gives cells in which any rows can be counted."""
    reference = first(pd.DataFrame({"x": x}, dtype=float), {"x": "numeric"})
    made = like(reference, pd.DataFrame({"x": [1.0, -1.7e308, 1.7e308, np.nan, np.inf, 7.0]})).numeric("x")
    assert (made.finite, made.nulls, made.infinite) == (4, 1, 1)
    assert np.isfinite([made.mean, made.std, made.spread]).all()


def test_rare_levels_are_one_cell() -> None:
    """Beyond the thousand most frequent levels all count as one; the number of levels and of singletons stays known."""
    words = [f"often {at}" for at in range(1000)] * 2 + [f"once {at}" for at in range(50)]
    reference = first(pd.DataFrame({"c": words}), {"c": "categorical"})
    made = reference.categorical("c")
    assert (len(made.levels), made.other, made.distinct, made.singletons, made.unseen) == (1000, 50, 1050, 50, 0)
    current = like(reference, pd.DataFrame({"c": ["often 7", "once 3", "never"]})).categorical("c")
    assert (current.counts.sum(), current.other, current.unseen, current.singletons) == (1, 2, 0, 50)


def test_no_rows_are_a_profile() -> None:
    """An empty frame gives the profile of zero rows."""
    made = like(first(rows(50), KINDS), rows(50)[:0])
    assert made.rows == 0
    assert made["x"].rows == made["c"].rows == 0


def test_an_outlier_moves_nothing() -> None:
    """One value of 1e9 changes one count and no inner edge, and moves the mean by no more than the fence does."""
    frame = rows(2000)
    struck = frame.copy()
    struck.loc[0, "x"] = 1e9
    plain, other = first(frame, KINDS).numeric("x"), first(struck, KINDS).numeric("x")
    np.testing.assert_allclose(other.edges[1:-1], plain.edges[1:-1], atol=0.3)
    assert other.counts[-1] == 1
    assert abs(other.mean - plain.mean) <= (other.fence_high + 10) / 1800
    assert other.fence_high == pytest.approx(plain.fence_high, rel=0.05)


def test_a_file_brings_back_all(tmp_path: Path) -> None:
    """What is saved is loaded to the last bit, blocks too, and a file that is none is refused."""
    made = first(rows(500), KINDS, blocks=np.arange(500) // 100)
    save(made, tmp_path / "profiles")
    assert_all_same(load(tmp_path / "profiles"), made, exact=True)
    assert [path.name for path in tmp_path.iterdir()] == ["profiles"]
    (tmp_path / "broken").write_bytes((tmp_path / "profiles").read_bytes()[:-30])
    for name in ("broken", "missing"):
        with pytest.raises(ProfileUnreadable, match="holds no profiles"):
            load(tmp_path / name)


def test_other_cells_are_not_added() -> None:
    """Profiles counted in the cells of different references cannot be merged; the error states what differs."""
    numbers, others = rows(100), rows(100).assign(x=1.0, c="z")
    for frame, kinds, what in (
        (others, {"x": "numeric"}, "edges or fences"),
        (others, {"c": "categorical"}, "levels"),
        (numbers, {"x": "numeric", "c": "categorical"}, "columns"),
        (numbers.astype({"x": str}), {"x": "categorical"}, "numeric in one and categorical in the other"),
    ):
        like_it: dict[str, Kind] = {"c": "categorical"} if list(kinds) == ["c"] else {"x": "numeric"}
        with pytest.raises(CellsDiffer, match=what):
            merge(first(numbers, like_it), first(frame, kinds))  # type: ignore[arg-type]


def test_a_file_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in a format that this version does not know is refused with both versions."""
    monkeypatch.setattr(storing, "VERSION", 2)
    save(first(rows(10), KINDS), tmp_path / "profiles")
    monkeypatch.undo()
    with pytest.raises(ProfileUnreadable, match="version 2, not 1"):
        load(tmp_path / "profiles")


def test_a_lost_column_is_named() -> None:
    """Rows without a column of the reference raise an error that names it."""
    with pytest.raises(MissingColumns, match="'c'"):
        like(first(rows(100), KINDS), rows(100)[["x"]])
