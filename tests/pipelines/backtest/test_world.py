"""What a replayed policy sees: the signals, probes and history that production would have recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from driftloop.monitoring.policies import Always, Cooldown, Never, Periodic
from driftloop.monitoring.records import Learned
from driftloop.pipelines.backtest.cures import Served
from driftloop.pipelines.backtest.shelf import Kept
from driftloop.pipelines.backtest.world import DAY, World, walk

N = 8
LOSS = np.asarray(1 + 0.1 * np.arange(N)[None, :] + np.arange(N)[:, None], dtype=np.float64)


def world(**more: Any) -> World:
    result: dict[str, Any] = {"probe": None, "errors": None, "rows": [100 + at for at in range(N)], "scores": None}
    result |= {"learned": None, "start": 3, "label_delay": 0}
    return World(LOSS, **(result | more))


def test_a_check_sees_the_newest_labeled_batch() -> None:
    """With labels two batches late the loss is of two batches ago, the rows are of now, and the age is up to now."""
    signals, past = world(label_delay=2).signals(1, 5)
    assert signals.performance is not None
    assert signals.performance.loss == LOSS[1, 3]
    assert (signals.rows, signals.labelled_rows, signals.age_batches) == (105, 103, 4.0)
    assert signals.lag_batches == 2.0
    assert (past.loss, past.champion, past.rows) == (LOSS[1, 3], "1", 105)


def test_the_reference_loss_is_of_rows_that_the_model_had_not_seen() -> None:
    """A model is as good as the one before it was on the batch it learned from, never as on its own rows."""
    signals, _ = world().signals(4, 6)
    assert signals.performance is not None
    assert signals.performance.reference_loss == LOSS[3, 4]


def test_made_up_dates_are_not_dates() -> None:
    """Without ends the batches are a day long, and no rule about dates may judge; with ends they are real."""
    invented, _ = world().signals(2, 3)
    assert (invented.dated, invented.window.length) == (False, DAY)
    ends = [datetime(2026, 3, 1, tzinfo=UTC) + at * timedelta(days=7) for at in range(N)]
    real, _ = world(ends=ends, every=timedelta(days=7)).signals(2, 3)
    assert (real.dated, real.window.end) == (True, ends[3])
    assert "calendar" in world(ends=ends).known()
    assert "calendar" not in world().known()


def test_a_probe_is_compared_on_rows_that_neither_has_seen() -> None:
    """It was trained one batch before the newest labeled one; the learned bias is subtracted from its loss."""
    probe = np.full((N, N), 0.5)
    found = world(probe=probe, learned=Learned(batch_loss=1.0, handicap=0.2)).measured(2, 5)
    assert found is not None
    assert found.gap == pytest.approx(LOSS[2, 5] - (0.5 - 0.2))
    assert world().measured(2, 5) is None


def test_policies_walk_through_the_batches() -> None:
    """Retrains end at the batches that the policies chose; none at the last batch, whose model would serve no one."""
    assert walk(world(), [Never()]).retrains == ()
    assert walk(world(), [Always()]).retrains == (3, 4, 5, 6)
    assert walk(world(), [Periodic(every=2)]).retrains == (4, 6)
    walked = walk(world(), [Always(), Cooldown(days=3)])
    assert walked.retrains == (3, 6)
    assert walked.judged == 4


def test_an_archive_switches_back_where_no_policy_retrains() -> None:
    """Model 2 serves first; model 0 is far better. A retrain at every batch leaves it nothing to do."""
    kept = Kept(np.zeros((N, N, 2)), keep=8, history=(0, 1))
    walked = walk(world(), [Never()], kept)
    assert (walked.switches, walked.served[1]) == ((3,), Served(0))
    assert walk(world(), [Always()], kept).switches == ()
    assert walk(world(), [Never()], Kept(np.zeros((N, N, 2)))).switches == ()


def test_an_archive_only_reports_where_labels_are_late() -> None:
    """Two batches late it still acts, three late it does not."""
    kept = Kept(np.zeros((N, N, 2)), keep=8, history=(0,))
    assert walk(world(start=4, label_delay=2), [Never()], kept).switches == (4,)
    assert walk(world(start=5, label_delay=3), [Never()], kept).switches == ()


def test_a_switch_is_no_retrain() -> None:
    """The number of checks since the last training goes on across a switch."""
    kept = Kept(np.zeros((N, N, 2)), keep=8, history=(0,))
    walked = walk(world(), [Periodic(every=3)], kept)
    assert (walked.switches[0], walked.retrains[0]) == (3, 5)
