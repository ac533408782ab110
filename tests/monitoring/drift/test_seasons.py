"""The most similar span of the past is found whatever the types of the columns, and nothing is similar to no rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.drift.seasons import distance, most_similar
from driftloop.monitoring.profiles import Profiles, first, like

KINDS = {"n": "numeric", "c": "categorical"}


def rows(centre: float, share: float, n: int = 400, seed: int = 0) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {"n": generator.normal(centre, 1, n), "c": np.where(generator.random(n) < share, "a", "b").astype(object)}
    )


def profiles(now: pd.DataFrame, *past: pd.DataFrame) -> tuple[Profiles, list[Profiles]]:
    made = first(now, KINDS)  # type: ignore[arg-type]
    return made, [like(made, batch) for batch in past]


def test_equal_rows_are_nowhere_apart_and_strangers_wholly() -> None:
    """The same rows have a distance of 0; rows that share no value one of 1."""
    now, (same, other) = profiles(rows(0, 1.0), rows(0, 1.0), rows(99, 0.0))
    assert distance(now, same) == 0
    assert distance(now, other) == pytest.approx(1.0)


def test_it_grows_with_the_shift_of_either_column() -> None:
    """The further the numbers move or the level's share goes, the larger."""
    now, past = profiles(rows(0, 0.5), *(rows(shift, 0.5, seed=1) for shift in (0.0, 0.5, 1.0, 3.0)))
    assert [distance(now, one) for one in past] == sorted(distance(now, one) for one in past)
    now, past = profiles(rows(0, 0.5), *(rows(0, share, seed=1) for share in (0.5, 0.6, 0.8, 1.0)))
    assert [distance(now, one) for one in past] == sorted(distance(now, one) for one in past)


def test_a_span_is_judged_as_a_whole() -> None:
    """Two batches that are together like now beat one that is alone."""
    now, past = profiles(
        pd.concat([rows(0, 0.5), rows(4, 0.5)]), rows(0, 0.5), rows(0, 0.5), rows(9, 0.5), rows(4, 0.5), rows(0, 0.5)
    )
    assert most_similar(now, past, 2) == 3


def test_no_rows_are_never_similar() -> None:
    """Empty batches are infinitely far; a past without rows, or shorter than the span, has no season."""
    now, past = profiles(rows(0, 0.5), rows(0, 0.5).head(0), rows(5, 0.5))
    assert most_similar(now, past, 1) == 1
    assert most_similar(now, past[:1], 1) is None
    assert most_similar(now, past, 3) is None
