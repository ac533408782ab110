"""Loss estimator, which needs no labels, as a Prefect task: fitted with a challenger, applied elsewhere."""

from __future__ import annotations

import pandas as pd
from prefect import get_run_logger
from prefect.cache_policies import NO_CACHE

from driftloop.monitoring.rows.weights import weights_of
from driftloop.monitoring.sources.calendar import calendar_columns
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows.steps import step
from driftloop.pipelines.training import loss_model
from driftloop.pipelines.training.loss_model import LossModel
from driftloop.pipelines.training.scorer import Scorer


@step(name="fit loss estimator", cache_policy=NO_CACHE)
def fit_estimator(config: Project, holdout: pd.DataFrame, scorer: Scorer) -> LossModel:
    """Fit an estimator of the challenger's loss on the gate's holdout, which the challenger was not trained on.

    With `training.refit` the estimator still belongs to the judged model: the refitted model has been trained on all
    rows, so none is left to estimate its loss from.
    """
    target = holdout[config.columns.target].to_numpy()
    settings = config.training
    fitted = loss_model.fit_loss_model(
        scorer,
        holdout,
        target,
        config.loss,
        seed=settings.seed,
        threads=settings.threads,
        calendar=calendar_columns(config.columns),
        weights=weights_of(holdout, config.columns),
    )
    test = fitted.estimator.self_test
    get_run_logger().info(
        "%s: %s", fitted.estimator.method, fitted.estimator.impossible or (test.reason if test else "")
    )
    return fitted
