"""Classes, two or many: how models of them are fitted, examined and drawn."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import TrainingImpossible
from driftloop.monitoring.losses import Loss
from driftloop.pipelines.training.tasks.base import FOLDS, Codes, Floats, Mask, Training

LEAST_OF_A_CLASS = 10


class Classes(Training):
    """Labels are names. A number predicts them by its AUC, a category by the errors its levels' majorities avoid."""

    xgboost = "XGBClassifier"
    estimators = "a classifier"

    def labelled(self, target: pd.Series) -> Mask:
        known: Mask = target.notna().to_numpy()
        return known

    def typed(self, target: pd.Series) -> pd.Series:
        return target.astype(str).astype(object)

    def classes(self, target: pd.Series) -> tuple[str, ...]:
        return tuple(sorted(str(name) for name in target.unique()))

    def impossible(self, target: pd.Series, classes: tuple[str, ...], *, trees: bool) -> TrainingImpossible | None:
        if len(classes) != 1:
            return None
        return TrainingImpossible(
            "one_class",
            f"all {len(target):,} labeled training rows are of the class {classes[0]!r}",
            expected="rows of at least two classes",
            remedy="make training.window longer, or check how the target is made",
        )

    def fits(self, estimator: Any) -> bool:
        from sklearn.base import is_classifier

        return bool(is_classifier(estimator))

    def folds(self, seed: int) -> Any:
        from sklearn.model_selection import StratifiedKFold

        return StratifiedKFold(FOLDS, shuffle=True, random_state=seed)

    def linear(self, loss: Loss, rows: int) -> Any:
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=1.0, max_iter=300)

    def truth(self, target: NDArray[Any]) -> tuple[NDArray[Any], Mask]:
        _, codes, counts = np.unique(target.astype(str), return_inverse=True, return_counts=True)
        often: Mask = counts[codes] >= LEAST_OF_A_CLASS
        return codes[often], often

    def predicted_by_number(self, values: Floats, truth: NDArray[Any]) -> float:
        """The least AUC between classes that are neighbors by their median (of two: the AUC). Missing is lowest."""
        from scipy.stats import rankdata

        lowest = np.nanmin(values) - 1.0 if np.isfinite(values).any() else 0.0
        ranks = rankdata(np.where(np.isnan(values), lowest, values))
        groups = [ranks[truth == code] for code in np.unique(truth)]
        groups.sort(key=lambda group: float(np.median(group)))
        least = 1.0
        for lower, upper in pairwise(groups):
            own = rankdata(np.concatenate([lower, upper]))[len(lower) :]
            wins = own.sum() - len(upper) * (len(upper) + 1) / 2
            share = float(wins / (len(lower) * len(upper)))
            least = min(least, max(share, 1.0 - share))
        return least

    def predicted_by_level(self, levels: Codes, truth: NDArray[Any], halves: Mask) -> float:
        """Of the errors of always naming the most frequent class, the part that knowing the level avoids."""
        codes = truth.astype(np.intp)
        counts = np.bincount(codes)
        wrong = 0
        for half in (halves, ~halves):
            table = pd.crosstab(levels[half], codes[half])
            majority = pd.Series(table.columns[table.to_numpy().argmax(axis=1)], index=table.index)
            overall = int(np.bincount(codes[half]).argmax())
            guessed = majority.reindex(levels[~half]).fillna(overall).to_numpy()
            wrong += int((guessed != codes[~half]).sum())
        naive = int(counts.sum() - counts.max())
        return max(0.0, 1.0 - wrong / naive)

    def draw(self, target: NDArray[Any], predicted: Floats, classes: tuple[str, ...], folder: Path) -> None:
        from driftloop.pipelines.training.plots import confusion_plot

        confusion_plot(target, predicted, classes, folder / "confusion.png")
