"""Causes of a rise of the loss in a check: a sample of the labeled rows is collected in its pass, and compared."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from prefect import get_run_logger

from driftloop.monitoring.causes import recommend
from driftloop.monitoring.errors import DriftloopError
from driftloop.monitoring.records import ArchiveScores, Causes, Learned, Performance, Probe, Reference, changed
from driftloop.monitoring.rows.canonical import plain
from driftloop.monitoring.rows.weights import scaled, weights_of
from driftloop.monitoring.slices.conditions import measurable, read_by
from driftloop.monitoring.slices.membership import mark
from driftloop.monitoring.sources.calendar import calendar_columns
from driftloop.pipelines.config.as_trained import as_known
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.registry import Version, holdout
from driftloop.pipelines.training.adopting import SAMPLE
from driftloop.pipelines.training.causes import MOST_ROWS, Sides, find_causes
from driftloop.pipelines.training.recalibration import measured_gain
from driftloop.pipelines.training.scorer import Scorer

Floats = NDArray[np.float64]


class Part(NamedTuple):
    """Some of the labeled rows with their predictions: shapes (n,) or (n, k)."""

    rows: pd.DataFrame
    predicted: Floats


class Sample:
    """At most about 10,000 labeled rows of the window, spread over it, with their predictions."""

    def __init__(self, config: Project, rows: int) -> None:
        self.config, self.step = config, max(1, math.ceil(rows / MOST_ROWS))
        self.columns = holdout.columns_of(config)
        self.parts: list[Part] = []

    def of(self, rows: pd.DataFrame, predicted: Floats, known: NDArray[np.bool_]) -> Part:
        """Return a sample of some canonical rows; `known` are the labeled ones, shape (n,)."""
        places = np.flatnonzero(known)[:: self.step]
        return Part(plain(rows.iloc[places][[name for name in self.columns if name in rows]]), predicted[places])

    def add(self, part: Part) -> None:
        """Add a sample of more rows."""
        self.parts.append(part)

    def find(
        self, champion: Version, scorer: Scorer, reference: Reference, performance: Performance | None
    ) -> Causes | None:
        """Return why the loss rose; None if it did not rise significantly. An error leaves the check as it is."""
        if performance is None or performance.standing != "worse":
            return None
        try:
            return self._compared(champion, scorer, reference)
        except Exception as error:
            # The causes explain a check and decide nothing: they must not make it fail.
            why = error.found if isinstance(error, DriftloopError) else f"{type(error).__name__}: {error}"
            get_run_logger().warning("the causes of the rise were not found: %s", why)
            return Causes(reason=why)

    def _compared(self, champion: Version, scorer: Scorer, reference: Reference) -> Causes:
        config = self.config
        held = holdout.read(champion)
        if held is None:
            reason = f"version {champion.number} has no held-out rows to compare with; a retrain keeps them"
            return Causes(reason=reason)
        if champion.tags.get(SAMPLE) == "in_sample":
            return Causes(reason=f"the rows of the reference loss of version {champion.number} are in-sample")
        rows = pd.concat([part.rows for part in self.parts], ignore_index=True)
        predicted = np.concatenate([part.predicted for part in self.parts])
        order = np.argsort(rows[config.columns.time].to_numpy(), kind="stable")
        rows, predicted = rows.iloc[order].reset_index(drop=True), predicted[order]
        target, weights = rows[config.columns.target].to_numpy(), scaled(weights_of(rows, config.columns))
        losses = self._losses(rows, predicted, scorer)
        held = plain(held)
        sides = Sides(held, held[holdout.LOSS].to_numpy(np.float64), rows, losses)
        calendar = calendar_columns(config.columns)

        def again(some: pd.DataFrame) -> Floats:
            return self._losses(some, scorer.predict(as_known(some, reference)), scorer)

        found = find_causes(
            sides,
            [column for column in reference.of_role("feature") if column.name not in calendar],
            seed=config.drift.seed,
            again=None if config.elsewhere else again,
            slices=_slices(config, sides.rows),
            threads=config.training.threads if config.trains else None,
        )
        gain = measured_gain(config.loss, target, predicted, scorer.classes, weights)
        return changed(found, recalibration=gain)

    def _losses(self, rows: pd.DataFrame, predicted: Floats, scorer: Scorer) -> Floats:
        config = self.config
        target, weights = rows[config.columns.target].to_numpy(), scaled(weights_of(rows, config.columns))
        return config.loss.whole(config.loss.rows(target, predicted, scorer.classes), target, weights)


def _slices(config: Project, rows: pd.DataFrame) -> dict[str, NDArray[np.bool_]]:
    """Return the rows of each slice of the config, by its name."""
    slices, _ = measurable(config.slices, config.columns)
    there = {str(name).casefold() for name in rows.columns}
    slices = tuple(each for each in slices if all(name.casefold() in there for name in read_by(each)))
    return {
        name: marked.codes == at
        for marked in mark(slices, rows, config.columns)
        for at, name in enumerate(marked.names)
    }


def advised(
    causes: Causes | None, archive: ArchiveScores | None, probe: Probe | None, learned: Learned | None
) -> Causes | None:
    """Return the causes with the recommended action, which also depends on the archive, the probe and the backtest."""
    if causes is None:
        return None
    window = learned.window if learned is not None else None
    return changed(causes, advice=recommend(causes, archive=archive, probe=probe, window=window))
