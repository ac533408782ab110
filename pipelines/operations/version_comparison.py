"""Two versions of a model next to each other: losses on the same labeled rows, training, features and importances."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import UnknownRequest
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.metrics.measuring import measure, pairs_of
from driftloop.monitoring.records import MetricValue, Record, Window, loss_title
from driftloop.monitoring.rows.weights import scaled, weights_of
from driftloop.monitoring.slices.conditions import measurable
from driftloop.monitoring.slices.judging import own
from driftloop.monitoring.slices.membership import mark
from driftloop.monitoring.slices.parts import Slicing
from driftloop.pipelines import registry
from driftloop.pipelines.config import own_code
from driftloop.pipelines.config.as_trained import as_known, widened
from driftloop.pipelines.config.elsewhere import refuse_elsewhere
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.gate.interval import mean_difference
from driftloop.pipelines.operations.version_rows import ALIASES, Known, find_versions, unseen_rows
from driftloop.pipelines.registry import Version
from driftloop.pipelines.runtime import home, phases

Floats = NDArray[np.float64]


class Difference(Record):
    """Loss of the second version minus that of the first, and its 95% CI; null where it cannot be computed."""

    change: float | None
    low: float | None = None
    high: float | None = None

    @property
    def better(self) -> bool | None:
        """Whether the second version is significantly better, or worse; None within chance."""
        if self.low is None or self.high is None or self.low <= 0 <= self.high:
            return None
        return self.high < 0


class VersionSide(Record):
    """One of the versions. `loss` and `metrics` are those on the compared rows, `settings` what it was trained with."""

    version: str
    alias: str | None
    trained_on: tuple[Window, ...]
    trained_rows: int | None
    reference: Window
    reference_loss_name: str
    reference_loss: float
    loss: float
    metrics: tuple[MetricValue, ...]
    features: tuple[str, ...]
    importance: dict[str, float]
    settings: dict[str, str]


class SlicePair(Record):
    """A slice of the compared rows: losses of the first and of the second version there."""

    name: str
    rows: int
    losses: tuple[float, float]
    difference: Difference


class VersionComparison(Record):
    """Both versions on the labeled rows of `window`, of which neither has learned; in the order of their names."""

    model: str
    window: Window
    rows: int
    loss_name: str
    first: VersionSide
    second: VersionSide
    difference: Difference
    slices: tuple[SlicePair, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Scored:
    """Predictions of a version, and the loss of each row, shape (n,)."""

    predicted: Floats
    classes: tuple[str, ...]
    lost: Floats


def compare_versions(project: Project, names: Sequence[str]) -> VersionComparison:
    """Compare two versions, each by its number or alias, on the newest labeled rows that neither has learned from.

    Both predict the same rows; differences are paired, with the interval of the gate. Raises `NothingToCompare` for a
    version that does not exist or cannot read the rows, for the same one twice, and without such rows.
    """
    refuse_elsewhere(project, "compare --versions")
    own_code.importable(project)
    known = find_versions(project, names)
    wide = widened(widened(project, known[0].reference), known[1].reference)
    phases.enter("reading rows")
    window, rows = unseen_rows(project, wide, known)
    phases.enter("comparing versions")
    target, weights = rows[project.columns.target].to_numpy(), weights_of(rows, project.columns)
    scored = [_scored(project, one, rows, target) for one in known]
    whole = [project.loss.whole(one.lost, target, scaled(weights)) for one in scored]
    metrics = [_metrics(project, one, target, weights) for one in scored]
    sides = [
        _side(project, one, float(values.mean()), measured)
        for one, values, measured in zip(known, whole, metrics, strict=True)
    ]
    return VersionComparison(
        model=project.model,
        window=window,
        rows=len(rows),
        loss_name=loss_title(project.loss.name),
        first=sides[0],
        second=sides[1],
        difference=_difference(whole[0], whole[1]),
        slices=_slices(project, rows, scored, weights),
        notes=_notes(project, window, known),
    )


def page_of(found: VersionComparison) -> Path:
    """Return the file of the page of a comparison."""
    return home.reports(found.model) / f"versions_{found.first.version}_{found.second.version}.html"


def _scored(project: Project, one: Known, rows: pd.DataFrame, target: NDArray[Any]) -> _Scored:
    scorer = registry.scorer(one.version, project.training)
    predicted = scorer.predict(as_known(rows, one.reference))
    return _Scored(predicted, scorer.classes, project.loss.rows(target, predicted, scorer.classes))


def _metrics(project: Project, one: _Scored, target: NDArray[Any], weights: Floats | None) -> tuple[MetricValue, ...]:
    decided = project.loss.decide(one.predicted, one.classes) if one.classes else None
    return measure(project.measured, pairs_of(target, one.predicted, one.classes, decided, weights))


def _difference(first: Floats, second: Floats) -> Difference:
    """Return the difference of values whose means are losses, shape (n,), in order of time."""
    with np.errstate(invalid="ignore"):
        values = second - first
    if not np.isfinite(values).all():
        return Difference(change=None)
    change, low, high = mean_difference(values)
    bounded = np.isfinite([low, high]).all()
    return Difference(change=change, low=low if bounded else None, high=high if bounded else None)


def _slices(
    project: Project, rows: pd.DataFrame, scored: Sequence[_Scored], weights: Floats | None
) -> tuple[SlicePair, ...]:
    slicing = Slicing(measurable(project.slices, project.columns)[0])
    slicing.add(mark(slicing.slices, rows, project.columns))
    target = rows[project.columns.target].to_numpy()
    made = []
    for part in slicing.parts(None):
        if not len(part.places):
            continue
        both = [own(one.lost, target, part, project.loss, weights) for one in scored]
        (first, worth), (second, _) = both
        losses = float(first.mean()), float(second.mean())
        made.append(SlicePair(name=part.name, rows=worth, losses=losses, difference=_difference(first, second)))
    return tuple(made)


def _side(project: Project, one: Known, loss: float, metrics: tuple[MetricValue, ...]) -> VersionSide:
    version, reference = one.version, one.reference
    aliases = (alias for alias in ALIASES if (found := registry.aliased(project.model, alias)) and found == version)
    return VersionSide(
        version=version.number,
        alias=next(aliases, None),
        trained_on=version.trained_on,
        trained_rows=int(version.tags["driftloop.learned_rows"]) if "driftloop.learned_rows" in version.tags else None,
        reference=reference.window,
        reference_loss_name=reference.loss_name,
        reference_loss=reference.loss,
        loss=loss,
        metrics=metrics,
        features=tuple(column.name for column in reference.of_role("feature")),
        importance=reference.importance,
        settings=registry.settings(version),
    )


def _notes(project: Project, window: Window, known: Sequence[Known]) -> tuple[str, ...]:
    notes = [
        f"the rows that version {one.version.number} has learned from are not known: some may be among those compared"
        for one in known
        if one.version.newest_learned is None
    ]
    with closing(Ledger(home.ledger_url())) as ledger:
        for one in known:
            judged = _judged_until(ledger, one.version)
            if judged is not None and judged - project.columns.label_delay > window.start:
                rows = f"on some of these rows, before {judged:%Y-%m-%d}"
                notes.append(f"the gate judged version {one.version.number} {rows}: its loss may be too low there")
    lost = measurable(project.slices, project.columns)[1]
    return (*notes, *(f"the slice {title!r} reads {name!r}, which is not read" for title, name in lost.items()))


def _judged_until(ledger: Ledger, version: Version) -> datetime | None:
    """Return the end of the rows that the gate of a version saw; None where its request is not in the ledger."""
    try:
        return ledger.find_request(version.tags.get("driftloop.request_id", "")).window.end
    except UnknownRequest:
        return None
