"""Laws of profiles: counts that can be added, cells that an outlier cannot move, streams that equal frames."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from monitoring.errors import ColumnsLost
from monitoring.profiles import (
    CellsDiffer,
    Profile,
    Profiles,
    ProfileUnreadable,
    first,
    like,
    load,
    merge,
    save,
)

KINDS = {"x": "numeric", "c": "categorical"}


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


def test_batches_equal_the_frame() -> None:
    """A stream of Arrow batches of any size gives the profile of the frame."""
    reference, current = first(rows(2000), KINDS), rows(999, seed=1)
    whole = like(reference, current)
    table = pa.Table.from_pandas(current)
    for size in (1, 100, 5000):
        assert_all_same(like(reference, table.to_batches(max_chunksize=size)), whole)
    assert_all_same(like(reference, iter(table.to_batches(max_chunksize=100))), whole)


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
    """Profiles counted in the cells of different references cannot be merged."""
    for one, other in (
        (first(rows(100), KINDS), first(rows(100, seed=1), KINDS)),
        (first(rows(100), KINDS), first(rows(100), {"x": "numeric"})),
    ):
        with pytest.raises(CellsDiffer, match="cannot be merged"):
            merge(one, other)


def test_a_lost_column_is_named() -> None:
    """Rows without a column of the reference raise an error that names it."""
    with pytest.raises(ColumnsLost, match="'c'"):
        like(first(rows(100), KINDS), rows(100)[["x"]])
