"""The pass over fresh rows gives the same whatever is in memory at a time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pandas as pd
import pytest

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Window
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.data import spool
from driftloop.pipelines.data.early import Early
from driftloop.pipelines.data.fresh import read_fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.flows.counting import ahead
from driftloop.pipelines.flows.paired_losses import Watches
from driftloop.pipelines.flows.scoring import Scored, score_rows
from driftloop.pipelines.predictions import prediction_log
from driftloop.pipelines.registry import contents
from driftloop.pipelines.requests.check_run import CheckRun
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.streams import day


@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_rows_in_pieces_are_scored_as_one(
    trained: Callable[..., Model], task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts, losses in their order, the sample drawn and the estimate are those of the whole window.

    Of the pieces, all but the first are predicted while the others are read; of the whole none.
    """
    monkeypatch.setattr(spool, "HELD", 100)
    made = trained(task=task, columns__label_delay="2d", drift__sample_rows=100)
    project, champion = load(made.file), registry.champion(made.name)
    window, labelled = Window(start=day(21), end=day(28)), Window(start=day(19), end=day(26))

    def scored(piece: int) -> Scored:
        early = Early(champion.model_id, lambda: registry.scorer(champion).predict)
        fresh = read_fresh(Query(project, Window(start=day(19), end=day(28)), made.folder, early=early), piece)
        assert (len(list(fresh.pieces())) > 5) == (piece < 100)
        assert any(values is not None for values in fresh.early(champion.model_id)) == (piece < 100)
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


def test_only_a_window_that_nothing_has_scored_is_predicted_while_it_is_read(trained: Callable[..., Model]) -> None:
    """A window of the last check ends early as before, a dry run may be the second one, a log has predictions."""
    made = trained(task="regression", columns__label_delay="2d", drift__sample_rows=100)
    project, champion = load(made.file), registry.champion(made.name)
    log = prediction_log.folder(project)
    with closing(Ledger(home.ledger_url())) as ledger:

        def predicts(at: float, dry_run: bool = False) -> bool:
            return ahead(CheckRun(project, day(at), dry_run, ledger), project, champion) is not None

        assert predicts(28)
        assert not predicts(28, dry_run=True)
        assert not predicts(21), "this window was checked"
        log.mkdir(parents=True)
        (log / "served.parquet").touch()
        assert not predicts(28)
        (log / "served.parquet").unlink()
        assert predicts(28)
