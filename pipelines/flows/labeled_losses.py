"""Losses, labels and predictions of the labeled rows of a pass, and what is computed from them at its end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.errors import DriftloopError
from driftloop.monitoring.losses.performance import assess
from driftloop.monitoring.metrics import Pairs
from driftloop.monitoring.metrics.measuring import calibration, class_rows, confusion, measure, pairs_of
from driftloop.monitoring.records import (
    CalibrationBin,
    Confusion,
    FairnessGap,
    Finding,
    FoundSlice,
    MetricValue,
    Performance,
    Reference,
    Window,
)
from driftloop.monitoring.rows.weights import effective_rows, scaled, weights_of
from driftloop.monitoring.rows.weights import labelled as labelled_rows
from driftloop.monitoring.slices.conditions import measurable
from driftloop.monitoring.slices.fairness import measure as measure_fairness
from driftloop.monitoring.slices.judging import Measured, Sliced, not_read, not_searched
from driftloop.monitoring.slices.judging import score as score_slices
from driftloop.monitoring.slices.membership import Marked, mark
from driftloop.monitoring.slices.parts import Slicing
from driftloop.monitoring.windows import inside
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows.diagnosing import Part, Sample
from driftloop.pipelines.training.discovery import Search

Floats = NDArray[np.float64]


class Metrics(NamedTuple):
    """Metrics of the labeled rows and, for classes, their number, confusion matrix and calibration."""

    values: tuple[MetricValue, ...] = ()
    confusion: Confusion | None = None
    calibration: tuple[CalibrationBin, ...] = ()
    class_labels: dict[str, int] | None = None


class Labelled(NamedTuple):
    """Losses of some labeled rows, with labels, predictions and times: shapes (n,).

    `size` are the labels that a relative loss divides by, otherwise empty; so are `weights` without `columns.weight`.
    """

    losses: Floats
    pairs: Pairs
    size: Floats
    moments: NDArray[np.datetime64]
    weights: Floats
    marked: tuple[Marked, ...] = ()
    grouped: tuple[Marked, ...] = ()
    searched: pd.DataFrame | None = None
    sample: Part | None = None


class Losses:
    """Losses, labels and predictions of the labeled rows with their times, at most 40 bytes per row.

    Each entry of `slices` adds four bytes per row, weights add 16.
    """

    def __init__(self, config: Project, labelled: Window, rows: int) -> None:
        self.config, self.labelled = config, labelled
        self.search = Search(config, rows) if any(each.discover for each in config.slices) else None
        self.sample = Sample(config, rows)
        self.losses: list[Floats] = []
        self.sizes: list[Floats] = []
        self.pairs: list[Pairs] = []
        self.moments: list[NDArray[np.datetime64]] = []
        self.weights: list[Floats] = []
        slices, self.not_sliced = measurable(config.slices, config.columns)
        self.slicing = Slicing(slices)
        groups, not_grouped = measurable(config.fairness.by if config.fairness else (), config.columns)
        self.not_sliced |= not_grouped
        self.grouping = Slicing(groups)

    def of(
        self, rows: pd.DataFrame, predicted: Floats, classes: tuple[str, ...], scored: NDArray[np.bool_]
    ) -> Labelled:
        """Return the losses of the labeled ones among some canonical rows that have a prediction (`scored`)."""
        columns = self.config.columns
        time, target = rows[columns.time], rows[columns.target]
        known = inside(time, self.labelled) & labelled_rows(rows, columns) & scored
        weights = weights_of(rows, columns)
        weights = None if weights is None else weights[known]
        labels = target.to_numpy()[known]
        loss, scores = self.config.loss, predicted[known]
        pairs = pairs_of(labels, scores, classes, loss.decide(scores, classes) if classes else None, weights)
        size = np.asarray(labels, dtype=np.float64) if loss.relative else np.empty(0)
        marked, grouped = (
            tuple(Marked(each.codes[known], each.names) for each in mark(slicing.slices, rows, self.config.columns))
            for slicing in (self.slicing, self.grouping)
        )
        moments = time.dt.tz_convert(None).to_numpy()[known]
        searched = rows.loc[known, self.search.columns] if self.search else None
        lost, kept = loss.rows(labels, scores, classes), np.empty(0) if weights is None else weights
        sample = self.sample.of(rows, predicted, known)
        return Labelled(lost, pairs, size, moments, kept, marked, grouped, searched, sample)

    def add(self, some: Labelled) -> None:
        """Add the losses of more rows."""
        self.losses.append(some.losses)
        self.moments.append(some.moments)
        self.sizes.append(some.size)
        self.pairs.append(some.pairs)
        self.weights.append(some.weights)
        self.slicing.add(some.marked)
        self.grouping.add(some.grouped)
        if some.sample is not None:
            self.sample.add(some.sample)
        if self.search is not None and some.searched is not None:
            self.search.add(some.searched, some.losses)

    def order(self) -> NDArray[np.intp] | None:
        """Return the places of all labeled rows by time; None if they are in order."""
        moments = np.concatenate(self.moments)
        return np.argsort(moments, kind="stable") if (moments[1:] < moments[:-1]).any() else None

    def performance(self, reference: Reference, order: NDArray[np.intp] | None) -> Performance | None:
        """Return the mean with its interval, computed in order of time; None without labels."""
        losses = np.concatenate(self.losses)
        if not len(losses):
            return None
        raw, weights = np.concatenate(self.weights), self.weighed()
        losses = self.config.loss.whole(losses, np.concatenate(self.sizes), weights)
        if order is not None:
            losses = losses[order]
        return assess(
            losses,
            loss_name=self.config.loss.name,
            window=self.labelled,
            reference_loss=reference.loss,
            reference_rows=reference.loss_rows,
            effective_rows=None if weights is None else effective_rows(raw),
        )

    def weighed(self) -> Floats | None:
        """Return the weights of all labeled rows with a mean of 1, as the losses are ordered; None if all are equal."""
        return scaled(np.concatenate(self.weights))

    def metrics(self, reference: Reference, pairs: Pairs) -> Metrics:
        """Metrics with intervals, confusion matrix and calibration of all labeled rows, in their order of time."""
        if not len(pairs):
            return Metrics()
        found = measure(self.config.measured, pairs, reference.metrics)
        return Metrics(found, confusion(pairs), calibration(pairs), class_rows(pairs))

    def discovered(self) -> tuple[tuple[FoundSlice, ...], tuple[Finding, ...]]:
        """Return conditions on which the champion loses more than on other rows, if they are requested.

        They decide nothing: an error of the search is a finding, and the check goes on.
        """
        if self.search is None:
            return (), ()
        try:
            return self.search.found(), ()
        except Exception as error:
            why = error.found if isinstance(error, DriftloopError) else f"{type(error).__name__}: {error}"
            return (), (not_searched(why),)

    def fairness(self, pairs: Pairs, order: NDArray[np.intp] | None) -> tuple[FairnessGap, ...]:
        """Return the rates of the groups and their gaps; `pairs` are all labeled rows in their order of time."""
        if self.config.fairness is None:
            return ()
        return measure_fairness(self.config.fairness, self.config.task, self.grouping, pairs, order)

    def sliced(self, reference: Reference, pairs: Pairs, order: NDArray[np.intp] | None) -> Sliced:
        """Return loss and metrics on each slice against the reference's; nothing without slices or labels.

        `pairs` are all labeled rows in their order of time.
        """
        findings = not_read(self.not_sliced)
        if not self.slicing.slices:
            return Sliced(findings=findings)
        lost, target, weights = np.concatenate(self.losses), np.concatenate(self.sizes), self.weighed()
        if order is not None:
            lost, target = lost[order], target[order] if len(target) else target
            weights = None if weights is None else weights[order]
        rows = Measured(lost, target, self.config.loss, pairs, self.config.measured, weights)
        found = score_slices(self.slicing, rows, order, reference.slices)
        return Sliced(found.scores, findings + found.findings)
