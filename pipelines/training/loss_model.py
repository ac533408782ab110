"""Estimator of a champion's loss without labels: fitted on rows the champion was not trained on, stored with it.

Classes go by calibrated probabilities (CBPE), numbers by a model of the error (DLE): small boosted trees that learn the
loss of a row from its features and its prediction. monitoring/estimation judges the estimate.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AliasChoices, Field

from driftloop.monitoring.estimation import (
    MIN_FITTED_ROWS,
    Calibration,
    Domain,
    LossEstimator,
    apply_calibration,
    expected_losses,
    impossible,
    learn_calibration,
    learn_domain,
    outside,
    summarize,
)
from driftloop.monitoring.estimation.judge import FOLDS, Method
from driftloop.monitoring.losses import Loss, named
from driftloop.monitoring.records import Record
from driftloop.monitoring.rows.weights import averaged, scaled, spread
from driftloop.monitoring.served.encoding import LARGEST
from driftloop.monitoring.settings.columns import PREDICTION
from driftloop.pipelines.training.features import Features, encode
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.stored_files import read_checked, write_all
from driftloop.pipelines.training.threads import free_threads, prepare

Floats = NDArray[np.float64]
HEAD_FILE, MODEL_FILE = "estimator.json", "estimator.ubj"
# Small on purpose: a few hundred held-out rows are the rule, and row losses are mostly noise.
PARAMS: dict[str, Any] = {
    "objective": "reg:squarederror",
    "tree_method": "hist",
    "max_depth": 3,
    "eta": 0.08,
    "min_child_weight": 15,
    "subsample": 0.8,
}
ROUNDS = 60


class Head(Record):
    """Content of `estimator.json`: the estimator's record, and the input format of the model."""

    # Files of earlier versions have it as `told`.
    estimator: LossEstimator = Field(validation_alias=AliasChoices("estimator", "told"))
    features: Features
    classes: tuple[str, ...]
    # What the domain is of. Estimators of classes that were stored before have one of features.
    domain_of: Literal["features", "scores"] = "features"


@dataclass(frozen=True)
class LossModel:
    """An estimator and, for a regression, its booster."""

    head: Head
    booster: Any = None

    @property
    def estimator(self) -> LossEstimator:
        return self.head.estimator


@dataclass(frozen=True)
class _Rows:
    """Held-out rows in order of time, as an estimator learns from them: encoded once for all fits of a booster."""

    frame: pd.DataFrame
    inputs: pd.DataFrame
    target: NDArray[Any]
    predicted: Floats
    losses: Floats
    weights: Floats | None

    def at(self, places: NDArray[np.intp]) -> _Rows:
        arrays = (self.target[places], self.predicted[places], self.losses[places])
        weights = None if self.weights is None else self.weights[places]
        return _Rows(self.frame.iloc[places], self.inputs.iloc[places], *arrays, weights)


def fit_loss_model(
    scorer: Scorer,
    frame: pd.DataFrame,
    target: NDArray[Any],
    loss: Loss,
    *,
    seed: int = 0,
    threads: int | None = None,
    calendar: Collection[str] = (),
    weights: Floats | None = None,
) -> LossModel:
    """Learn the loss of a scorer from labeled rows that it was not trained on, in order of time.

    Rows are outside of what it was fitted on if a score of theirs is, for classes; for numbers, if a feature is. The
    `calendar` features are left out: time goes on, and a new month is no unknown kind of row.

    Five fits, each without a fifth of the time, measure how accurate the estimator is; the sixth, on all rows,
    is kept. `weights` of the rows, shape (n,), are above 0. Too few rows, or losses that are not finite, return an
    estimator with that reason.
    """
    method: Method = "cbpe" if scorer.classes else "dle"

    def kept(estimator: LossEstimator, booster: Any = None) -> LossModel:
        domain_of: Literal["features", "scores"] = "scores" if scorer.classes else "features"
        head = Head(estimator=estimator, features=scorer.features, classes=scorer.classes, domain_of=domain_of)
        return LossModel(head, booster)

    if len(frame) < MIN_FITTED_ROWS:
        why = f"{len(frame)} held-out rows to learn an estimator from, {MIN_FITTED_ROWS} needed"
        return kept(impossible(method, loss.name, why))
    predicted = scorer.predict(frame)
    weights = scaled(weights)
    losses = loss.parts(loss.rows(target, predicted, scorer.classes), target, weights)
    if not (np.isfinite(losses) & (losses <= LARGEST)).all():
        return kept(impossible(method, loss.name, "losses of held-out rows are too large to learn from"))
    inputs = frame[[]] if scorer.classes else _inputs(scorer.features, frame, predicted)
    rows = _Rows(frame, inputs, target, predicted, losses, weights)
    fitting = _Fitting(scorer, loss, seed, free_threads(threads, len(frame)), frozenset(calendar))
    held_back, out = np.empty(len(frame)), np.empty(len(frame), dtype=bool)
    for fold in np.array_split(np.arange(len(frame)), FOLDS):
        rest, back = rows.at(np.setdiff1d(np.arange(len(frame)), fold)), rows.at(fold)
        held_back[fold] = fitting.expected(fitting.learn(rest), back)
        out[fold] = outside(fitting.placed(back), fitting.domain(rest))
    learned = fitting.learn(rows)
    estimator = summarize(
        method,
        loss.name,
        realised=spread(losses, weights),
        held_back=spread(held_back, weights),
        outside_share=float(out.mean()),
        domain=fitting.domain(rows),
        calibrations=learned if isinstance(learned, tuple) else (),
    )
    return kept(estimator, None if isinstance(learned, tuple) else learned)


