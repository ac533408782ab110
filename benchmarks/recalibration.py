"""Cost of the default policy with and without a recalibration of the champion, on real streams.

    python -m benchmarks.recalibration DATA [--grids 40] [--streams bike elec2] [--cache FOLDER]

Streams, batches, models and prices are those of `benchmarks.policies`. The schedule of the policy is kept. At the end
of each batch that the serving model was not trained on, a recalibration is fitted on the older half of the batch and
measured on the newer half; if its gain there is significant, it is fitted on the whole batch, costs 0.01 of a retrain
and serves for the next batch. `--any` recalibrates wherever the method lowers the loss on the last third, significant
or not. Prints a table in Markdown: the cost in percent of that without recalibration.

`--counted` replays the policy with `cost.recalibrate` as production does instead: a recalibration replaces a retrain
that is due if it is worth as much, and later decisions depend on the recalibrated loss, with labels 0, 1, 2 and 4
batches late. A recalibration costs 0.01 of one batch's loss.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.policies import DEFAULT, LOSS, PRICES
from benchmarks.policy_streams import MOST_ROWS, TREES, WINDOW_SHARE, Stream, _settings, matrices, streams
from driftloop.monitoring.losses import named
from driftloop.pipelines.backtest import replay
from driftloop.pipelines.backtest.cures import Gains
from driftloop.pipelines.backtest.recalibrations import MOST_ROWS as MOST_SCORED
from driftloop.pipelines.backtest.recalibrations import SERVED, Scored, measure
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


def gains_of(models: Models, cache: Path, name: str) -> np.ndarray:
    """Return the gains of recalibrations of all models of a stream, shape (B, B, 2 + n); kept in a file."""
    file = cache / f"recalibrations-{name}-{models.batches}.npy"
    if not file.exists():
        made = np.full((models.batches, models.batches, 2 + SERVED), np.nan)
        for at in range(models.batches - 1):
            scorer, scored = models.model(at), []
            for batch in range(at + 1, models.batches):
                rows = np.arange(models.edges[batch], models.edges[batch + 1])
                rows = rows[:: max(1, -(-len(rows) // MOST_SCORED))]
                predicted = scorer.predict(models.stream.frame.iloc[rows])
                scored.append(Scored(models.loss, scorer.classes, models.stream.truth(rows), predicted, None))
            made[at, at + 1 :] = measure(scored)
        np.save(file, made)
    found: np.ndarray = np.load(file)
    return found


def counted(given: Path, asked: list[str] | None, grids: list[int], cache: Path) -> None:
    """Print the cost of the default policy with recalibrations in percent of that without, by label delay."""
    print(
        "| stream, batches | labels late by | " + " | ".join(map(str, PRICES)) + " |\n|---|---|" + "---|" * len(PRICES)
    )
    found: dict[int, list[float]] = {delay: [] for delay in DELAYS}
    for name, stream in streams(given).items():
        for grid in grids if not asked or name in asked else []:
            cell = matrices(stream, name, grid, cache)
            gains = Gains(gains_of(Models(stream(), grid), cache, name), COST)
            for delay in DELAYS:
                cells = []
                for price in PRICES:
                    played = replay(
                        cell.loss,
                        cell.probe,
                        policies={DEFAULT: LOSS[DEFAULT]},
                        cost=price,
                        rows=cell.rows.tolist(),
                        errors=cell.error,
                        short=cell.short,
                        label_delay=delay,
                        gains=gains,
                    )
                    (one,), (cured,) = played.policies, played.cured
                    found[delay].append(100 * cured.total_cost / one.total_cost)
                    cells.append(
                        f"{found[delay][-1]:.1f} ({one.retrains}, {len(cured.recalibrations)}, {cured.retrains})"
                    )
                print(f"| {name}, {grid} | {delay} | {' | '.join(cells)} |", flush=True)
    for delay, values in found.items():
        mean, worst = np.mean(values), max(values)
        print(f"\nlabels {delay} batches late: mean {mean:.2f}, worst {worst:.1f} ({len(values)} replays)")


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
                played = replay(
                    cell.loss,
                    cell.probe,
                    policies={DEFAULT: LOSS[DEFAULT]},
                    cost=price,
                    rows=cell.rows.tolist(),
                    errors=cell.error,
                    short=cell.short,
                )
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
