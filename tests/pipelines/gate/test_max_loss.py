"""The rule on an absolute loss."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.pipelines.gate.max_loss import MaxLoss
from tests.pipelines.gate.examples import evaluation


@pytest.mark.parametrize(("limit", "refused"), [(None, False), (0.49, True), (0.5, False), (0.51, False)])
def test_the_limit_is_absolute(limit: float | None, refused: bool) -> None:
    """A challenger at the limit passes, above it not, even if it is half as bad as the champion."""
    pair = evaluation(np.full(200, 0.5), np.full(200, 1.0), loss_name="mae")
    vote = MaxLoss(max_loss=limit).vote(pair)
    assert (vote is not None) == refused
    if vote is not None:
        assert vote.answer.code == "above_max_loss"
        assert "challenger mae 0.5 (200 held-out rows) is above the limit 0.49 (gate.max_loss)" in vote.reason