def expect(model: LossModel, frame: pd.DataFrame, predicted: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the expected loss of each canonical row, and whether it is outside the fitted range: shapes (n,)."""
    domain = model.estimator.domain
    if domain is None or len(frame) == 0:
        return np.zeros(len(frame)), np.zeros(len(frame), dtype=bool)
    if model.booster is None:
        calibrated = apply_calibration(predicted, model.estimator.calibrations)
        loss = named(model.estimator.loss_name)
        places = _scores(predicted, model.head.classes) if model.head.domain_of == "scores" else frame
        return expected_losses(loss, predicted, calibrated, model.head.classes), outside(places, domain)
    loss = named(model.estimator.loss_name)
    return _boosted(model.booster, _inputs(model.head.features, frame, predicted), loss), outside(frame, domain)


def save(model: LossModel, folder: Path) -> dict[str, str]:
    """Write the estimator into a folder; answers with the sha256 of each file by its name. xgboost's own format."""
    files = {HEAD_FILE: model.head.model_dump_json(indent=1).encode()}
    if model.booster is not None:
        files[MODEL_FILE] = bytes(model.booster.save_raw("ubj"))
    return write_all(folder, files)


def load(folder: Path, manifest: dict[str, str]) -> LossModel | None:
    """Read an estimator back; None where the manifest names none. A changed file raises `Tampered`, unread."""
    if HEAD_FILE not in manifest:
        return None
    head = Head.model_validate_json(read_checked(folder, HEAD_FILE, manifest))
    if MODEL_FILE not in manifest:
        return LossModel(head)
    prepare()
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(bytearray(read_checked(folder, MODEL_FILE, manifest)))
    return LossModel(head, booster)


@dataclass(frozen=True)
class _Fitting:
    """What all six fits share."""

    scorer: Scorer
    loss: Loss
    seed: int
    threads: int
    calendar: frozenset[str]

    def learn(self, rows: _Rows) -> Any:
        """Calibrations of the classes, or a booster of the losses."""
        if self.scorer.classes:
            return learn_calibration(rows.predicted, rows.target.astype(object), self.scorer.classes, rows.weights)
        prepare()
        import xgboost

        data = xgboost.DMatrix(
            rows.inputs, label=rows.losses, weight=rows.weights, enable_categorical=True, nthread=self.threads
        )
        mean = {"base_score": averaged(rows.losses, rows.weights), "seed": self.seed, "nthread": self.threads}
        return xgboost.train({**PARAMS, **mean}, data, num_boost_round=ROUNDS)

    def expected(self, learned: tuple[Calibration, ...] | Any, rows: _Rows) -> Floats:
        if isinstance(learned, tuple):
            calibrated = apply_calibration(rows.predicted, learned)
            return expected_losses(self.loss, rows.predicted, calibrated, self.scorer.classes)
        return _boosted(learned, rows.inputs, self.loss)

    def domain(self, rows: _Rows) -> Domain:
        if self.scorer.classes:
            return learn_domain(self.placed(rows), self.scorer.classes, ())
        features = self.scorer.features
        numeric, categorical = (
            [name for name in names if name not in self.calendar] for names in (features.numeric, features.categorical)
        )
        return learn_domain(rows.frame, numeric, categorical)

    def placed(self, rows: _Rows) -> pd.DataFrame:
        """Return what the domain is of: the scores of the classes, or the features."""
        return _scores(rows.predicted, self.scorer.classes) if self.scorer.classes else rows.frame


def _scores(predicted: Floats, classes: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(predicted, columns=list(classes))


def _boosted(booster: Any, inputs: pd.DataFrame, loss: Loss) -> Floats:
    expected = np.asarray(booster.inplace_predict(inputs), dtype=np.float64)
    # No loss of a row is negative; trees that add up corrections may be, a little. Parts of a ratio may be negative.
    return expected if loss.relative else np.maximum(expected, 0.0)


def _inputs(features: Features, frame: pd.DataFrame, predicted: Floats) -> pd.DataFrame:
    return encode(frame, features).assign(**{PREDICTION: np.clip(predicted, -LARGEST, LARGEST)})
