"""What a challenger and its opponents lose on held-out rows, for the gate to judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.metrics.measuring import measure
from driftloop.monitoring.records import MetricValue
from driftloop.monitoring.rows.weights import effective_rows, scaled, weights_of
from driftloop.pipelines.gate import Evaluation, Model
from driftloop.pipelines.training.baseline import naive_losses
from driftloop.pipelines.training.fairness import fairness_of
from driftloop.pipelines.training.leaks import find_leaks
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.slices import compared
from driftloop.pipelines.training.steps import pairs_with, row_losses

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project

Floats = NDArray[np.float64]


def evaluation(
    config: Project,
    train: pd.DataFrame,
    fair: pd.DataFrame,
    scorer: Scorer,
    champion: Floats | None,
    seconds: Mapping[Model, float] | None = None,
) -> Evaluation:
    """Score `fair`, rows in order of time that neither model was trained on, by the challenger and the best constant.

    `champion` holds the champion's loss on each of the same rows, None where there is no champion; `seconds` are those
    of `Evaluation`. Leaks are looked for in the rows that the challenger has learned from.
    """
    columns, whole, target = config.columns, config.loss.whole, fair[config.columns.target].to_numpy()
    weights = weights_of(fair, columns)
    by, own = scaled(weights), row_losses(config, scorer, fair)
    by_model: dict[Model, Floats] = {
        "challenger": whole(own, target, by),
        "naive baseline": naive_losses(
            train[columns.target], fair[columns.target], config.loss, weights_of(train, columns), weights
        ),
    }
    if champion is not None:
        by_model["champion"] = whole(champion, target, by)
    used = [*columns.features, columns.target]
    threshold = config.gate.leak_threshold
    return Evaluation(
        losses=by_model,
        keys=np.asarray(pd.util.hash_pandas_object(fair[[columns.time, *used]], index=False)),
        times=fair[columns.time].dt.tz_convert(None).to_numpy(),
        columns={name: fair[name].to_numpy() for name in used},
        leaks=find_leaks(train, train[columns.target], scorer.features, task=config.task, threshold=threshold),
        loss_name=str(config.loss),
        seconds=seconds or {},
        metrics={one.metric: one for one in metrics_of(config, scorer, fair)},
        fairness=fairness_of(config, scorer, fair),
        slices=compared(config, fair, own, champion) if champion is not None and config.gate.no_slice_worse else (),
        classes={name: int((fair[columns.target] == name).sum()) for name in scorer.classes},
        effective_rows=None if by is None or weights is None else effective_rows(weights),
    )


def metrics_of(config: Project, scorer: Scorer, rows: pd.DataFrame) -> tuple[MetricValue, ...]:
    """Measure the metrics of a config on rows in order of time, without intervals."""
    return measure(config.measured, pairs_with(config, scorer, rows), intervals=False)
