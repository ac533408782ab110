"""What a check states where a model has no champion yet."""

from __future__ import annotations

from typing import Any

import pytest

from driftloop.monitoring.records import Retrain
from driftloop.pipelines.requests.advice import OTHERWISE, TRY, why_no_champion
from driftloop.pipelines.requests.ends import GATE, IMPOSSIBLE


def end(code: str, reason: str, challenger_loss: float | None = None) -> Retrain:
    result: dict[str, Any] = {"request_id": "r", "version": None, "promoted": False, "champion_loss": None}
    return Retrain(code=code, reason=reason, challenger_loss=challenger_loss, **result)


def test_a_rejected_and_an_impossible_training_are_distinguished() -> None:
    """A training with a loss was rejected, one without was not possible; each with its reason."""
    rejected = why_no_champion(end("worse_than_naive", "mae 3 against 2.", challenger_loss=3.0))
    impossible = why_no_champion(end("no_labels", "no training: no row has a label"))
    assert rejected.startswith("no champion yet: the first challenger was rejected: mae 3 against 2. To try: ")
    assert "training is not possible: no row has a label. To try: " in impossible


@pytest.mark.parametrize("code", sorted({*GATE, *IMPOSSIBLE} - {"better"}))
def test_each_end_has_its_own_advice(code: str) -> None:
    """The advice is the remedy of that end; of a code that is not known, that the next check tries again."""
    assert why_no_champion(end(code, "because")).endswith(f"To try: {TRY[code]}")
    assert why_no_champion(end("unknown", "because")).endswith(OTHERWISE)
