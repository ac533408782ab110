"""The pass over fresh rows gives the same whatever is in memory at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from driftloop.monitoring.records import Window
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.data import spool
from driftloop.pipelines.data.fresh import read_fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.flows.paired_losses import Watches
from driftloop.pipelines.flows.scoring import Scored, score_rows
from driftloop.pipelines.registry import contents
from tests.conftest import Model
from tests.streams import day


@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_rows_in_pieces_are_scored_as_one(
    trained: Callable[..., Model], task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts, losses in their order, the sample drawn and the estimate are those of the whole window."""
    monkeypatch.setattr(spool, "HELD", 100)
    made = trained(task=task, columns__label_delay="2d", drift__sample_rows=100)
    project, champion = load(made.file), registry.champion(made.name)
    window, labelled = Window(start=day(21), end=day(28)), Window(start=day(19), end=day(26))

    def scored(piece: int) -> Scored:
        fresh = read_fresh(Query(project, Window(start=day(19), end=day(28)), made.folder), piece)
        assert (len(list(fresh.pieces())) > 5) == (piece < 100)
        more: dict[str, Any] = {"window": window, "labelled": labelled, "profiles": contents.profiles(champion)}
        more |= {"reference": registry.reference(champion), "watches": Watches()}
        return score_rows.fn(project, champion, fresh, key="", **more)

    whole, parts = scored(1 << 18), scored(41)
    for part, known in ((parts.performance, whole.performance), (parts.estimated, whole.estimated)):
        assert part is not None
        assert known is not None
        assert (part.loss, part.low, part.high) == pytest.approx((known.loss, known.low, known.high))
        assert part.rows == known.rows > 0
    pd.testing.assert_frame_equal(parts.sample, whole.sample)
    assert len(whole.sample) == 100 < whole.profiles.rows == parts.profiles.rows
    for name, profile in whole.profiles.items():
        assert parts.profiles[name].cells.tolist() == profile.cells.tolist()
        assert parts.profiles[name].nulls == profile.nulls
    assert whole.profiles["y"].nulls > 0, "labels that are not due are not seen"
