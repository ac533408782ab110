"""Two windows of a model's rows next to each other: which columns differ, by how much, and how they are distributed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from driftloop.monitoring import sources
from driftloop.monitoring.drift.methods import METHODS, strain
from driftloop.monitoring.drift.reference import PREDICTION, describe, prediction_column, profiled
from driftloop.monitoring.drift.verdicts import judge_family, lead_of
from driftloop.monitoring.errors import NothingToCompare
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.profiles import like
from driftloop.monitoring.records import (
    Check,
    ColumnReference,
    ColumnScore,
    Outcome,
    Record,
    Reference,
    Standing,
    Window,
    changed,
)
from driftloop.monitoring.report.histograms import Bin, histogram
from driftloop.monitoring.report.samples import draw
from driftloop.monitoring.rows.weights import as_rows, weights_of
from driftloop.pipelines import registry
from driftloop.pipelines.config import own_code
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import Fresh, read_fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.registry import Version
from driftloop.pipelines.runtime import home, phases

# Checks in which the windows are looked for.
MOST_CHECKS = 5_000


class Side(Record):
    """One of the windows, with the values of its newest check; null if no check judged exactly these rows."""

    window: Window
    rows: int
    check_id: str | None = None
    outcome: Outcome | None = None
    champion: str | None = None
    drift_share: float | None = None
    loss_name: str | None = None
    loss: float | None = None
    standing: Standing = "unknown"


class ColumnPair(Record):
    """A column in both windows. Means are null for categories, `importance` is the champion's."""

    score: ColumnScore
    importance: float | None
    missing: tuple[float, float]
    means: tuple[float | None, float | None]
    bins: tuple[Bin, ...]


class WindowComparison(Record):
    """Both windows and their columns, those that differ most first. Scores are of the later window, compared with the
    earlier one; thresholds are those of a check whose reference is the earlier window.
    """

    model: str
    earlier: Side
    later: Side
    champion: str | None
    columns: tuple[ColumnPair, ...]
    notes: tuple[str, ...]

    @property
    def differing(self) -> tuple[ColumnPair, ...]:
        """The columns that differ beyond their thresholds."""
        return tuple(pair for pair in self.columns if pair.score.drifted)


@dataclass(frozen=True)
class Span:
    """A window as a user names it: its end, or its start and end."""

    end: datetime
    start: datetime | None = None

    def window(self, length: timedelta) -> Window:
        """Return the window; one that is named by its end has this length."""
        return Window(start=self.start or self.end - length, end=self.end)


def compare_windows(project: Project, spans: Sequence[Span]) -> WindowComparison:
    """Compare two windows; without spans, the newest checked window with the checked one before it.

    Reads the rows of both, and predicts them with the champion if it uses the features of the config. Raises
    `NothingToCompare` for a window without rows, and for the same window twice.
    """
    with closing(Ledger(home.ledger_url())) as ledger:
        checks = [check for check in ledger.checks(project.model, MOST_CHECKS) if check.columns]
    windows = _windows(project, spans, checks)
    champion = registry.aliased(project.model, registry.CHAMPION)
    phases.enter("reading rows")
    read = [_read(project, window, champion) for window in windows]
    reference = registry.reference(champion) if champion else None
    frames = [fresh.frame for fresh in read]
    notes = [_overlap(windows)] if windows[1].start < windows[0].end else []
    problem = _unlike(project, champion, reference)
    if champion is not None and problem is None:
        frames = [_predicted(project, champion, frame) for frame in frames]
    else:
        notes += [problem] if problem else []
        frames = [frame.assign(**{PREDICTION: np.nan}) for frame in frames]
    phases.enter("comparing columns")
    columns = _columns(project, frames, windows, reference.importance if reference else {})
    sides = [_side(window, len(frame), checks) for window, frame in zip(windows, frames, strict=True)]
    return WindowComparison(
        model=project.model,
        earlier=sides[0],
        later=sides[1],
        champion=champion.number if champion else None,
        columns=columns,
        notes=tuple(notes),
    )


def _windows(project: Project, spans: Sequence[Span], checks: Sequence[Check]) -> tuple[Window, Window]:
    """Return both windows, the earlier one first."""
    if spans:
        found = [span.window(project.windows.current) for span in spans]
    else:
        # Newest first; a window that was checked twice counts once.
        ends = dict.fromkeys((check.window.start, check.window.end) for check in checks)
        found = [Window(start=start, end=end) for start, end in list(ends)[:2]]
        if len(found) < 2:
            raise NothingToCompare(
                f"{project.model}: {len(found)} checked windows",
                "two checked windows, or two windows of the source",
                f"name them: driftloop compare {project.file} --windows START..END START..END",
            )
    first, second = sorted(found, key=lambda window: (window.end, window.start))
    if first == second:
        raise NothingToCompare(f"the window {first} twice", "two different windows", "name another one")
    return first, second


