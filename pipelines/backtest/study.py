"""A whole backtest on matrices: every candidate replayed, ranked, one of them recommended, signals compared. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from driftloop.monitoring.archive import Archive
from driftloop.monitoring.errors import HistoryTooShort
from driftloop.monitoring.records import Learned, Record, Window, changed
from driftloop.pipelines.backtest.applicable import applicable
from driftloop.pipelines.backtest.candidates import Candidate
from driftloop.pipelines.backtest.costs import PolicyReplay
from driftloop.pipelines.backtest.cures import Gains
from driftloop.pipelines.backtest.history import KeptModel, Ranked, ranked
from driftloop.pipelines.backtest.learning import learn
from driftloop.pipelines.backtest.matrices import Matrices
from driftloop.pipelines.backtest.recommendation import Recommendation, recommend
from driftloop.pipelines.backtest.replay import Replay, Scores, replay
from driftloop.pipelines.backtest.shelf import Kept, rank_history
from driftloop.pipelines.backtest.signals import SignalRank, rank_signals
from driftloop.pipelines.backtest.standings import Standing, baseline, rank, regret_interval, standing
from driftloop.pipelines.backtest.training_windows import WindowLoss

HISTORY = 0.3


class Study(Record):
    """A whole backtest, ready to be shown. `played` batches from number `start` on were decided on."""

    model: str
    loss_name: str
    windows: tuple[Window, ...]
    start: int
    every: timedelta
    label_delay: int
    cost: float
    retrain_cost: float
    oracle: Standing
    baseline: Standing | None
    standings: tuple[Standing, ...]
    recommendation: Recommendation | None
    signals: tuple[SignalRank, ...]
    learned: Learned
    notes: tuple[str, ...] = ()
    training_windows: tuple[WindowLoss, ...] = ()
    history_models: tuple[Ranked, ...] = ()
    kept_models: tuple[KeptModel, ...] = ()

    @property
    def worth(self) -> bool | None:
        """Whether any policy's models are significantly better than the naive baseline; None without a comparison."""
        if self.baseline is None:
            return None
        best = min(self.standings, key=lambda one: one.loss)
        low, _ = regret_interval(np.array(self.baseline.losses), np.array(best.losses))
        return self.baseline.loss > best.loss and low > 0

    @property
    def played(self) -> int:
        return len(self.windows) - self.start


def study(
    matrices: Matrices,
    candidates: Sequence[Candidate],
    *,
    model: str,
    loss_name: str,
    every: timedelta,
    cost: float = 0.2,
    label_delay: int = 0,
    scores: Scores | None = None,
    notes: tuple[str, ...] = (),
    seed: int = 0,
    archive: Archive | None = None,
    recalibrate: float | None = None,
    keep_models: bool = False,
) -> Study:
    """Replay all candidates from three tenths of the history on, and choose one on the first half of that.

    With `keep_models` the archive has models of the history too, and `Study.history_models` ranks them all.
    `recalibrate` is the cost of a recalibration, as a fraction of one batch's loss, if recalibrations were measured.
    Too few batches for such a label delay raise `HistoryTooShort`.
    """
    start = _first_played(size := len(matrices.loss), label_delay)
    common: dict[str, Any] = {"cost": cost, "label_delay": label_delay, "every": every, "with_history": keep_models}

    def play(end: int, begin: int, some: Sequence[Candidate], *, archived: bool = False) -> Replay:
        """Batches from `begin` to before `end`; all policies know the batches before, and none the batches after."""
        # Scores take time: they are computed only where a policy that reads them comes by.
        done = [
            _replayed(
                matrices,
                [one for one in some if one.looks_at_drift == reads],
                end=end,
                begin=begin,
                scores=scores if reads else None,
                **common,
                keep=archive.keep if archive is not None and archive.act and archived else 0,
                recalibrate=recalibrate if archived else None,
            )
            for reads in {one.looks_at_drift for one in some}
        ]
        return _in_order(done, [one.name for one in some])

    whole = play(size, start, candidates, archived=True)
    able, unknown = applicable(candidates, whole)
    whole = changed(whole, policies=tuple(p for p in whole.policies if p.name in {one.name for one in able}))
    learned = learn(matrices.loss, matrices.probe, short=matrices.short)
    best = standing(whole.oracle, None, whole, seed, front=False, others=whole.other_oracles)
    return Study(
        model=model,
        loss_name=loss_name,
        windows=matrices.windows,
        start=start,
        every=every,
        label_delay=label_delay,
        cost=cost,
        retrain_cost=whole.cost,
        oracle=best,
        baseline=None if matrices.naive is None else baseline(matrices.naive[start:], loss_name, whole, seed),
        standings=rank(whole, able, seed),
        recommendation=recommend(lambda end, begin: play(end, begin, able), able, matrices.windows, start, seed),
        signals=rank_signals(matrices, learned, scores),
        learned=learned,
        notes=notes + matrices.notes + unknown,
        history_models=ranked(matrices.loss, matrices.windows, matrices.short) if keep_models else (),
    )


def _in_order(parts: Sequence[Replay], names: Sequence[str]) -> Replay:
    """Return one replay with the policies of several, in this order."""

    def ordered(arm: str) -> tuple[PolicyReplay, ...]:
        found = {one.name: one for part in parts for one in getattr(part, arm)}
        return tuple(found[name] for name in names if name in found)

    return changed(parts[0], **{arm: ordered(arm) for arm in ("policies", "archived", "cured", "both")})


def _replayed(
    matrices: Matrices,
    some: Sequence[Candidate],
    *,
    end: int,
    begin: int,
    cost: float,
    label_delay: int,
    scores: Scores | None,
    every: timedelta,
    keep: int,
    recalibrate: float | None,
    with_history: bool,
) -> Replay:
    """Replay some candidates on the batches before `end`, of which those before `begin` are known.

    With `keep` they are also replayed with an archive of that many former champions, and `with_history` with the
    models of the known batches in its free places.
    """
    found = matrices.recalibrated
    part, known = slice(None, end), slice(None, begin - label_delay)
    history = rank_history(matrices.loss[known, known], matrices.short) if keep and with_history else ()
    return replay(
        matrices.loss[part, part],
        matrices.probe[part, part],
        policies={one.name: one.group for one in some},
        cost=cost,
        label_delay=label_delay,
        history=begin / end,
        rows=matrices.rows[part].tolist(),
        errors=matrices.error[part, part],
        learned=learn(matrices.loss[known, known], matrices.probe[known, known], short=matrices.short),
        scores=scores,
        every=every,
        ends=[window.end for window in matrices.windows[part]],
        kept=Kept(matrices.waves[part, part], keep, history) if keep and matrices.waves is not None else None,
        metrics={name: values[part, part] for name, values in matrices.metrics.items()},
        class_rows=matrices.class_rows[part],
        gains=None
        if found is None or recalibrate is None
        else Gains(found.gains[part, part], recalibrate, found.waves[part, part]),
    )


def _first_played(size: int, label_delay: int) -> int:
    """The number of the first batch that is decided on."""
    start = round(HISTORY * size)
    if start - label_delay < 2 or size - start < 6:
        raise HistoryTooShort(
            f"{size} batches, of which {start} are history, with labels that come {label_delay} batches late",
            needed=max(10, math.ceil((label_delay + 2) / HISTORY)),
            remedy="a longer history, or longer batches (--batch), of which the delay takes fewer",
        )
    return start
