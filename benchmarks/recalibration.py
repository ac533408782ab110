"""Cost of the default policy with and without a recalibration of the champion, on real streams.

    python -m benchmarks.recalibration DATA [--grids 40] [--streams bike elec2] [--cache FOLDER]

Streams, batches, models and prices are those of `benchmarks.policies`. The schedule of the policy is kept. At the end
of each batch that the serving model was not trained on, a recalibration is fitted on the older half of the batch and
measured on the newer half; if its gain there is significant, it is fitted on the whole batch, costs 0.01 of a retrain
and serves for the next batch. `--any` recalibrates wherever the method lowers the loss on the last third, significant
or not. Prints a table in Markdown: the cost in percent of that without recalibration.

`--counted` replays the policy with `cost.recalibrate` as production does instead: a recalibration replaces a retrain
that is due if it is worth as much, and later decisions depend on the recalibrated loss, with labels 0, 1, 2 and 4
batches late. A recalibration costs 0.01 of one batch's loss. Next to it the same with an archive of eight former
champions, alone and together with recalibrations.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.policies import DEFAULT, KEEP, LOSS, PRICES
from benchmarks.policy_streams import (
    MOST_ROWS,
    TREES,
    WINDOW_SHARE,
    Matrices,
    Stream,
    _settings,
    key,
    matrices,
    streams,
)
from driftloop.monitoring.losses import named
from driftloop.pipelines.backtest import Replay, replay
from driftloop.pipelines.backtest.cures import Gains
from driftloop.pipelines.backtest.recalibrations import MOST_ROWS as MOST_SCORED
from driftloop.pipelines.backtest.recalibrations import Recalibrated, Scored, measure
from driftloop.pipelines.backtest.shelf import Kept
from driftloop.pipelines.training.recalibration import measured_gain, recalibrate
from driftloop.pipelines.training.scorer import Scorer

COST = 0.01  # of a recalibration, as a part of one batch's loss
DELAYS = (0, 1, 2, 4)
PRICE = 0.01  # of a recalibration, as a part of the price of a retrain


class Models:
    """The models of a stream, each trained at the end of a batch when it is first needed."""

    def __init__(self, stream: Stream, batches: int) -> None:
        self.stream, self.batches = stream, batches
        self.edges = np.linspace(0, len(stream.frame), batches + 1).astype(int)
        self.loss = named(stream.loss)
        self.known: dict[int, Scorer] = {}
        self.done: dict[tuple[int, int, bool], float | None] = {}

    def model(self, at: int) -> Scorer:
        """Return the model of the end of a batch, trained as `benchmarks.policies` does."""
        if at not in self.known:
            window = np.arange(self.edges[max(0, at + 1 - self.batches // WINDOW_SHARE)], self.edges[at + 1])
            self.known[at] = self.stream.fitted(window[:: -(-len(window) // MOST_ROWS)], _settings(TREES))
        return self.known[at]

    def recalibrated(self, at: int, batch: int, *, surely: bool) -> float | None:
        """Return the loss on a batch of the model of `at`, recalibrated on the batch before; None without a gain."""
        key = (at, batch, surely)
        if key not in self.done:
            scorer = self.model(at)
            before, now = (slice(self.edges[n], self.edges[n + 1]) for n in (batch - 1, batch))
            truth, old = self.stream.truth(before), scorer.predict(self.stream.frame.iloc[before])
            made = recalibrate(self.loss, truth, old, scorer.classes).made
            if made is None or (surely and measured_gain(self.loss, truth, old, scorer.classes) is None):
                self.done[key] = None
            else:
                moved = made.apply(scorer.predict(self.stream.frame.iloc[now]))
                self.done[key] = float(self.loss.rows(self.stream.truth(now), moved, scorer.classes).mean())
        return self.done[key]


def gains_of(models: Models, cache: Path, name: str) -> Recalibrated:
    """Return the gains of recalibrations of all models of a stream; kept in a file."""
    file = cache / f"recalibrations-{name}-{models.batches}-{key(Recalibrated)}.npz"
    if not file.exists():
        made = Recalibrated.none(models.batches, models.batches)
        for at in range(models.batches - 1):
            scorer, scored = models.model(at), []
            for batch in range(at + 1, models.batches):
                rows = np.arange(models.edges[batch], models.edges[batch + 1])
                rows = rows[:: max(1, -(-len(rows) // MOST_SCORED))]
                predicted = scorer.predict(models.stream.frame.iloc[rows])
                scored.append(Scored(models.loss, scorer.classes, models.stream.truth(rows), predicted, None))
            found = measure(scored)
            made.gains[at, at + 1 :], made.waves[at, at + 1 :] = found.gains, found.waves
        np.savez(file, allow_pickle=False, gains=made.gains, waves=made.waves)
    with np.load(file) as stored:
        return Recalibrated(stored["gains"], stored["waves"])


def replayed(cell: Matrices, price: float, **more: Any) -> Replay:
    """Replay the default policy on a stream with this price of a retrain."""
    return replay(
        cell.loss,
        cell.probe,
        policies={DEFAULT: LOSS[DEFAULT]},
        cost=price,
        rows=cell.rows.tolist(),
        errors=cell.error,
        short=cell.short,
        **more,
    )


def counted(given: Path, asked: list[str] | None, grids: list[int], cache: Path) -> None:
    """Print the cost of the default policy with recalibrations, with an archive, and with both, by label delay."""
    print("| stream, batches | labels late by | price | recalibrating | archive | both |\n" + "|---" * 6 + "|")
    found: dict[int, list[tuple[float, ...]]] = {delay: [] for delay in DELAYS}
    for name, stream in streams(given).items():
        for grid in grids if not asked or name in asked else []:
            cell = matrices(stream, name, grid, cache)
            made = gains_of(Models(stream(), grid), cache, name)
            for delay, price in product(DELAYS, PRICES):
                gains, kept = Gains(made.gains, COST, made.waves), Kept(cell.waves, KEEP)
                played = replayed(cell, price, label_delay=delay, gains=gains, kept=kept)
                arms = (*played.cured, *played.archived, *played.both)
                found[delay].append(tuple(100 * one.total_cost / played.policies[0].total_cost for one in arms))
                counts = [(one.retrains, len(one.recalibrations), len(one.switches)) for one in arms]
                texts = [f"{share:.1f} {count}" for share, count in zip(found[delay][-1], counts, strict=True)]
                print(f"| {name}, {grid} | {delay} | {price} | {' | '.join(texts)} |", flush=True)
    print("\nIn brackets: retrains, recalibrations, switches back.")
    for delay, shares in found.items():
        values = np.array(shares)
        for arm, of_arm in zip(("recalibrating", "archive", "both"), values.T, strict=True):
            print(f"{delay} batches late, {arm}: mean {of_arm.mean():.2f}, worst {of_arm.max():.1f} ({len(of_arm)})")


def main() -> None:
    """Replay, recalibrate what served, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--grids", type=int, nargs="+", default=[40])
    parser.add_argument("--streams", nargs="*", help="only these streams")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "driftloop-policies")
    parser.add_argument("--any", action="store_true", help="recalibrate also without a significant gain")
    parser.add_argument("--counted", action="store_true", help="replay as production does")
    asked = parser.parse_args()
    if asked.counted:
        counted(asked.data, asked.streams, asked.grids, asked.cache)
        return
    print("| stream, batches | price of a retrain | retrains | recalibrations | cost with recalibration, % |")
    print("|---|---|---|---|---|")
    found = []
    for name, stream in streams(asked.data).items():
        if asked.streams and name not in asked.streams:
            continue
        for grid in asked.grids:
            cell, models = matrices(stream, name, grid, asked.cache), Models(stream(), grid)
            for price in PRICES:
                played = replayed(cell, price)
                (one,) = played.policies
                total, times = one.total_cost, 0
                for place, at in enumerate(one.served):
                    batch = played.start + place
                    lost = models.recalibrated(at, batch, surely=not asked.any) if batch - 1 > at else None
                    if lost is not None:
                        total += lost - one.losses[place] + PRICE * played.cost
                        times += 1
                found.append(100 * total / one.total_cost)
                print(f"| {name}, {grid} | {price} | {one.retrains} | {times} | {found[-1]:.1f} |", flush=True)
    print(f"\nMean {np.mean(found):.2f}, median {np.median(found):.2f}, worst {max(found):.1f} ({len(found)} replays)")


if __name__ == "__main__":
    main()
