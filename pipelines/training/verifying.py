"""Verification of the estimator that a config names, without rows and without a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.monitoring.errors import EstimatorError
from driftloop.monitoring.losses import Loss
from driftloop.monitoring.settings.functions import find
from driftloop.monitoring.tasks import Task
from driftloop.pipelines.training.recipe import AS_ADOPTED, AUTO, LINEAR, XGBOOST, Fitting

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Training

# Estimators that need no import of the user's; `as_adopted` takes the class of an adopted model.
PROVIDED = frozenset({AUTO, XGBOOST, LINEAR, AS_ADOPTED})


def verify_estimator(settings: Training, task: Task, loss: Loss) -> None:
    """Raise `EstimatorError` if `settings.estimator` cannot be imported or does not accept its parameters.

    A training function has to be importable; its parameters are its own. The module of a function next to the YAML
    must have been imported before.
    """
    if settings.estimator in PROVIDED:
        return
    if ":" in settings.estimator:
        find(settings.estimator, "training.estimator", EstimatorError)
        return
    from driftloop.pipelines.training.fit_sklearn import Sklearn

    Sklearn(settings.estimator).verify(dict(settings.params), task, Fitting(loss, settings.seed, threads=1))
