"""How often the verdict on a challenger in shadow is wrong, and how many windows it takes.

    python -m benchmarks.shadow [--runs 400] [--windows 3] [--margin 0.01]

The models and sources of `benchmarks.promotion_watch`: two boosted models are fitted to different rows of one source,
and compared on fresh windows by the code of a check (`monitoring.sequential.shadow`). A planted difference is a
deviation that is added to the predictions of one of them, until its loss on 20,000 other rows is higher by the named
share: to those of the challenger, or of the champion where the difference is negative. Without one, the champion is the
model with the lower loss on these rows. Prints a table in Markdown: promoted, declined as worse, without a proof, and
the mean number of windows until a proof.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from benchmarks.promotion_watch import SOURCES, START, TRAINED, TRUTH, Model, Source, deviation, moved
from driftloop.monitoring.losses.performance import degrees, waves
from driftloop.monitoring.records import ShadowWindow, Window
from driftloop.monitoring.sequential import bets, scale_of
from driftloop.monitoring.sequential.counting import Missing
from driftloop.monitoring.sequential.shadow import InShadow, judge

WEEK = timedelta(days=7)
# Loss of the challenger minus the champion's, as a share; 0 is the better of two equal models as champion.
SIZES = (-0.2, -0.1, 0.0, 0.02, 0.1, 0.2)


class End(NamedTuple):
    """State of the verdict, and the windows that counted."""

    state: str
    windows: int


def verdict(
    source: Source, challenger: Model, champion: Model, rows: int, most: int, margin: float, random: np.random.Generator
) -> End:
    """Return the verdict after at most `most` windows of `rows` rows."""
    # The reference losses are those of rows before the shadow.
    features, labels = source.rows(random, TRAINED)
    known = [float(source.loss(labels, one(features)).mean()) for one in (champion, challenger)]
    scale, slack = scale_of(*known), margin * known[0]
    shadow = InShadow("2", "1", START, most, WEEK, timedelta(), slack)
    state = judge(shadow, (), Missing("waiting", "begins"), START)
    for at in range(most):
        features, labels = source.rows(random, rows)
        losses = np.stack([source.loss(labels, one(features)) for one in (champion, challenger)], axis=1)
        slow = waves(losses)
        lower = losses[:, 0] - losses[:, 1]
        start = START + at * WEEK
        window = ShadowWindow(
            window=Window(start=start, end=start + WEEK),
            rows=rows,
            champion_loss=float(losses[:, 0].mean()),
            challenger_loss=float(losses[:, 1].mean()),
            error=float(np.linalg.norm(slow[:, 0] - slow[:, 1])),
            degrees=degrees(rows),
            better=bets(lower, scale),
            within=bets(lower + slack, scale),
            worse=bets(-lower, scale),
            margin=slack,
        )
        state = judge(shadow, state.windows, window, start + WEEK)
        if state.promotes is not None:
            break
    return End(state.state, len(state.windows))


def run(source: Source, rows: Sequence[int], most: int, margin: float, seed: int) -> dict[tuple[int, float], End]:
    """Return the verdict for each number of rows and planted difference."""
    random = np.random.default_rng(seed)
    truth = source.rows(random, TRUTH)
    pair = [source.fitted(random), source.fitted(random)]
    better, other = sorted(pair, key=lambda one: float(source.loss(truth[1], one(truth[0])).mean()))
    result: dict[tuple[int, float], End] = {}
    for size in SIZES:
        challenger, champion = other, better
        if size:
            amount = deviation(source, better, truth, abs(size) if size > 0 else -size / (1 + size))
            challenger, champion = _shifted(source, better, amount), better
        if size < 0:
            challenger, champion = champion, challenger
        for count in rows:
            result[count, size] = verdict(source, challenger, champion, count, most, margin, random)
    return result


def _shifted(source: Source, model: Model, amount: float) -> Model:
    return lambda rows: moved(source, model(rows), rows, amount)


def main() -> None:
    """Print one line per source, number of rows and planted difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--windows", type=int, default=3)
    parser.add_argument("--margin", type=float, default=0.01)
    parser.add_argument("--rows", type=int, nargs="+", default=[100, 1000])
    given = parser.parse_args()
    print(
        "| source | rows per window | challenger's loss | promoted | declined as worse | no proof | windows to proof |"
    )
    print("|---|---|---|---|---|---|---|")
    for source in SOURCES:
        runs = [run(source, given.rows, given.windows, given.margin, seed) for seed in range(given.runs)]
        for rows in given.rows:
            for size in SIZES:
                print(_line(source.name, rows, size, [one[rows, size] for one in runs]), flush=True)


def _line(source: str, rows: int, size: float, ends: Sequence[End]) -> str:
    share = {
        state: sum(end.state == state for end in ends) / len(ends) for state in ("proven", "proven_worse", "unproven")
    }
    proofs = [end.windows for end in ends if end.state != "unproven"]
    mean = f"{sum(proofs) / len(proofs):.1f}" if proofs else "-"
    planted = f"{size:+.0%}" if size else "not lower"
    shares = " | ".join(f"{value:.1%}" for value in share.values())
    return f"| {source} | {rows:,} | {planted} | {shares} | {mean} |"


if __name__ == "__main__":
    main()
