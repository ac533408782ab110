"""The default model next to the one before it, its own parts, a naive constant and a random search, on real streams.

Each stream is split four times: a fifth of it to learn from, the next tenth to predict. Loss is given as a share of the
naive constant's. `python -m benchmarks.default_model FOLDER` prints a table a stream and the means; FOLDER holds the
streams of `benchmarks.policy_streams`, and may hold others, each a folder with `data.parquet` and `meta.json`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.policy_streams import FIXED, Stream, further, streams, training
from driftloop.monitoring.losses import named
from driftloop.pipelines.flows.search import draw
from driftloop.pipelines.gate import Evaluation, Gate, judge
from driftloop.pipelines.training.baseline import naive_losses
from driftloop.pipelines.training.scorer import Scorer

SPLITS, LEARN, PREDICT = 4, 0.2, 0.1
# As the default was before: no early stopping, no refit, the newest fifth held out and never learned.
BEFORE: dict[str, Any] = {**FIXED, "n_estimators": 300}
SPACE: dict[str, list[Any]] = {
    "learning_rate": [0.01, 0.3],
    "max_depth": [2, 10],
    "min_child_weight": [1, 100],
    "subsample": [0.5, 1.0],
    "colsample_bytree": [0.5, 1.0],
    "reg_lambda": [0.1, 100.0],
}
HOLDOUT = 0.2


@dataclass(frozen=True)
class Split:
    """Rows to learn from and rows to predict, in order of time."""

    stream: Stream
    train: slice
    test: slice

    def fitted(self, rows: slice | None = None, like: Scorer | None = None, **settings: Any) -> Scorer:
        """Fit on the training rows, or on a part of them, with settings of `training`."""
        return self.stream.fitted(rows or self.train, training(**settings), like)

    def losses(self, model: Scorer, rows: slice | None = None) -> float:
        """The mean loss on the rows to predict, or on others."""
        return float(self.stream.losses(model, rows or self.test).mean())

    def parts(self) -> tuple[slice, slice]:
        """The training rows without their newest fifth, and that fifth."""
        cut = self.train.stop - round(HOLDOUT * (self.train.stop - self.train.start))
        return slice(self.train.start, cut), slice(cut, self.train.stop)


def as_before(split: Split) -> float:
    """300 trees of depth 6 on the rows before the holdout."""
    return split.losses(split.fitted(split.parts()[0], estimator="xgboost", params=BEFORE))


def before_on_all(split: Split) -> float:
    """The same on all rows."""
    return split.losses(split.fitted(estimator="xgboost", params=BEFORE))


def default(split: Split) -> float:
    """What a training makes: the recipe from the rows before the holdout, then fitted on all rows."""
    return split.losses(split.fitted(like=split.fitted(split.parts()[0])))


def without_refit(split: Split) -> float:
    """The model that the gate judges, as `refit: false` lets it serve."""
    return split.losses(split.fitted(split.parts()[0]))


def one_estimator(name: str, split: Split) -> float:
    """The default with one estimator of its field."""
    return split.losses(split.fitted(like=split.fitted(split.parts()[0], estimator=name), estimator=name))


def searched(trials: int, split: Split) -> float:
    """The best of random parameter sets by the loss on the holdout, each stopped early, then fitted on all rows."""
    older, newest = split.parts()
    tried = [split.fitted(older, estimator="xgboost", params=params) for params in draw(SPACE, trials, seed=0)]
    best = min(tried, key=lambda model: split.losses(model, newest))
    return split.losses(split.fitted(like=best, estimator="xgboost"))


def first_champion(split: Split, **settings: Any) -> bool:
    """Whether a first model passes the gate: significantly better than the naive constant on the holdout."""
    older, newest = split.parts()
    model = split.fitted(older, **settings)
    truth = split.stream.truth(newest)
    predicted = model.predict(split.stream.frame.iloc[newest])
    rows, loss = np.arange(len(truth)), named(split.stream.loss)
    evaluation = Evaluation(
        losses={
            "challenger": loss.rows(truth, predicted, model.classes),
            "naive baseline": naive_losses(split.stream.truth(older), truth, loss),
        },
        keys=rows.astype(np.uint64),
        times=rows.astype("datetime64[s]"),
    )
    return judge(evaluation, Gate()).passed


def naive(split: Split) -> float:
    """The best constant of all training rows."""
    train, test = split.stream.truth(split.train), split.stream.truth(split.test)
    return float(naive_losses(train, test, named(split.stream.loss)).mean())


def splits(stream: Stream) -> list[Split]:
    """Four splits, as far apart as the stream allows."""
    rows = len(stream.frame)
    learn, predict = round(LEARN * rows), round(PREDICT * rows)
    starts = np.linspace(0, rows - learn - predict, SPLITS).astype(int)
    return [Split(stream, slice(at, at + learn), slice(at + learn, at + learn + predict)) for at in starts]


def others(folder: Path, known: set[str]) -> dict[str, Callable[[], Stream]]:
    """Further folders with `data.parquet` and `meta.json` (task reg or clf, target `y`, time `ts`)."""
    found: dict[str, Callable[[], Stream]] = {}
    for meta in sorted(folder.glob("*/meta.json")):
        name = meta.parent.name
        if name not in known and (meta.parent / "data.parquet").exists():
            found[name] = partial(_other, meta)
    return found


def _other(meta: Path) -> Stream:
    task = json.loads(meta.read_text())["task"]
    frame = pd.read_parquet(meta.parent / "data.parquet").sort_values("ts", kind="stable", ignore_index=True)
    target, rows = frame["y"], frame.drop(columns=["ts", "y"])
    texts = tuple(str(name) for name in rows if not pd.api.types.is_numeric_dtype(rows[name]))
    rows = rows.astype(dict.fromkeys(texts, object))
    if task == "reg":
        return Stream(meta.parent.name, rows, target.astype(float), "regression", "mae", texts)
    kind: Any = "binary" if target.nunique() == 2 else "multiclass"
    return Stream(meta.parent.name, rows, target.astype(str), kind, "log_loss", texts)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--search", type=int, default=50, help="trials of the random search; 0 leaves it out")
    parser.add_argument("--most-rows", type=int, default=60_000, help="rows of a stream, evenly spaced beyond that")
    parser.add_argument("--only", nargs="*", help="streams by name")
    given = parser.parse_args()
    recipes: dict[str, Callable[[Split], float]] = {
        "before": as_before,
        "before, all rows": before_on_all,
        "no refit": without_refit,
        "xgboost": partial(one_estimator, "xgboost"),
        "linear": partial(one_estimator, "linear"),
        "default": default,
    }
    if given.search:
        recipes[f"search of {given.search}"] = partial(searched, given.search)
    known = {**streams(given.folder), **further(given.folder)}
    known |= others(given.folder, set(known) | {"nyc_taxi"})
    rows: dict[str, dict[str, float]] = {}
    worse: dict[str, int] = dict.fromkeys(recipes, 0)
    champions = {"before": 0, "default": 0}
    seconds: dict[str, float] = dict.fromkeys(recipes, 0.0)
    print(f"{'stream':18} {'rows':>7} " + " ".join(f"{name:>16}" for name in recipes))
    for name, make in known.items():
        if given.only and name not in given.only:
            continue
        stream = make()
        step = -(-len(stream.frame) // given.most_rows)
        stream = replace(stream, frame=stream.frame.iloc[::step], target=stream.target.iloc[::step])
        shares: dict[str, list[float]] = {recipe: [] for recipe in recipes}
        for split in splits(stream):
            constant = naive(split)
            champions["before"] += first_champion(split, estimator="xgboost", params=BEFORE)
            champions["default"] += first_champion(split)
            for recipe, run in recipes.items():
                began = time.perf_counter()
                share = run(split) / constant
                seconds[recipe] += time.perf_counter() - began
                shares[recipe].append(share)
                worse[recipe] += share > 1
        rows[name] = {recipe: float(np.mean(values)) for recipe, values in shares.items()}
        cells = " ".join(f"{value:16.3f}" for value in rows[name].values())
        print(f"{name:18} {len(stream.frame):7,} {cells}", flush=True)
    table = pd.DataFrame(rows).T
    print(f"{'mean':18} {'':7} " + " ".join(f"{value:16.3f}" for value in table.mean()))
    relative = table.div(table["before"], axis=0).mean()
    print(f"{'relative to before':18} {'':7} " + " ".join(f"{value:16.3f}" for value in relative))
    total = SPLITS * len(rows)
    print(f"{'worse than naive':18} {'':7} " + " ".join(f"{100 * v / total:15.0f}%" for v in worse.values()))
    print("first trainings that pass the gate: " + ", ".join(f"{k} {v} of {total}" for k, v in champions.items()))
    print(f"{'seconds':18} {'':7} " + " ".join(f"{value:16.0f}" for value in seconds.values()))


if __name__ == "__main__":
    main()
