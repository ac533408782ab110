"""Arrays that a replay refuses; `test_replay` has the refusals in a replay."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.monitoring.errors import NotReplayable
from driftloop.pipelines.backtest import inputs


def test_numbers_are_needed_above_the_diagonal_only() -> None:
    """What no replay reads may be missing."""
    loss = np.where(np.triu(np.ones((4, 4)), 1) > 0, 1.0, np.nan)
    assert inputs.matrix("loss_matrix", loss).shape == (4, 4)
    loss[0, 3] = np.inf
    with pytest.raises(NotReplayable, match=r"inf at \[0, 3\]"):
        inputs.matrix("loss_matrix", loss)
    assert inputs.matrix("probe_matrix", loss, 4, diagonal=True).shape == (4, 4)


@pytest.mark.parametrize("value", [-0.1, np.nan, np.inf])
def test_prices_are_finite_and_not_negative(value: float) -> None:
    """The name of the argument is in the message."""
    with pytest.raises(NotReplayable, match="cost"):
        inputs.nonnegative("cost", value)
    inputs.nonnegative("cost", 0.0)


def test_rows_are_one_number_per_batch() -> None:
    """A thousand unless given."""
    assert inputs.row_counts(None, 2) == [1000, 1000]
    with pytest.raises(NotReplayable, match="rows"):
        inputs.row_counts([1, 2, 3], 2)
