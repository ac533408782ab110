"""How far each batch has drifted from the rows of each model, scored as a check does, when a policy asks for it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from driftloop.monitoring.drift.reference import PREDICTION, describe, profiled
from driftloop.monitoring.drift.same_period import same_period, unusable
from driftloop.monitoring.drift.verdicts import judge
from driftloop.monitoring.profiles import Profiles, like
from driftloop.monitoring.records import ColumnReference, ColumnScore, Window, changed
from driftloop.monitoring.rows.weights import as_rows, weights_of
from driftloop.monitoring.windows import within
from driftloop.pipelines.backtest.batches import Batches
from driftloop.pipelines.runtime.fingerprint import fingerprint

if TYPE_CHECKING:
    from driftloop.pipelines.config.project import Project

Found = dict[str, tuple[ColumnScore, ...]]
KEPT: TypeAdapter[Found] = TypeAdapter(Found)


class DriftScores:
    """Scores by (model, batch), numbered as in the matrices; what was computed once is kept in `folder`.

    The reference of a model are the rows of its training window, as it is in operation. Features and target are scored;
    the prediction is not, since the models are gone, and a method of Evidently's has no score here. With
    `drift.reference` it is the same period of an earlier year, once the history reaches that far.
    """

    def __init__(self, config: Project, batches: Batches, first: int, folder: Path) -> None:
        self.config, self.batches, self.first = config, batches, first
        # in a replay there is one check per window
        rate = config.drift.rate_after(config.windows.current)
        self.settings = changed(config.drift, false_alarm_rate=rate)
        settings = hashlib.sha256(
            f"{fingerprint(Found)} {config.drift.model_dump_json()} {config.windows} {first}".encode()
        )
        self.file = folder / f"drift-{settings.hexdigest()[:12]}.json"
        self.references: dict[int, tuple[tuple[ColumnReference, ...], Profiles]] = {}
        self.earlier: dict[int, Profiles | None] = {}
        self.found = self._kept()
        self.before = len(self.found)

    def __call__(self, model: int, batch: int) -> tuple[ColumnScore, ...]:
        key = f"{model} {batch}"
        if key not in self.found:
            at = batch + self.first
            rows = self.batches.frame.iloc[self.batches.starts[at] : self.batches.stops[at]]
            columns, known = self._reference(model)
            earlier = self._earlier(at)
            known, lead = (known, batch - model) if earlier is None else (earlier, 0)
            weights = as_rows(weights_of(rows, self.config.columns))
            now = like(known, self._without_prediction(rows), weights)
            self.found[key] = judge(known, now, columns, self.settings, lead=lead)
        return self.found[key]

    def keep(self) -> None:
        """Write what was computed, in one step, for the next run."""
        if len(self.found) > self.before:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            part = self.file.with_suffix(f".{os.getpid()}.part")
            part.write_bytes(KEPT.dump_json(self.found))
            part.replace(self.file)

    def _kept(self) -> Found:
        try:
            return dict(KEPT.validate_json(self.file.read_bytes()))
        except (OSError, ValidationError):
            return {}

    def _reference(self, model: int) -> tuple[tuple[ColumnReference, ...], Profiles]:
        if model not in self.references:
            end = self.batches.windows[model + self.first].end
            span = self.config.windows.reference or self.config.training.window
            window = Window(start=end - span, end=end)
            rows = self._without_prediction(within(self.batches.frame, self.config.columns.time, window))
            reference = describe(rows, self.config, window=window, source_types={}, loss=0.0, loss_rows=0)
            columns = tuple(column for column in reference.columns if column.role != "prediction")
            self.references[model] = columns, profiled(rows, self.config, end)
        return self.references[model]

    def _earlier(self, at: int) -> Profiles | None:
        """Return the profiles of the same period of an earlier year of a batch; None where it cannot be used."""
        if self.config.drift.reference is None:
            return None
        if at not in self.earlier:
            span = same_period(self.batches.windows[at], self.config.drift.reference.same_period)
            rows = self._without_prediction(within(self.batches.frame, self.config.columns.time, span))
            known = profiled(rows, self.config, span.end) if len(rows) else None
            self.earlier[at] = known if unusable(known, span) is None else None
        return self.earlier[at]

    def _without_prediction(self, rows: pd.DataFrame) -> pd.DataFrame:
        nothing = 0.0 if self.config.kind(PREDICTION) == "numeric" else ""
        return rows.assign(**{PREDICTION: nothing})
