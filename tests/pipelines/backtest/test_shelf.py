"""The archive of a replay: which models it has, and on which batches they are compared."""

from __future__ import annotations

import numpy as np

from driftloop.pipelines.backtest.shelf import Kept, Shelf, rank_history

N = 12
LOSS = np.full((N, N), 2.0)
WAVES = np.zeros((N, N, 2))


def test_former_champions_come_before_models_of_the_history() -> None:
    """Of more models than are kept, the newest champions are, and then the best ranked of the history."""
    loss = LOSS.copy()
    loss[0] = 1.0
    full = Shelf(Kept(WAVES, keep=2, history=(1, 0)), loss, 2)
    assert full.better(2, 5) == (0, 1.0)
    full.add(3)
    assert full.better(3, 5) is None, "2 and 1 are kept"
    assert Shelf(Kept(WAVES, keep=0, history=(0,)), loss, 2).better(2, 5) is None


def test_no_model_is_judged_on_rows_that_one_has_learned_from() -> None:
    """Only batches after the training of the newest model count, regardless of the model that serves."""
    loss = LOSS.copy()
    loss[2, 6] = 1.0
    shelf = Shelf(Kept(WAVES), loss, 2)
    shelf.add(6)
    assert shelf.better(6, 6) is None
    loss[2, 7] = 1.5
    assert shelf.better(6, 7) == (2, 0.5)


def test_a_lead_within_one_error_moves_nothing() -> None:
    """The waves of two models give the error of their difference."""
    loss, waves = LOSS.copy(), WAVES.copy()
    loss[2, 7], waves[2, 7] = 1.5, (0.6, 0.0)
    shelf = Shelf(Kept(waves), loss, 2)
    shelf.add(6)
    assert shelf.better(6, 7) is None


def test_models_with_a_short_window_are_ranked_last() -> None:
    """They are like no model that a retrain will train."""
    loss = np.triu(np.ones((5, 5)), 1)
    loss[1, 3:] = 2.0
    assert rank_history(loss) == (3, 2, 0, 1)
    assert rank_history(loss, short=1) == (3, 2, 1, 0)
