"""Measuring steps of a check as Prefect tasks: champion, reference, preflight, drift, loss, report.

The reference and the scores are cached by content (same rows, same champion, same settings), never by time.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import add
from pathlib import Path

import pandas as pd
from prefect.cache_policies import NO_CACHE

from driftloop.monitoring.drift.pointing import most_moved
from driftloop.monitoring.drift.verdicts import basis, judge_family, rows_alone, too_few_blocks
from driftloop.monitoring.ledger import digest
from driftloop.monitoring.profiles import Profiles
from driftloop.monitoring.quality.lateness import Lateness, lateness
from driftloop.monitoring.quality.preflight import inspect
from driftloop.monitoring.quality.tally import Tally, tally
from driftloop.monitoring.records import (
    DRIFT,
    ArchiveScores,
    Causes,
    Check,
    ColumnReference,
    ColumnScore,
    DriftBasis,
    Estimate,
    FairnessGap,
    Finding,
    FoundSlice,
    Moved,
    Performance,
    Reference,
    SliceDrift,
    SliceScore,
    Window,
    changed,
)
from driftloop.monitoring.report.snapshots import Rows
from driftloop.monitoring.rows.weights import Weighing
from driftloop.monitoring.settings.columns import PREDICTION
from driftloop.monitoring.slices import drift as slice_drift
from driftloop.monitoring.slices import fairness, judging
from driftloop.monitoring.windows import within
from driftloop.pipelines import registry
from driftloop.pipelines.config.as_trained import differences
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.flows.comparing import Compared
from driftloop.pipelines.flows.labeled_losses import Metrics
from driftloop.pipelines.flows.paired_losses import Watch, Watches
from driftloop.pipelines.flows.scoring import Scored, score_rows
from driftloop.pipelines.flows.steps import step
from driftloop.pipelines.predictions import prediction_log
from driftloop.pipelines.registry import Version
from driftloop.pipelines.runtime import home, phases
from driftloop.pipelines.runtime.caching import by_content


@dataclass(frozen=True)
class Measurement:
    """Measurements of a check. `cached`: nothing was computed, the same rows were scored before."""

    scores: tuple[ColumnScore, ...]
    performance: Performance | None
    estimated: Estimate | None
    metrics: Metrics
    labelled_rows: int
    page: str
    cached: bool
    slices: tuple[SliceScore, ...]
    slice_drift: tuple[SliceDrift, ...]
    discovered: tuple[FoundSlice, ...]
    fairness: tuple[FairnessGap, ...]
    slice_findings: tuple[Finding, ...]
    drift_basis: DriftBasis
    moved: Moved | None
    drawn: Rows
    archive: ArchiveScores | None = None
    watched: Watch | None = None
    shadow: ArchiveScores | None = None
    causes: Causes | None = None
    profiles: Profiles | None = None


@step(name="find champion", retries=2, retry_delay_seconds=[0.5, 2], cache_policy=NO_CACHE)
def find_champion(model: str) -> Version | None:
    """Return the version with the alias `champion`, if there is one."""
    return registry.aliased(model, registry.CHAMPION)


@step(name="read reference", persist_result=True, cache_key_fn=by_content)
def read_reference(champion: Version, key: str) -> tuple[Reference, Profiles, pd.DataFrame]:
    """Return the champion's reference, its profiles, and a sample of its rows, all artifacts of its version."""
    from driftloop.pipelines.registry import contents

    return registry.reference(champion), contents.profiles(champion), registry.reference_rows(champion)


@step(name="preflight", cache_policy=NO_CACHE)
def preflight(
    config: Project,
    known: Project,
    window: Window,
    fresh: Fresh,
    reference: Reference,
    profiles: Profiles,
    future_rows: int,
) -> tuple[Finding, ...]:
    """Return all findings on the current rows, including findings of reading. `future_rows` have a future time.

    `known` is the config with which the rows were read: it has the champion's features, not the config's.
    """
    time, target = config.columns.time, config.columns.target
    due = window.end - config.columns.label_delay
    counted: list[Tally] = [] if fresh.counted is None else [fresh.counted.tally]
    late = Lateness() if fresh.counted is None else fresh.counted.late
    tallying = Tallying(time, known.columns.target, target, window, due, reference)
    for ends, part in fresh.map(tallying) if fresh.counted is None else ():
        late += ends
        counted.append(part)
    found = inspect(
        reduce(add, counted),
        reference,
        known,
        source_types=fresh.source_types,
        repeated_share=fresh.repeated_share(window),
        future_rows=future_rows,
        in_order=fresh.in_order,
        late=late,
        weighing=None if (weights := fresh.weights()) is None else Weighing.of(weights),
    )
    return fresh.findings + differences(config, reference) + too_few_blocks(profiles, config.drift) + found


@dataclass(frozen=True)
class Tallying:
    """What preflight counts of some canonical rows: where rows and labels end, and the values of the window."""

    time: str
    label: str
    target: str
    window: Window
    due: datetime
    reference: Reference

    def __call__(self, piece: pd.DataFrame) -> tuple[Lateness, Tally]:
        rows = within(piece, self.time, self.window)
        counted = tally(rows, self.reference, self.target, (rows[self.time] < self.due).to_numpy())
        return lateness(piece, self.time, self.label), counted


