"""A regularized linear model: ridge for numbers, logistic regression for classes, over one-hot categories."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.pipelines.training.fit_errors import translated
from driftloop.pipelines.training.tasks import TRAININGS

if TYPE_CHECKING:
    from driftloop.pipelines.training.recipe import Fitting
    from driftloop.pipelines.training.rows import Rows

# Levels that get a column of their own; the rarer ones share one.
MOST_COLUMNS = 50
LEAST_ROWS_A_LEVEL = 10
# scikit-learn's QuantileRegressor solves a linear program: half a second for so many rows, a minute for ten times more.
MOST_OF_A_QUANTILE = 3_000


class Linear:
    """LogisticRegression of scikit-learn, or its linear model for the loss; it takes no parameters.

    Numbers are filled with their median, with a column that marks the gaps, cut off at the range of the training rows
    so that a straight line is never drawn beyond what it was fitted on, and scaled. Rare, missing and unseen levels of
    a category share one column.
    """

    def stops_early(self, params: dict[str, Any]) -> bool:
        """Return False: this model has no stages."""
        return False

    def complete(self, params: dict[str, Any]) -> dict[str, Any]:
        """Nothing is missing."""
        return params

    def fit(self, rows: Rows, params: dict[str, Any], fitting: Fitting) -> Any:
        """Fit on all rows."""
        from sklearn.pipeline import Pipeline
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        linear = TRAININGS[rows.task].linear(fitting.loss, len(rows))
        model = Pipeline([("encode", _encoder(rows.encoded)), ("model", linear)])
        encoded, codes, weights = rows.encoded, rows.codes, rows.weights
        if type(linear).__name__ == "QuantileRegressor":
            step = -(-len(rows) // MOST_OF_A_QUANTILE)
            encoded, codes = encoded.iloc[::step], codes[::step]
            weights = None if weights is None else weights[::step]
        fittable = "rows that a linear model can be fitted on"
        with (
            translated("linear", expected=fittable, remedy="set training.estimator: xgboost"),
            threadpool_limits(limits=fitting.threads),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")  # of convergence: what matters is the loss on held-out rows
            model.fit(encoded, codes, **({} if weights is None else {"model__sample_weight": weights}))
        return model

    def stop(self, older: Rows, newest: Rows, params: dict[str, Any], fitting: Fitting) -> tuple[Any, dict[str, Any]]:
        """It does not stop early."""
        return self.fit(older, params, fitting), params


def _encoder(encoded: pd.DataFrame) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

    categorical = [str(name) for name in encoded if isinstance(encoded[name].dtype, pd.CategoricalDtype)]
    numeric = [str(name) for name in encoded if name not in categorical]
    numbers = Pipeline(
        [
            ("fill", SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)),
            ("clip", MinMaxScaler(clip=True)),
            ("scale", StandardScaler()),
        ]
    )
    levels = OneHotEncoder(
        handle_unknown="infrequent_if_exist",
        min_frequency=LEAST_ROWS_A_LEVEL,
        max_categories=MOST_COLUMNS,
        dtype=np.float64,
    )
    return ColumnTransformer([("numbers", numbers, numeric), ("levels", levels, categorical)])


def is_linear(model: Any) -> bool:
    """Return whether a fitted model is one of `Linear`: its steps have names of their own."""
    encoder = getattr(model, "named_steps", {}).get("encode")
    return {name for name, *_ in getattr(encoder, "transformers", ())} == {"numbers", "levels"}


def weights(model: Any, numeric: int, categorical: int) -> NDArray[np.float64]:
    """Return how far each feature moves the answer of a fitted model: numbers first, then categories.

    A number moves it by its coefficient, as numbers are scaled to a standard deviation of one, and by that of its gaps;
    a category by the standard deviation of the coefficients of its levels. Averaged over the classes.
    """
    encoder, coefficients = model[0], np.atleast_2d(np.asarray(model[-1].coef_, dtype=np.float64))
    found = np.zeros((len(coefficients), numeric + categorical))
    upto = numeric
    if numeric:
        found[:, :numeric] = np.abs(coefficients[:, :numeric])
        gaps = encoder.named_transformers_["numbers"][0].indicator_.features_
        found[:, gaps] += np.abs(coefficients[:, numeric : numeric + len(gaps)])
        upto += len(gaps)
    if categorical:
        levels = encoder.named_transformers_["levels"]
        for place, (known, rare) in enumerate(zip(levels.categories_, levels.infrequent_categories_, strict=True)):
            columns = len(known) if rare is None else len(known) - len(rare) + 1
            found[:, numeric + place] = coefficients[:, upto : upto + columns].std(axis=1)
            upto += columns
    return np.asarray(found.mean(axis=0))
