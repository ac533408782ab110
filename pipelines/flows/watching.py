"""Archive watch of a check: which former champions are scored, on which rows, and whether one takes over again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.monitoring.archive import MOST_LATE, Scored, leader, leads
from driftloop.monitoring.errors import DriftloopError, listed
from driftloop.monitoring.ledger import Ledger, digest
from driftloop.monitoring.losses.performance import waves
from driftloop.monitoring.records import (
    ArchiveLead,
    ArchiveScore,
    ArchiveScores,
    Finding,
    FindingCode,
    Moment,
    Reference,
    Window,
    changed,
)
from driftloop.monitoring.rows.weights import effective_rows, scaled, weights_of
from driftloop.monitoring.rows.weights import labelled as labelled_rows
from driftloop.monitoring.sequential import bets, scale_of
from driftloop.monitoring.windows import inside
from driftloop.pipelines import registry
from driftloop.pipelines.config.as_trained import as_known
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows.promotion_watch import Plan
from driftloop.pipelines.registry import Version, archive
from driftloop.pipelines.training.scorer import Scorer

Floats = NDArray[np.float64]
# Rows on which all versions are compared at most, spread evenly over the window: enough for a paired difference.
MOST_ROWS = 10_000
LEAST_ROWS = 30
# Past checks that are looked through for earlier windows.
MOST_CHECKS = 64
ARCHIVE_UNREADABLE = FindingCode(
    name="archive_unreadable",
    severities=("info",),
    meaning="a former champion is not compared with the champion, because it cannot read these rows",
    cause="it has other features, another target or other classes than the champion, or its files are damaged",
    remedy="none; it leaves the archive when newer champions take its place",
)


@dataclass(frozen=True)
class Watch:
    """Former champions to score, with their references, on rows of a window that no version was trained on.

    `previous` is the version before a promotion that is watched, `scale` the size at which its differences are clipped.
    """

    versions: tuple[tuple[Version, Reference], ...]
    champion: Version
    window: Window
    newest: str
    stride: int = 1
    previous: str | None = None
    scale: float = 1.0

    @property
    def key(self) -> str:
        """Return what the scores depend on besides the champion and the rows."""
        models = [version.model_id for version, _ in self.versions]
        return digest(models, self.window, self.stride, *([self.previous] if self.previous else []))


def watch(
    config: Project,
    ledger: Ledger,
    champion: Version,
    reference: Reference,
    labelled: Window,
    rows: int,
    plan: Plan | None = None,
) -> tuple[Watch | None, dict[str, str]]:
    """Choose the former champions to score, and return why others cannot read the rows, by version; None without any.

    `config` is the one with which the rows were read, `rows` their number in the labeled window. With the `plan` of a
    watched promotion the previous champion is scored too, on rows from `plan.start` on.
    """
    if not config.trains or champion.newest_row is None:
        return None, {}
    versions, problems = [], {}
    previous = plan.previous if plan is not None else None
    former = archive.former_champions(ledger, champion, config.archive.keep)
    extra = [previous] if previous is not None and previous.number not in {one.number for one in former} else []
    for version in (*former, *extra):
        if version.newest_row is None and version != previous:
            continue
        theirs = readable(config, reference, version)
        if isinstance(theirs, Reference):
            versions.append((version, theirs))
        else:
            problems[version.number] = theirs
    dated = [version for version, _ in versions if version.newest_learned is not None]
    newest = max((champion, *dated), key=lambda version: version.newest_learned)
    start = max(labelled.start, newest.newest_learned, *([plan.start] if plan is not None else []))
    if not versions or start >= labelled.end:
        return None, problems
    window, stride = Window(start=start, end=labelled.end), max(1, -(-rows // MOST_ROWS))
    number = previous.number if previous is not None else None
    pair = [reference, *(theirs for version, theirs in versions if version.number == number)]
    scale = scale_of(*(one.loss for one in pair if one.loss_name == config.loss.name))
    found = Watch(tuple(versions), champion, window, newest.number, stride, number, scale)
    return found, problems


def unreadable(problems: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return the findings on versions that cannot be compared."""
    found = (f"version {number} is not compared: {problem}" for number, problem in problems.items())
    return tuple(ARCHIVE_UNREADABLE.found(message) for message in found)