def measure(
    config: Project,
    champion: Version,
    window: Window,
    labelled: Window,
    fresh: Fresh,
    reference: Reference,
    compared: Compared,
    excluded: frozenset[str],
    watches: Watches,
) -> Measurement:
    """Predict and summarize all rows in one pass, then judge drift and draw the report from the summary."""
    rows = _key_of_rows(config, champion, window, labelled, fresh, compared, watches)
    phases.enter("loss: predicting the rows")
    scored = score_rows(config, champion, fresh, window, labelled, reference, compared.profiles, watches, key=rows)
    judged = tuple(column for column in reference.columns if column.name not in excluded)
    labels = scored.profiles[config.columns.target]
    if labels.nulls == labels.rows:
        judged = tuple(column for column in judged if column.role != "target")
    if config.elsewhere and not (scored.profiles[PREDICTION].rows and compared.profiles[PREDICTION].rows):
        # the finding on rows without a prediction reports it
        judged = tuple(column for column in judged if column.role != "prediction")
    phases.enter("drift: comparing columns, drawing the report")
    own = changed(config.drift, false_alarm_rate=compared.rate)
    drift_key = digest(rows, compared.rate, *(column.model_dump_json() for column in judged))
    at_rate = changed(config, drift=own)
    state = measure_drift(at_rate, reference, compared, scored, judged, key=drift_key, return_state=True)
    found, page = state.result()
    by_drift = any(rule.reads & DRIFT for rule in config.policies.triggers)
    return Measurement(
        scores=found.scores,
        performance=scored.performance,
        estimated=scored.estimated,
        metrics=scored.metrics,
        labelled_rows=scored.performance.rows if scored.performance else fresh.labeled_apart,
        page=zlib.decompress(page).decode(),
        cached=state.name == "Cached",
        slices=found.slices,
        slice_drift=found.slice_drift,
        drift_basis=basis(compared.window, compared.profiles, judged, own, compared.same_period),
        moved=most_moved(found.scores, reference.importance, triggers=by_drift),
        drawn=Rows(compared.sample, scored.sample, judged, found.scores),
        archive=scored.archive,
        watched=watches.archive,
        shadow=scored.shadow,
        causes=scored.causes,
        profiles=scored.profiles,
        discovered=found.discovered,
        fairness=found.fairness,
        slice_findings=scored.sliced.findings
        + judging.discovered(found.discovered)
        + fairness.findings(found.fairness),
    )


def _key_of_rows(
    config: Project,
    champion: Version,
    window: Window,
    labelled: Window,
    fresh: Fresh,
    compared: Compared,
    watches: Watches,
) -> str:
    """Return what the summary of the rows depends on."""
    settings = config.drift.model_dump_json()
    rows = digest(fresh.digest, champion.model_id, prediction_log.standing(config), window, labelled, config.loss.name)
    rows = digest(rows, config.columns.label_delay, settings, [metric.name for metric in config.measured])
    rows = digest(rows, config.columns.weight) if config.columns.weight is not None else rows
    if config.slices:
        rows = digest(rows, *(each.model_dump_json() for each in config.slices))
    rows = digest(rows, *watches.key) if watches.key else rows
    if config.fairness:
        rows = digest(rows, config.fairness.model_dump_json())
    return digest(rows, compared.key) if compared.key else rows


@dataclass(frozen=True)
class Decided:
    """Everything that is judged as one family: drift of the columns, losses and drift of the slices."""

    scores: tuple[ColumnScore, ...]
    slices: tuple[SliceScore, ...]
    slice_drift: tuple[SliceDrift, ...]
    discovered: tuple[FoundSlice, ...]
    fairness: tuple[FairnessGap, ...]


@step(name="measure drift", persist_result=True, cache_key_fn=by_content)
def measure_drift(
    config: Project,
    reference: Reference,
    compared: Compared,
    scored: Scored,
    columns: tuple[ColumnReference, ...],
    key: str,
) -> tuple[Decided, bytes]:
    """Return a score for every column from all rows, judged slices, and Evidently's page from samples of the rows.

    The page is compressed by zlib at its fastest level: it is kept for the next run on the same rows.

    Prefect's own compressing serializer is not used: its settings get lost in the API, and clients cannot read the run.
    """
    from driftloop.monitoring.report import measure as run_evidently
    from driftloop.monitoring.report.shared_script import detached

    # Of weighted rows the samples hold some more than once.
    profiles, sample = compared.profiles, compared.sample
    alike = not (profiles.weighted or scored.profiles.weighted)
    drifts = slice_drift.measure(
        config.slices,
        config.columns,
        columns,
        sample,
        scored.sample,
        reference.slices,
        known_chance=rows_alone(basis(compared.window, profiles, columns, config.drift), config.drift) and alike,
    )
    p_values = [each.p_value for each in scored.sliced.scores]
    p_values += [each.p_value for each in drifts] + [each.p_value for each in scored.fairness]
    p_values += [each.p_value for each in scored.discovered]
    tested = [p_value for p_value in p_values if p_value is not None]
    family = judge_family(profiles, scored.profiles, columns, config.drift, tested, lead=compared.lead)
    measured = run_evidently(sample, scored.sample, columns, config.drift, family.scores)
    slices = judging.decide(scored.sliced.scores, family.level)
    gaps = fairness.decide(scored.fairness, family.level)
    worse = judging.decide_found(scored.discovered, family.level)
    decided = Decided(measured.scores, slices, slice_drift.decide(drifts, family.level), worse, gaps)
    return decided, zlib.compress(detached(measured.page).encode(), level=1)


@step(name="save report", cache_policy=NO_CACHE)
def save_report(page: str, check: Check, path: Path) -> None:
    """Write Evidently's page with the verdict at the top, and a link to the model's page if the check writes it."""
    from driftloop.monitoring.report import write_report
    from driftloop.pipelines.site.writing import page_of

    path.parent.mkdir(parents=True, exist_ok=True)
    site = page_of(check.model)
    write_report(page, check, path, home.scripts(), None if check.dry_run and not site.exists() else site)
