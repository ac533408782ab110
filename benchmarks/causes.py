"""Share of planted causes that are found, and the time that it takes.

    python -m benchmarks.causes [--runs 200] [--rows 2000] [--tasks regression binary multiclass] [--seconds 100000]

Each run draws its own rows, trains a model on the first of them and compares `--rows` held-out rows with as many
current ones, in which one cause is planted:

- harder rows: the values move to where the target has more noise, the relation stays;
- changed relation: the coefficients change everywhere, the values stay;
- broken column: in turn missing, constant, in another unit (100 times as large), and a sentinel in half of the rows;
- one segment: the relation changes for one of five categories.

A run counts if the loss rose significantly, as in a check (`Performance.standing`). Prints a table in Markdown: the
share of the runs with the right cause, and how often the 95% CIs contain the part that is zero by construction.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from driftloop.monitoring.drift.reference import _column
from driftloop.monitoring.losses import named
from driftloop.monitoring.losses.performance import assess
from driftloop.monitoring.records import Causes, ColumnReference, Window
from driftloop.pipelines.config.project import Training
from driftloop.pipelines.training.causes import Sides, find_causes
from driftloop.pipelines.training.fit import fit
from driftloop.pipelines.training.scorer import Scorer

NUMERIC, CATEGORICAL = ("a", "b", "c", "d"), ("zone", "kind")
ZONES, KINDS = list("vwxyz"), ["one", "two", "three"]
LOSS = {"regression": "mae", "binary": "log_loss", "multiclass": "log_loss"}
PLANTED = ("harder_rows", "changed_relation", "broken_column", "segment")
BREAKS: tuple[Callable[[pd.Series, np.random.Generator], Any], ...] = (
    lambda _, __: np.nan,
    lambda values, _: float(values.median()),
    lambda values, _: values * 100,
    lambda values, drawn: values.where(drawn.random(len(values)) < 0.5, -999.0),
)
WEEK = Window(start="2026-01-01", end="2026-01-08")


def features(rows: int, drawn: np.random.Generator, move: float = 0.0) -> pd.DataFrame:
    """Draw rows; `move` shifts the column that the noise depends on."""
    numbers = {name: drawn.normal(size=rows) for name in NUMERIC}
    numbers["a"] += move
    numbers["b"] += 0.5 * numbers["a"]
    texts = {"zone": drawn.choice(ZONES, size=rows), "kind": drawn.choice(KINDS, size=rows, p=[0.5, 0.3, 0.2])}
    return pd.DataFrame({**numbers, **{name: pd.Series(values, dtype=object) for name, values in texts.items()}})


def labels(frame: pd.DataFrame, task: str, drawn: np.random.Generator, change: Any = 0.0) -> np.ndarray:
    """Draw the target; `change`, for each row or all, is how far the relation moved."""
    a, b, c = (frame[name].to_numpy() for name in "abc")
    zone = frame["zone"].map({name: at / 2 for at, name in enumerate(ZONES)}).to_numpy(float)
    mean = 2 * b + np.sin(2 * c) + zone + change * (1.5 + 1.5 * c)
    noise = np.exp(0.5 * a)
    if task == "regression":
        return mean + noise * drawn.normal(size=len(frame))
    # The noise blurs the classes: at large values of `a` the label is nearly drawn by chance.
    score = 2 * (mean - 1) / noise + drawn.logistic(size=len(frame))
    if task == "binary":
        return np.where(score > 0, "yes", "no").astype(object)
    return np.select([score < -1.5, score > 1.5], ["low", "high"], "middle").astype(object)


def planted(cause: str, task: str, rows: int, turn: int, drawn: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """Return current rows with their labels and one planted cause."""
    frame = features(rows, drawn, move=1.0 if cause == "harder_rows" else 0.0)
    change: Any = 1.0 if cause == "changed_relation" else 0.0
    if cause == "segment":
        change = np.where(frame["zone"] == "x", 2.0, 0.0)
    target = labels(frame, task, drawn, change)
    if cause == "broken_column":
        frame["b"] = BREAKS[turn % len(BREAKS)](frame["b"], drawn)
    return frame, target


def described(frame: pd.DataFrame) -> tuple[ColumnReference, ...]:
    """Describe the columns as a champion's reference does."""
    settings = SimpleNamespace(
        kind=lambda name: "numeric" if name in NUMERIC else "categorical",
        drift=SimpleNamespace(
            chosen=lambda *_: SimpleNamespace(method="ks", threshold=None, effect_floor=0.0),
        ),
    )
    return tuple(_column(frame[name], "feature", settings) for name in (*NUMERIC, *CATEGORICAL))


