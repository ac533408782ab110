"""Scoring of rows for `driftloop predict` in the workers of an engine, which return keys and predictions alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.records import changed
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.piece import canonical
from driftloop.pipelines.engines import Engine, engine_of
from driftloop.pipelines.engines.divisible import not_divisible
from driftloop.pipelines.predictions.prediction_log import keys_of
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.storage import is_adopted

if TYPE_CHECKING:
    from driftloop.pipelines.predictions.champion import Predicting
    from driftloop.pipelines.predictions.scored_rows import ScoredPart, ScoredRows


def scored_by(predicting: Predicting) -> Engine | str | None:
    """Return the engine that scores the rows of the source, or why this process does; None without one."""
    config = predicting.project
    if config.engine is None:
        return None
    # The labels are not read.
    reasons = [*not_divisible(changed(predicting.config, labels=None))]
    if is_adopted(registry.folder(predicting.champion)):
        reasons.append("the champion is an adopted model, whose library the workers may not have")
    return "; ".join(reasons) if reasons else engine_of(config.engine)


def note(engine: Engine | str | None) -> tuple[str, ...]:
    """Return where the rows are scored if an engine is configured."""
    if isinstance(engine, str):
        return (f"engine: this process reads and scores the rows: {engine}",)
    return () if engine is None else (f"the rows are scored by {engine.place}",)


@dataclass(frozen=True)
class Logging:
    """Keys and predictions of some rows of the source, for the prediction log."""

    config: Project
    scorer: Scorer

    def __call__(self, raw: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.float64]]:
        frame = canonical(raw, self.config).frame
        return keys_of(frame, self.config), self.scorer.predict(frame)


@dataclass(frozen=True)
class Tabling:
    """The table of some rows of the source, for an output."""

    rows: ScoredRows

    def __call__(self, raw: pd.DataFrame) -> ScoredPart:
        return self.rows.part(self.rows.prepared(raw))
