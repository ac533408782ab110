"""Entry point of `mlflow.pyfunc.load_model` for models that are opened by driftloop; see `packing` for the others."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from driftloop.monitoring.errors import MissingColumns
from driftloop.monitoring.rows.canonical import numbers
from driftloop.monitoring.served.spelling import as_levels
from driftloop.pipelines.registry.origins import open_folder
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.storage import is_adopted, load, load_adopted


class Served:
    """A version as a plain predictor."""

    def __init__(self, scorer: Scorer) -> None:
        self.scorer = scorer

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame | pd.Series:
        """Predict: shape (n,) for regression, otherwise a column per class. An unseen category counts as missing."""
        features = self.scorer.features
        lost = [name for name in features.names if name not in frame.columns]
        if lost:
            raise MissingColumns("the rows to be predicted", lost, map(str, frame.columns))
        clean = pd.DataFrame(
            {name: numbers(frame[name], name)[0] for name in features.numeric}
            | {name: as_levels(frame[name], levels) for name, levels in features.levels.items()},
            index=frame.index,
        )
        predicted = self.scorer.predict(clean)
        if not self.scorer.classes:
            return pd.Series(predicted, index=frame.index, name="prediction")
        return pd.DataFrame(predicted, index=frame.index, columns=list(self.scorer.classes))


def _load_pyfunc(path: str) -> Served:
    """Open a version for MLflow; its files are not compared with the registry.

    A pickle is refused, except in an adopted model, which MLflow would open like this where it came from.
    """
    folder = Path(path)
    return Served(load_adopted(folder, open_folder) if is_adopted(folder) else load(folder, manifest=None))
