"""The archive of a replay: which models it has, and on which batches they are compared."""

from __future__ import annotations

import numpy as np

from driftloop.pipelines.backtest.cures import Gains, Served
from driftloop.pipelines.backtest.shelf import Kept, Shelf, rank_history

N = 12
LOSS = np.full((N, N), 2.0)
WAVES = np.zeros((N, N, 2))


def test_former_champions_come_before_models_of_the_history() -> None:
    """Of more models than are kept, the newest champions are, and then the best ranked of the history."""
    loss = LOSS.copy()
    loss[0] = 1.0
    full = Shelf(Kept(WAVES, keep=2, history=(1, 0)), loss, Served(2))
    assert full.better(Served(2), 5) == (Served(0), 1.0)
    full.add(Served(3))
    assert full.better(Served(3), 5) is None, "2 and 1 are kept"
    assert Shelf(Kept(WAVES, keep=0, history=(0,)), loss, Served(2)).better(Served(2), 5) is None


def test_no_model_is_judged_on_rows_that_one_has_learned_from() -> None:
    """Only batches after the training of the newest model count, regardless of the model that serves."""
    loss = LOSS.copy()
    loss[2, 6] = 1.0
    shelf = Shelf(Kept(WAVES), loss, Served(2))
    shelf.add(Served(6))
    assert shelf.better(Served(6), 6) is None
    loss[2, 7] = 1.5
    assert shelf.better(Served(6), 7) == (Served(2), 0.5)


def test_a_lead_within_one_error_moves_nothing() -> None:
    """The waves of two models give the error of their difference."""
    loss, waves = LOSS.copy(), WAVES.copy()
    loss[2, 7], waves[2, 7] = 1.5, (0.6, 0.0)
    shelf = Shelf(Kept(waves), loss, Served(2))
    shelf.add(Served(6))
    assert shelf.better(Served(6), 7) is None


def test_a_recalibrated_version_is_kept_as_any_other() -> None:
    """Its loss is lower by its gain, with the gain's own error, and only batches after the one it was fitted on count.

    A version that served again is the newest one.
    """
    values, waves = np.full((N, N, 5), np.nan), np.full((N, N, 3, 2), np.nan, np.float32)
    values[1, 6], waves[1, 6] = (0.5, 0.4, 0.5, -0.3, -0.3), 0.0
    cured = Served(1, 6)
    shelf = Shelf(Kept(WAVES, keep=1), LOSS, Served(1), Gains(values, 0.01, waves))
    shelf.add(cured)
    assert shelf.better(Served(1), 6) is None, "fitted on this batch"
    assert shelf.better(Served(1), 7) == (cured, 0.5)
    back, lead = shelf.better(cured, 8) or (None, 0.0)
    assert (back, lead > 0.1) == (Served(1), True), "the gain is over, and the model as it was is better"
    waves[1, 6] = 1.0
    assert Shelf.better(shelf, cured, 8) is None, "the same lead within the error of the gains"
    shelf.add(Served(3))
    shelf.add(Served(1))
    assert shelf.better(Served(1), 8) is None, "of one kept version it is the last that served: 3"


def test_models_with_a_short_window_are_ranked_last() -> None:
    """They are like no model that a retrain will train."""
    loss = np.triu(np.ones((5, 5)), 1)
    loss[1, 3:] = 2.0
    assert rank_history(loss) == (0, 3, 2, 1)
    assert rank_history(loss, short=1) == (2, 3, 1, 0)


def test_the_first_models_cover_every_state_of_the_data() -> None:
    """Two seasons in turn: the best two models are one of each season, and not the two with the lowest mean loss."""
    season = np.array([0, 0, 1, 1] * 3)
    loss = np.where(season[:, None] == season, 1.0, 3.0)
    loss[:, season == 0] *= 10  # the batches of one season are hard for all models
    first, second = rank_history(np.where(np.triu(np.ones(loss.shape), 1), loss, np.nan))[:2]
    assert season[first] != season[second]


def test_a_batch_without_a_loss_of_a_fresh_model_counts_for_none() -> None:
    """A loss of zero is no unit, and a short history is ordered all the same, newest first."""
    nothing = np.zeros((4, 4))
    assert rank_history(nothing) == (2, 1, 0)
    assert rank_history(np.ones((2, 2))) == (0,)