def trained(task: Any, seed: int, rows: int) -> tuple[Scorer, pd.DataFrame, np.ndarray]:
    """Train a model; return it with as many held-out rows and their labels."""
    drawn = np.random.default_rng(seed)
    frame = features(3 * rows, drawn)
    target = labels(frame, task, drawn)
    settings = Training(window="28d", estimator="xgboost", params={"n_estimators": 100, "max_depth": 4}, threads=1)
    learned = slice(None, 2 * rows)
    scorer = fit(
        frame[learned], pd.Series(target[learned]), NUMERIC, CATEGORICAL, task, settings, {}, named(LOSS[task])
    )
    return scorer, frame[2 * rows :].reset_index(drop=True), target[2 * rows :]


def one(cause: str, task: str, seed: int, rows: int, current_rows: int | None = None) -> tuple[Causes | None, float]:
    """Return the causes of one run, None where the loss did not rise significantly, and the seconds."""
    scorer, held, truth = trained(task, seed, rows)
    loss = named(LOSS[task])
    fresh, labeled = planted(cause, task, current_rows or rows, seed, np.random.default_rng(10_000 + seed))
    own, now = (loss.rows(y, scorer.predict(x), scorer.classes) for x, y in ((held, truth), (fresh, labeled)))
    risen = assess(now, loss_name=loss.name, window=WEEK, reference_loss=float(own.mean()), reference_rows=len(own))
    if risen.standing != "worse":
        return None, 0.0
    begun = time.perf_counter()
    found = find_causes(
        Sides(held, own, fresh, now),
        described(held),
        seed=seed,
        again=lambda some: loss.rows(truth, scorer.predict(some), scorer.classes),
        threads=1,
    )
    return found, time.perf_counter() - begun


def row(cause: str, task: str, runs: int, rows: int) -> str:
    """Run one planted cause; return its line of the table."""
    found = [one(cause, task, seed, rows) for seed in range(runs)]
    risen = [(causes, seconds) for causes, seconds in found if causes is not None]
    counts = Counter(str(causes.cause) for causes, _ in risen)
    right = counts[cause] / max(len(risen), 1)
    others = ", ".join(f"{name} {count}" for name, count in counts.most_common() if name != cause) or "none"
    zero = "harder" if cause in ("changed_relation", "segment") else "changed"
    held = [getattr(causes.split, zero) for causes, _ in risen if causes.split is not None]
    inside = "" if cause == "broken_column" else f"{np.mean([each.low <= 0 <= each.high for each in held]):.0%}"
    typical = statistics.median(seconds for _, seconds in risen)
    return f"| {task} | {cause} | {len(risen)} of {runs} | {right:.1%} | {others} | {inside} | {typical:.2f} |"


def main() -> None:
    """Run all cases and print the table, then the time with many rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--tasks", nargs="*", default=list(LOSS), choices=list(LOSS))
    parser.add_argument("--causes", nargs="*", default=list(PLANTED), choices=list(PLANTED))
    parser.add_argument("--seconds", type=int, default=0, help="measure the time with this many rows of each side")
    asked = parser.parse_args()
    print("| task | planted | risen | right cause | other causes | interval of the other part holds 0 | seconds |")
    print("|---|---|---|---|---|---|---|")
    for task in asked.tasks:
        for cause in asked.causes:
            print(row(cause, task, asked.runs, asked.rows), flush=True)
    if asked.seconds:
        _, seconds = one("changed_relation", "regression", 0, asked.seconds)
        print(f"\n{asked.seconds:,} rows of each side: {seconds:.1f} s")


if __name__ == "__main__":
    main()