def readable(config: Project, own: Reference, version: Version) -> Reference | str:
    """Return the reference of a version that can be compared on the champion's rows, otherwise why it cannot."""
    try:
        theirs = registry.reference(version)
    except DriftloopError as error:
        return error.found
    return _misfit(config, own, theirs) or theirs


def _misfit(config: Project, own: Reference, theirs: Reference) -> str | None:
    """Return why a version cannot be compared on the champion's rows; None if it can."""
    targets = [[(column.name, column.kind) for column in one.of_role("target")] for one in (own, theirs)]
    if targets[0] != targets[1]:
        return "it predicts another target"
    read = {name: config.kind(name) for name in config.columns.features}
    lost = [one.name for one in theirs.of_role("feature") if read.get(one.name) != one.kind]
    return f"it needs {listed(lost)}, which the champion does not read in that form" if lost else None


@dataclass
class Comparison:
    """Losses of all versions on the same rows, collected in the pass that scores the champion."""

    config: Project
    watch: Watch
    scorers: tuple[tuple[Version, Reference, Scorer], ...]
    losses: list[Floats] = field(default_factory=list)
    sizes: list[Floats] = field(default_factory=list)
    weights: list[Floats] = field(default_factory=list)
    moments: list[NDArray[np.datetime64]] = field(default_factory=list)

    @classmethod
    def of(cls, config: Project, found: Watch | None, champion: Scorer) -> Comparison | None:
        """Load the models; one with other classes, or with damaged files, is left out."""
        if found is None:
            return None
        scorers = []
        for version, reference in found.versions:
            try:
                scorer = registry.scorer(version, config.training)
            except DriftloopError:
                continue
            if scorer.classes == champion.classes:
                scorers.append((version, reference, scorer))
        return cls(config, found, tuple(scorers)) if scorers else None

    def score(self, rows: pd.DataFrame, predicted: Floats, classes: tuple[str, ...]) -> Any:
        """Return the losses on some of the labeled rows, one column per version, the champion's first."""
        time, target, loss = self.config.columns.time, self.config.columns.target, self.config.loss
        known = inside(rows[time], self.watch.window) & labelled_rows(rows, self.config.columns)
        places = np.flatnonzero(known)[:: self.watch.stride]
        some = rows.iloc[places]
        labels = some[target].to_numpy()
        made = [loss.rows(labels, predicted[places], classes)]
        for _, reference, scorer in self.scorers if len(places) else ():
            made.append(loss.rows(labels, scorer.predict(as_known(some, reference)), classes))
        made += [np.empty(0)] * (1 + len(self.scorers) - len(made))
        size = np.asarray(labels, dtype=np.float64) if loss.relative else np.empty(0)
        weights = weights_of(some, self.config.columns)
        by = np.empty(0) if weights is None else weights
        return np.stack(made, axis=1), size, by, some[time].dt.tz_convert(None).to_numpy()

    def add(self, part: Any) -> None:
        """Add the losses of more rows."""
        losses, size, weights, moments = part
        self.losses.append(losses)
        self.sizes.append(size)
        self.weights.append(weights)
        self.moments.append(moments)

    def scores(self) -> ArchiveScores | None:
        """Return the mean losses with their waves, in order of time; None with too few rows."""
        losses, moments = np.concatenate(self.losses), np.concatenate(self.moments)
        weights = scaled(np.concatenate(self.weights))
        if (len(losses) if weights is None else effective_rows(weights)) < LEAST_ROWS:
            return None
        order = np.argsort(moments, kind="stable")
        sizes = np.concatenate(self.sizes)
        losses = np.stack([self.config.loss.whole(column, sizes, weights) for column in losses.T], axis=1)
        losses = losses[order]
        finite = np.isfinite(losses).all(axis=0)
        slow = waves(np.where(finite, losses, 0.0))
        numbers = [self.watch.champion.number, *(version.number for version, _, _ in self.scorers)]

        def staked(at: int) -> tuple[float, ...]:
            if numbers[at] != self.watch.previous:
                return ()
            with np.errstate(invalid="ignore"):
                return bets(losses[:, 0] - losses[:, at], self.watch.scale)

        scores = tuple(
            ArchiveScore(
                version=number, loss=float(losses[:, at].mean()), waves=tuple(slow[:, at].tolist()), bets=staked(at)
            )
            for at, number in enumerate(numbers)
        )
        return ArchiveScores(
            window=self.watch.window,
            rows=len(losses),
            newest=self.watch.newest,
            scores=scores,
            loss_name=self.config.loss.name,
            weight=self.config.columns.weight,
        )


