"""Model elsewhere, in place of an estimator: its predictions are columns of the rows, read and never made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import MissingColumns, PredictionsUnfit, listed
from driftloop.monitoring.records import Record
from driftloop.monitoring.rows.scored import SCORE, score_columns
from driftloop.pipelines.training.tasks import TRAININGS

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project

Floats = NDArray[np.float64]


class Elsewhere(Record):
    """How the predictions of one version are read from canonical rows.

    `version` is its name in the table of predictions. `columns` hold the number, the predicted class if `label` is set,
    or the probability of each of `levels`; one probability without levels is that of the last class.
    """

    version: str
    columns: tuple[str, ...]
    levels: tuple[str, ...] = ()
    label: bool = False

    @classmethod
    def of(cls, config: Project, version: str) -> Elsewhere:
        """Return the reading of a version of a config's model."""
        given = config.predictions
        return cls(
            version=version,
            columns=score_columns(config.predictions),
            levels=given.levels,
            label=given.label is not None,
        )

    def predict(self, frame: pd.DataFrame, classes: tuple[str, ...]) -> Floats:
        """Return the predictions that came with the rows: shape (n,) for numbers, (n, k) for classes.

        A row without a usable prediction has NaN. Rows that were read without predictions raise `MissingColumns`.
        """
        lost = [name for name in self.columns if name not in frame.columns]
        if lost:
            raise MissingColumns(
                f"the rows to be predicted by {self.version!r}, a model elsewhere whose predictions are read and never "
                "made",
                lost,
                map(str, frame.columns),
            )
        if not classes:
            return frame[self.columns[0]].to_numpy(np.float64)
        made = np.full((len(frame), len(classes)), np.nan)
        if self.label:
            places = pd.Index(classes, dtype=object).get_indexer(pd.Index(frame[self.columns[0]].astype(object)))
            known = places >= 0
            made[known] = np.eye(len(classes))[places[known]]
            return made
        given = frame[list(self.columns)].to_numpy(np.float64)
        if len(self.columns) == 1:
            place = classes.index(self.levels[0]) if self.levels else 1
            made[:, place], made[:, 1 - place] = given[:, 0], 1.0 - given[:, 0]
            return made
        for at, level in enumerate(self.levels):
            made[:, classes.index(level)] = given[:, at]
        return made


def usable(config: Project, frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Return for each canonical row, shape (n,), whether it has a usable prediction of a model elsewhere."""
    return np.asarray(frame[list(score_columns(config.predictions))].notna().all(axis=1))


def classes_of(config: Project, known: pd.DataFrame, version: str) -> tuple[str, ...]:
    """Return the sorted classes of a version by its labeled rows and its predictions; empty for a regression.

    Labels that the predictions cannot be compared with raise `PredictionsUnfit`; one class alone, or more than two of
    a binary target, raise `TrainingImpossible`.
    """
    if not config.type.has_classes:
        return ()
    given, target = config.predictions, config.columns.target
    labels = set(known[target].astype(str))
    if given.label is not None:
        labels |= set(known[SCORE].astype(str))
    levels = set(given.levels)
    strange = sorted(labels - levels) if len(levels) > 1 else sorted(levels - labels)
    if strange and labels:
        there, named = ("labels", "predictions.prediction") if len(levels) > 1 else ("prediction columns", target)
        raise PredictionsUnfit(
            version,
            f"{there} of {listed(strange)}, which {named} does not have",
            expected=f"the same classes on both sides: the labels are {listed(sorted(labels))}, the columns of the "
            f"predictions {listed(sorted(levels))}",
            remedy="correct predictions.prediction, or how the target is spelled (columns.types, columns.derived)",
        )
    classes = tuple(sorted(labels | levels))
    if len(levels) < 2:
        why = TRAININGS[config.task].impossible(known[target].astype(str), classes, trees=False)
        if why is not None:
            raise why
    return classes
