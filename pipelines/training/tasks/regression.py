"""Numbers: how models of them are fitted, examined and drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import TrainingImpossible
from driftloop.monitoring.losses import Loss
from driftloop.monitoring.served.encoding import LARGEST
from driftloop.monitoring.tasks import REGRESSION
from driftloop.pipelines.training.tasks.base import FOLDS, LEAST_ROWS, Codes, Floats, Mask, Training


class Regression(Training):
    """Labels are finite numbers. A feature predicts them by its correlation, a category by the means of its levels."""

    type = REGRESSION
    xgboost = "XGBRegressor"
    estimators = "a regressor"
    target_type = "continuous"

    def labelled(self, target: pd.Series) -> Mask:
        known: Mask = np.isfinite(target.to_numpy(dtype=np.float64, na_value=np.nan))
        return known

    def typed(self, target: pd.Series) -> pd.Series:
        return target.astype(np.float64)

    def classes(self, target: pd.Series) -> tuple[str, ...]:
        return ()

    def impossible(self, target: pd.Series, classes: tuple[str, ...], *, trees: bool) -> TrainingImpossible | None:
        huge = int((target.abs() > LARGEST).sum())
        if not (huge and trees):
            return None
        return TrainingImpossible(
            "labels_too_large",
            f"{huge:,} of {len(target):,} labels are outside {LARGEST:.2g}, the largest number that xgboost knows",
            expected="labels of a size that trees can compute with",
            remedy="leave those rows out (columns.filter), or scale the target (columns.derived)",
        )

    def fits(self, estimator: Any) -> bool:
        from sklearn.base import is_regressor

        return bool(is_regressor(estimator))

    def folds(self, seed: int) -> Any:
        from sklearn.model_selection import KFold

        return KFold(FOLDS, shuffle=True, random_state=seed)

    def linear(self, loss: Loss, rows: int) -> Any:
        from sklearn.linear_model import GammaRegressor, PoissonRegressor, QuantileRegressor, Ridge, TweedieRegressor

        name, given = loss.linear()
        if name == "Ridge":
            return Ridge(alpha=1.0, solver="lsqr")
        # The penalty of ridge is added to a sum over the rows, that of the others to a mean.
        more = {"solver": "highs"} if name == "QuantileRegressor" else {"max_iter": 300}
        penalty = 0.1 if name == "QuantileRegressor" else 1.0
        kinds = {
            kind.__name__: kind for kind in (GammaRegressor, PoissonRegressor, QuantileRegressor, TweedieRegressor)
        }
        return kinds[name](alpha=penalty / max(1, rows), **more, **given)

    def truth(self, target: NDArray[Any]) -> tuple[NDArray[Any], Mask]:
        return target.astype(np.float64), np.ones(len(target), dtype=bool)

    def predicted_by_number(self, values: Floats, truth: NDArray[Any]) -> float:
        """The larger of |Spearman| and |Pearson|."""
        from scipy.stats import rankdata

        both = np.isfinite(values)
        if both.sum() < LEAST_ROWS:
            return 0.0
        x, y = values[both], truth[both].astype(np.float64)
        clipped = [np.clip(part, *np.quantile(part, [0.005, 0.995])) for part in (x, y)]
        return max(_pearson(*clipped), _pearson(rankdata(x), rankdata(y)))

    def predicted_by_level(self, levels: Codes, truth: NDArray[Any], halves: Mask) -> float:
        """Root of the share of variance that the levels' means explain in the other half of the rows."""
        actual = truth.astype(np.float64)
        guessed = np.empty(len(actual))
        for half in (halves, ~halves):
            sums = np.bincount(levels[half], actual[half], minlength=levels.max() + 1)
            counts = np.bincount(levels[half], minlength=levels.max() + 1)
            mean = actual[half].mean()
            means = np.where(counts > 0, sums / np.maximum(counts, 1), mean)
            guessed[~half] = means[levels[~half]]
        total = float(((actual - actual.mean()) ** 2).sum())
        left = float(((actual - guessed) ** 2).sum())
        return float(np.sqrt(max(0.0, 1.0 - left / total))) if total > 0 else 0.0

    def draw(self, target: NDArray[Any], predicted: Floats, classes: tuple[str, ...], folder: Path) -> None:
        from driftloop.pipelines.training.plots import residual_plot

        residual_plot(target, predicted, folder / "residuals.png")


def _pearson(x: Floats, y: Floats) -> float:
    # Numbers near the largest float would overflow in the sums.
    x, y = (part / (np.abs(part).max() or 1.0) for part in (x, y))
    x, y = x - x.mean(), y - y.mean()
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return abs(float(x @ y)) / norm if norm > 0 else 0.0