def _read(project: Project, window: Window, champion: Version | None) -> Fresh:
    follows = champion.follows if champion else None
    # Labels as they are known today, also those that were late at the check of the window.
    fresh = read_fresh(Query(project, window, project.folder, datetime.now(UTC), follows))
    if not len(fresh):
        there = sources.span(project.source, project.reading, project.folder)
        ends = [f"{moment:%Y-%m-%d %H:%M}" for moment in (there.start, there.end)] if there else []
        found = f"; the source has rows from {' to '.join(ends)}" if ends else ""
        raise NothingToCompare(f"no rows in {window}{found}", "rows in both windows", "name a window with rows")
    return fresh


def _overlap(windows: Sequence[Window]) -> str:
    shared = f"{windows[1].start:%Y-%m-%d %H:%M} to {windows[0].end:%Y-%m-%d %H:%M}"
    return f"the windows overlap from {shared}: rows there are in both, which makes differences smaller"


def _unlike(project: Project, champion: Version | None, reference: Reference | None) -> str | None:
    """Return why predictions are not compared; None if they are."""
    if champion is None or reference is None:
        return "no champion: predictions are not compared"
    theirs = {column.name: column.kind for column in reference.of_role("feature")}
    if all(name in project.columns.features and project.kind(name) == kind for name, kind in theirs.items()):
        return None
    return f"version {champion.number} uses other features than the config: its predictions are not compared"


def _predicted(project: Project, champion: Version, frame: pd.DataFrame) -> pd.DataFrame:
    own_code.importable(project)
    scorer = registry.scorer(champion, project.training)
    return frame.assign(**{PREDICTION: prediction_column(scorer.predict(frame), scorer.classes)})


def _columns(
    project: Project, frames: Sequence[pd.DataFrame], windows: Sequence[Window], importance: dict[str, float]
) -> tuple[ColumnPair, ...]:
    """Return the columns that have a value in both windows or in one of them, the highest score first."""
    old, new = frames
    empty = {name for name in (PREDICTION, project.columns.target) if old[name].isna().all() and new[name].isna().all()}
    settings, weights = project.drift, [weights_of(frame, project.columns) for frame in frames]
    known = describe(old, project, window=windows[0], source_types={}, loss=0.0, loss_rows=1).columns
    judged = tuple(column for column in known if column.name not in empty)
    profiles = profiled(old, project, windows[0].end)
    family = judge_family(profiles, like(profiles, new, weights[1]), judged, settings, lead=max(lead_of(*windows), 0.0))
    samples = [
        draw(frame, settings.sample_rows, settings.seed, as_rows(by)) for frame, by in zip(frames, weights, strict=True)
    ]
    scores = family.scores
    if any(not METHODS[column.method].own for column in judged):
        from driftloop.monitoring.report import measure

        scores = measure(samples[0], samples[1], judged, changed(settings, report_columns=1), scores).scores
    by_name = {column.name: column for column in judged}
    pairs = [_pair(score, by_name[score.name], frames, samples, importance) for score in scores]
    return tuple(sorted(pairs, key=lambda pair: (not pair.score.drifted, -strain(pair.score), pair.score.name)))


def _pair(
    score: ColumnScore,
    column: ColumnReference,
    frames: Sequence[pd.DataFrame],
    samples: Sequence[pd.DataFrame],
    importance: dict[str, float],
) -> ColumnPair:
    sides = [frame[score.name] for frame in frames]
    return ColumnPair(
        score=score,
        importance=importance.get(score.name),
        missing=(float(sides[0].isna().mean()), float(sides[1].isna().mean())),
        means=(_mean(sides[0], column), _mean(sides[1], column)),
        bins=histogram(samples[0][score.name], samples[1][score.name], column),
    )


def _mean(values: pd.Series, column: ColumnReference) -> float | None:
    if column.kind != "numeric" or values.isna().all():
        return None
    numbers = values.to_numpy(np.float64)
    return float(numbers[np.isfinite(numbers)].mean()) if np.isfinite(numbers).any() else None


def _side(window: Window, rows: int, checks: Sequence[Check]) -> Side:
    check = next((one for one in checks if (one.window.start, one.window.end) == (window.start, window.end)), None)
    if check is None:
        return Side(window=window, rows=rows)
    loss = check.performance
    return Side(
        window=window,
        rows=rows,
        check_id=check.check_id,
        outcome=check.outcome,
        champion=check.champion,
        drift_share=check.drift_share,
        loss_name=loss.title if loss else None,
        loss=loss.loss if loss else None,
        standing=check.standing,
    )


def page_of(model: str, earlier: Window, later: Window) -> Path:
    """Return the file of the page of a comparison."""
    names = "_".join(f"{moment:%Y%m%dT%H%M}" for window in (earlier, later) for moment in (window.start, window.end))
    return home.reports(model) / f"windows_{names}.html"
