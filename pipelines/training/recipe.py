"""How a model is made: which estimator, with which parameters and how many trees, found on the newest training rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import Field

from driftloop.monitoring.losses import Loss
from driftloop.monitoring.records import Record
from driftloop.pipelines.training.rows import Rows
from driftloop.pipelines.training.scorer import Scorer

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Training

AUTO, XGBOOST, LINEAR = "auto", "xgboost", "linear"
AS_ADOPTED = "as_adopted"
# What `auto` chooses from; the first one wins ties.
FIELD = (XGBOOST, LINEAR)


class Recipe(Record):
    """All that a fit needs besides rows, with how it was found.

    `params` come complete, the number of trees included. `validation` has the mean loss of each estimator that was
    tried on the newest `validation_rows` of the training rows, after it had learned from the older ones; both are
    empty where there was nothing to choose.
    """

    estimator: str
    params: dict[str, Any] = Field(default_factory=dict)
    validation: dict[str, float] = Field(default_factory=dict)
    validation_rows: int = 0

    @property
    def trees(self) -> int | None:
        """The number of trees (or iterations) that it is fitted with, if it has such a number."""
        given = next((self.params[name] for name in ("n_estimators", "max_iter") if name in self.params), None)
        return int(given) if isinstance(given, int | float) else None

    def describe(self, loss: Loss) -> str:
        """One sentence: what is fitted, and what it was chosen over.

        >>> from driftloop.monitoring.losses import named
        >>> Recipe(estimator="xgboost", params={"n_estimators": 212}).describe(named("mae"))
        'xgboost with 212 trees'
        >>> tried = {"xgboost": 3.31, "linear": 3.02}
        >>> Recipe(estimator="linear", validation=tried, validation_rows=800).describe(named("mae"))
        'linear: mae 3.02 on the newest 800 training rows, xgboost 3.31'
        """
        trees = f" with {self.trees:,} trees" if self.trees is not None and self.estimator == XGBOOST else ""
        if self.estimator not in self.validation:
            return f"{self.estimator}{trees}"
        others = "".join(f", {name} {value:.4g}" for name, value in self.validation.items() if name != self.estimator)
        own = f"{loss} {self.validation[self.estimator]:.4g} on the newest {self.validation_rows:,} training rows"
        return f"{self.estimator}{trees}: {own}{others}"


@dataclass(frozen=True)
class Fitting:
    """How estimators are fitted here: the loss to minimize, seed and threads."""

    loss: Loss
    seed: int
    threads: int


class Estimator(Protocol):
    """A kind of built-in estimator. What it fits speaks of classes by their places 0..k-1."""

    def stops_early(self, params: dict[str, Any]) -> bool:
        """Return whether the number of trees or iterations is to be found, and not fixed by `params`."""

    def complete(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return `params` for a fit that has no rows to stop by."""

    def fit(self, rows: Rows, params: dict[str, Any], fitting: Fitting) -> Any:
        """Fit on all rows; raise `EstimatorError` for wrong parameters."""

    def stop(self, older: Rows, newest: Rows, params: dict[str, Any], fitting: Fitting) -> tuple[Any, dict[str, Any]]:
        """Fit on the older rows until the newest ones are predicted worse; return it with its complete parameters."""


def choose(settings: Training, params: dict[str, Any], rows: Rows, fitting: Fitting) -> Recipe:
    """Find the recipe that predicts the newest fifth of the rows best, after learning from the older ones.

    Boosted trees stop at the number of trees where that loss is lowest, unless the parameters fix the number. `auto`
    tries xgboost, whose parameters are those configured, and a regularized linear model. The rows of the gate's
    holdout are not among `rows`.
    """
    names = FIELD if settings.estimator == AUTO else (settings.estimator,)
    given = {name: {} if name == LINEAR else params for name in names}
    parts = rows.validation()
    if parts is None or (len(names) == 1 and not kind(names[0]).stops_early(params)):
        return Recipe(estimator=names[0], params=kind(names[0]).complete(given[names[0]]))
    tried = {name: _tried(name, given[name], *parts, fitting) for name in names}
    best = min(tried, key=lambda name: tried[name][0])
    return Recipe(
        estimator=best,
        params=tried[best][1],
        validation={name: loss for name, (loss, _) in tried.items() if math.isfinite(loss)},
        validation_rows=len(parts[1]),
    )


def fit_recipe(recipe: Recipe, rows: Rows, fitting: Fitting) -> Any:
    """Fit a built-in estimator on all rows as the recipe has it."""
    return kind(recipe.estimator).fit(rows, recipe.params, fitting)


def kind(name: str) -> Estimator:
    """Return the built-in estimator of a name: xgboost, linear, or a scikit-learn class by its dotted path."""
    if name == XGBOOST:
        from driftloop.pipelines.training.fit_xgboost import Xgboost

        return Xgboost()
    if name == LINEAR:
        from driftloop.pipelines.training.fit_linear import Linear

        return Linear()
    from driftloop.pipelines.training.fit_sklearn import Sklearn

    return Sklearn(name)


def _tried(
    name: str, params: dict[str, Any], older: Rows, newest: Rows, fitting: Fitting
) -> tuple[float, dict[str, Any]]:
    """Return the mean loss on the newest rows of what was learned from the older ones, and the complete parameters."""
    estimator = kind(name)
    if estimator.stops_early(params):
        model, params = estimator.stop(older, newest.known(), params, fitting)
    else:
        params = estimator.complete(params)
        model = estimator.fit(older, params, fitting)
    scorer = Scorer(older.task, older.features, older.classes, model, by_place=True)
    truth = newest.target.to_numpy()
    losses = fitting.loss.rows(truth, scorer.score(newest.encoded), older.classes)
    mean = float(fitting.loss.whole(losses, truth, newest.weights).mean())
    return (mean if math.isfinite(mean) else math.inf), params
