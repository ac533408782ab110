"""Each signal is ranked by how well it predicts what a fresh model would have won."""

from __future__ import annotations

import pytest

from driftloop.monitoring.records import ColumnScore
from tests.aging import aging, done


def test_signals_are_ranked_by_what_they_predict() -> None:
    """Where age is all, age, probe and rise report the gap exactly; a score that never changes has no rank."""

    def scores(model: int, batch: int) -> tuple[ColumnScore, ...]:
        score = ColumnScore(
            name="a", kind="numeric", role="feature", method="psi", score=0.3, threshold=0.1, drifted=True
        )
        return (score,)

    found = {one.name: one for one in done(aging(), scores=scores).signals}
    assert [one.correlation for one in found.values()][:3] == pytest.approx([1.0] * 3)
    assert found["mean drift score"].correlation is None
    assert found["age (batches)"].pairs == 39 * 38 // 2
    assert len(found["age (batches)"].points) <= 300
    gap = dict(found["age (batches)"].points)
    assert gap[3.0] == pytest.approx(20.0), "two batches older than fresh, at 0.1 each, in per cent of 1"
