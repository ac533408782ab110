"""How often the watch over a promotion takes back a good one, and how soon a bad one.

    python -m benchmarks.promotion_watch [--runs 400] [--windows 4]

In each run two boosted models are fitted to different rows of one source and compared on fresh windows by the code of a
check (`monitoring.sequential`). *Good*: of the two, the new champion is the one with the lower loss on 20,000 other
rows, so each rollback is wrong. *Bad*: the new champion is the other one, with a deviation added to its predictions
until its loss on those rows is higher by the planted size. Sources: errors of a normal distribution; of Student's t
with two degrees of freedom (the squared loss has no finite mean of squares); errors that resemble those of the row
before; classes with the log loss. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from xgboost import XGBClassifier, XGBRegressor

from driftloop.monitoring.losses.performance import degrees, waves
from driftloop.monitoring.records import WatchedWindow, Window
from driftloop.monitoring.sequential import bets, scale_of
from driftloop.monitoring.sequential.watch import Promoted, judge

Floats = NDArray[np.float64]
Rows = tuple[Floats, Floats]
Model = Callable[[Floats], Floats]
START = datetime(2026, 1, 1, tzinfo=UTC)
TRAINED, TRUTH = 1000, 20_000
SIZES = (0.0, 0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True)
class Source:
    """Where rows come from, and the loss on them; `classes` are labels 0 and 1."""

    name: str
    noise: Callable[[np.random.Generator, int], Floats]
    loss: Callable[[Floats, Floats], Floats]
    classes: bool = False

    def rows(self, random: np.random.Generator, count: int) -> Rows:
        """Return features, shape (count, 4), and labels, in order of time."""
        features = random.normal(size=(count, 4))
        signal = 2 * features[:, 0] + np.abs(features[:, 1]) + self.noise(random, count)
        return features, (signal > 1).astype(float) if self.classes else signal

    def fitted(self, random: np.random.Generator) -> Model:
        """Return the predictions of a model that is fitted to fresh rows."""
        features, labels = self.rows(random, TRAINED)
        kind = XGBClassifier if self.classes else XGBRegressor
        model = kind(n_estimators=25, max_depth=3, learning_rate=0.25, n_jobs=1, random_state=0).fit(features, labels)
        if self.classes:
            return lambda rows: np.asarray(model.predict_proba(rows)[:, 1], dtype=float)
        return lambda rows: np.asarray(model.predict(rows), dtype=float)


def neighbors(random: np.random.Generator, count: int) -> Floats:
    """Errors with a correlation of 0.9 between neighboring rows."""
    return np.asarray(lfilter([1], [1, -0.9], random.normal(size=count + 200))[200:] * np.sqrt(1 - 0.81))


def log_loss(labels: Floats, predicted: Floats) -> Floats:
    """Return the log loss of each row."""
    inside = np.clip(predicted, 1e-6, 1 - 1e-6)
    return np.asarray(-np.where(labels == 1, np.log(inside), np.log(1 - inside)))


SOURCES = (
    Source("normal errors, mae", lambda random, n: random.normal(size=n), lambda y, p: np.abs(y - p)),
    Source("heavy tails, mae", lambda random, n: random.standard_t(2, n), lambda y, p: np.abs(y - p)),
    Source("heavy tails, mse", lambda random, n: random.standard_t(2, n), lambda y, p: (y - p) ** 2),
    Source("neighbors alike, mae", neighbors, lambda y, p: np.abs(y - p)),
    Source("classes, log loss", lambda random, n: random.normal(size=n), log_loss, classes=True),
)


def moved(source: Source, predicted: Floats, rows: Floats, amount: float) -> Floats:
    """Return predictions with a deviation that depends on the features, of classes in the logarithm of the odds."""
    shift = amount * np.sin(3 * rows[:, 2] + rows[:, 0])
    if not source.classes:
        return predicted + shift
    inside = np.clip(predicted, 1e-6, 1 - 1e-6)
    return np.asarray(1 / (1 + np.exp(-(np.log(inside / (1 - inside)) + shift))))


def deviation(source: Source, model: Model, truth: Rows, size: float) -> float:
    """Return the amount of the deviation that raises the loss on the rows of `truth` by the share `size`."""
    features, labels = truth
    predicted = model(features)
    goal = (1 + size) * source.loss(labels, predicted).mean()
    low, high = 0.0, 64.0
    for _ in range(20):
        middle = (low + high) / 2
        below = source.loss(labels, moved(source, predicted, features, middle)).mean() < goal
        low, high = (middle, high) if below else (low, middle)
    return high


def taken_back(
    source: Source, new: Model, previous: Model, rows: int, windows: int, random: np.random.Generator
) -> int | None:
    """Return after how many windows the promotion was taken back; None if it was not."""
    # The reference loss of a check is that of rows before the promotion.
    features, labels = source.rows(random, TRAINED)
    scale = scale_of(*(float(source.loss(labels, one(features)).mean()) for one in (new, previous)))
    counted: tuple[WatchedWindow, ...] = ()
    for at in range(windows):
        features, labels = source.rows(random, rows)
        losses = np.stack([source.loss(labels, one(features)) for one in (new, previous)], axis=1)
        slow = waves(losses)
        start = START + timedelta(days=7 * at)
        window = WatchedWindow(
            window=Window(start=start, end=start + timedelta(days=7)),
            rows=rows,
            champion_loss=float(losses[:, 0].mean()),
            previous_loss=float(losses[:, 1].mean()),
            error=float(np.linalg.norm(slow[:, 0] - slow[:, 1])),
            degrees=degrees(rows),
            bets=bets(losses[:, 0] - losses[:, 1], scale),
        )
        watch = judge(Promoted("2", "1", START, windows, timedelta(days=7)), counted, window)
        counted = watch.windows
        if watch.state == "proven_worse":
            return at + 1
    return None


def run(source: Source, rows: Sequence[int], windows: int, seed: int) -> dict[tuple[int, float], int | None]:
    """Return for each number of rows and planted size after how many windows the promotion was taken back."""
    random = np.random.default_rng(seed)
    truth = source.rows(random, TRUTH)
    pair = [source.fitted(random), source.fitted(random)]
    better, other = sorted(pair, key=lambda one: float(source.loss(truth[1], one(truth[0])).mean()))
    result: dict[tuple[int, float], int | None] = {}
    for size in SIZES:
        new, previous = (better, other) if size == 0 else (_worse(source, better, truth, size), better)
        for count in rows:
            result[count, size] = taken_back(source, new, previous, count, windows, random)
    return result


def _worse(source: Source, model: Model, truth: Rows, size: float) -> Model:
    amount = deviation(source, model, truth, size)
    return lambda rows: moved(source, model(rows), rows, amount)


def main() -> None:
    """Print one line per source, number of rows and planted size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--windows", type=int, default=4)
    parser.add_argument("--rows", type=int, nargs="+", default=[100, 1000])
    given = parser.parse_args()
    print("| source | rows per window | planted: loss higher by | taken back | within 2 windows |")
    print("|---|---|---|---|---|")
    for source in SOURCES:
        runs = [run(source, given.rows, given.windows, seed) for seed in range(given.runs)]
        for rows in given.rows:
            for size in SIZES:
                ends = [one[rows, size] for one in runs]
                back = sum(end is not None for end in ends) / given.runs
                soon = sum(end is not None and end <= 2 for end in ends) / given.runs
                planted = f"{size:.0%}" if size else "0 (each is wrong)"
                print(f"| {source.name} | {rows:,} | {planted} | {back:.1%} | {soon:.1%} |", flush=True)


if __name__ == "__main__":
    main()