def judge(
    ledger: Ledger, model: str, scored: ArchiveScores | None, watched: Watch | None, current: Window, now: Moment
) -> ArchiveScores | None:
    """Return the scores of this check with the lead of each version, over this window and those of earlier checks."""
    if scored is None or watched is None:
        return None
    checks = [check for check in ledger.checks(model, most=MOST_CHECKS) if check.archive and check.now < now]
    past = [check.archive for check in sorted(checks, key=lambda check: check.now, reverse=True) if check.archive]
    dated = [version for version, _ in watched.versions if version.newest_row is not None]
    ages = {version.number: (current.end - version.newest_row) / current.length for version in dated}
    return compare(scored, past, ages)


def compare(scored: ArchiveScores, past: Sequence[ArchiveScores], ages: Mapping[str, float]) -> ArchiveScores:
    """Return the scores with the lead of each version over the champion, and the version that leads, if one does.

    `past` are the scores of earlier checks, newest first: those with the same newest version, loss and weights count,
    and of windows that overlap one. `ages` are the ages of the versions at this check, in windows.
    """
    windows, start = [scored], scored.window.start
    for one in past:
        if _measured_by(one) == _measured_by(scored) and one.window.end <= start:
            windows.append(one)
            start = one.window.start
    tables = [{each.version: Scored(each.loss, each.waves) for each in one.scores} for one in windows]
    found = leads(tables, scored.scores[0].version)
    records = tuple(
        ArchiveLead(
            version=version,
            difference=lead.difference,
            error=lead.error,
            windows=lead.windows,
            age_batches=ages.get(version),
        )
        for version, lead in found.items()
    )
    return changed(scored, leads=records, leader=leader(found))


def _measured_by(scores: ArchiveScores) -> tuple[str | None, ...]:
    """Return what the losses of two windows must have in common to be compared."""
    return scores.newest, scores.loss_name, scores.weight


def reason_to_wait(config: Project, ledger: Ledger, current: Window) -> str | None:
    """Return why a check must only report the version that leads; None if it may switch back to it."""
    if not config.archive.act:
        return "only reported (archive.act: false)"
    late = config.columns.label_delay / current.length
    if late > MOST_LATE:
        return f"only reported: labels are {late:.1f} windows late, at most {MOST_LATE} to act"
    chosen = archive.chosen_by_user(ledger, config.model, approvals=not config.promotion.manual)
    if chosen is not None:
        return f"only reported: {chosen}, which stays until a retrain is promoted"
    return None


def describe(scores: ArchiveScores) -> str:
    """Return one sentence on the version that leads.

    >>> lead = ArchiveLead(version="1", difference=0.5, error=0.1, windows=2)
    >>> window = Window(start="2026-01-01T00:00Z", end="2026-01-08T00:00Z")
    >>> describe(ArchiveScores(window=window, rows=840, newest="2", scores=(), leads=(lead,), leader="1"))
    'version 1 is better on rows that neither was trained on: loss lower by 0.5, standard error 0.1 (2 windows)'
    """
    lead = scores.lead
    assert lead is not None
    several = f"{lead.windows} window{'s' * (lead.windows > 1)}"
    return (
        f"version {lead.version} is better on rows that neither was trained on: loss lower by "
        f"{lead.difference:.3g}, standard error {lead.error:.3g} ({several})"
    )
