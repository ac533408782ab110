"""Training windows of several lengths, compared by the loss of fresh models at ages of 0 to 6 batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.errors import LossNotFinite, TrainingImpossible
from driftloop.monitoring.losses.performance import WAVES
from driftloop.monitoring.records import Record, WindowAdvice, changed
from driftloop.pipelines.backtest import store
from driftloop.pipelines.backtest.batches import Batches
from driftloop.pipelines.backtest.matrices import Job, Matrices, mean_losses, trained
from driftloop.pipelines.backtest.store import Row

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project

Floats = NDArray[np.float64]
# A model is scored on this many batches after its training. Moments are as far apart, so that no batch counts twice.
AGES = 7
FEWEST, MOST = 3, 5
FACTORS = (4, 2, 1)


class WindowLoss(Record):
    """Mean loss of fresh models that learned from one training window; the moments are the same for all windows.

    `span` is None for the whole history before a moment. `losses[a]` is the mean loss in the batch that begins `a`
    batches after the training. `difference` is how much more it loses than the config's window, in percent of that
    one's loss over all ages; `low` and `high` are its 95% CI by Student's t over the moments.
    """

    span: timedelta | None
    own: bool
    moments: int
    losses: tuple[float, ...]
    difference: float = 0.0
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True)
class Plan:
    """The moments (numbers of batches) at whose end models are trained, and the other windows to train on."""

    moments: tuple[int, ...]
    spans: tuple[timedelta | None, ...]

    def __len__(self) -> int:
        """Count the models to train."""
        return len(self.moments) * len(self.spans)


def plan(batches: Batches, window: timedelta) -> Plan:
    """Choose moments at which the longest windows fit, and the windows: 2W, 4W as far as they fit, and all rows.

    The moments are spread over the batches at whose end the longest window is full and after which there are enough
    batches to score. A window that leaves fewer than three of them is left out; the whole history is compared instead.
    A history too short for three moments gives an empty plan.
    """
    begun, last = batches.windows[0].start, len(batches.windows) - 1 - AGES

    def first(factor: int) -> int:
        full = (at for at, one in enumerate(batches.windows) if one.end - factor * window >= begun)
        return max(next(full, len(batches.windows)), batches.first)

    longest = next((one for one in FACTORS if last - first(one) >= (FEWEST - 1) * AGES), None)
    if longest is None:
        return Plan((), ())
    moments = tuple(range(last, first(longest) - 1, -AGES))[:MOST][::-1]
    spans = [factor * window for factor in (2, 4) if factor <= longest]
    whole = batches.windows[moments[-1]].end - begun > longest * window
    return Plan(moments, (*spans, None) if whole else tuple(spans))


def compare(
    config: Project,
    batches: Batches,
    matrices: Matrices,
    planned: Plan,
    folder: Path,
    on_done: Callable[[], None] = lambda: None,
) -> tuple[WindowLoss, ...]:
    """Train at each moment on each window and compare; empty with fewer than three moments that could be trained at.

    The models of the config's own window are those of the matrices. The others are kept in `folder` by content, as
    the matrices are. A moment at which one of the windows cannot be trained on counts for none.
    """
    first = len(batches.windows) - len(matrices.windows)
    moments = [at for at in planned.moments if at >= first]
    own = np.array([matrices.loss[at - first, at - first + 1 : at - first + 1 + AGES] for at in moments])
    others = [_losses(config, batches, span, moments, folder, on_done) for span in planned.spans]
    if len(moments) < FEWEST or not others:
        return ()
    usable = np.isfinite(np.stack([own, *others])).all(axis=(0, 2))
    if usable.sum() < FEWEST:
        return ()
    own, others = own[usable], [one[usable] for one in others]
    rows = [WindowLoss(span=config.training.window, own=True, moments=len(own), losses=_means(own))]
    return (*rows, *(_compared(span, losses, own) for span, losses in zip(planned.spans, others, strict=True)))


def better(windows: Sequence[WindowLoss]) -> WindowAdvice | None:
    """Return the window whose fresh models lose least, if they lose significantly less than those of the config's."""
    own = next((one for one in windows if one.own), None)
    found = [one for one in windows if not one.own and one.high < 0]
    if own is None or not found:
        return None
    best = min(found, key=lambda one: one.difference)
    unit = sum(own.losses) / len(own.losses) / 100
    return WindowAdvice(
        span=best.span, saved=-best.difference * unit, least=-best.high * unit, percent=-best.difference
    )


def _losses(
    config: Project,
    batches: Batches,
    span: timedelta | None,
    moments: Sequence[int],
    folder: Path,
    on_done: Callable[[], None],
) -> Floats:
    """Return the losses of shape (moments, AGES); NaN where nothing could be trained."""
    window = span or batches.windows[-1].end - batches.windows[0].start
    job = Job.of(changed(config, training=changed(config.training, window=window)), batches)
    place = folder / ("all" if span is None else f"{round(span.total_seconds())}s")

    def one(at: int) -> Floats:
        row = store.load(place, at, later=AGES)
        if row is None:
            row = _row(job, at)
            store.save(place, at, row)
        on_done()
        return row.loss

    with ThreadPoolExecutor(job.workers) as pool:
        return np.array(list(pool.map(one, moments)))


def _row(job: Job, at: int) -> Row:
    nothing, still = np.full(AGES, np.nan), np.zeros((AGES, WAVES))
    try:
        _, scorer = trained(job, at)
        loss, error, slow = mean_losses(job, scorer, at + 1, at + 1 + AGES)
    except (TrainingImpossible, LossNotFinite) as why:
        return Row(loss=nothing, error=nothing, probe=math.nan, waves=still, impossible=why.found)
    return Row(loss=loss, error=error, probe=math.nan, waves=slow)


def _compared(span: timedelta | None, losses: Floats, own: Floats) -> WindowLoss:
    """Compare one window with the config's, moment by moment."""
    made = WindowLoss(span=span, own=False, moments=len(own), losses=_means(losses))
    unit = float(own.mean())
    if unit <= 0:  # a loss of 0 has no percent
        return made
    each = 100 * (losses.mean(axis=1) - own.mean(axis=1)) / unit
    from scipy.stats import t

    half = float(t.ppf(0.975, len(each) - 1) * each.std(ddof=1) / math.sqrt(len(each)))
    middle = float(each.mean())
    return changed(made, difference=middle, low=middle - half, high=middle + half)


def _means(losses: Floats) -> tuple[float, ...]:
    return tuple(float(one) for one in losses.mean(axis=0))
