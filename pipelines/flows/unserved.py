"""Report of a model without a champion: its rows compared with the training rows, and the naive baseline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from prefect import get_run_logger

from driftloop.monitoring.drift.reference import PREDICTION, describe, profiled
from driftloop.monitoring.drift.verdicts import basis, judge, lead_of
from driftloop.monitoring.errors import TrainingImpossible
from driftloop.monitoring.losses.performance import assess
from driftloop.monitoring.profiles import Profiles, like
from driftloop.monitoring.quality.preflight import excluded_columns, inspect
from driftloop.monitoring.quality.tally import tally
from driftloop.monitoring.records import (
    Check,
    ColumnScore,
    Finding,
    FindingCode,
    Outcome,
    Performance,
    Reference,
    Window,
    changed,
    share_drifted,
)
from driftloop.monitoring.report.samples import draw
from driftloop.monitoring.rows.weights import Weighing, as_rows, counted, effective_rows, scaled, weights_of
from driftloop.monitoring.rows.weights import labelled as labels_counted
from driftloop.monitoring.windows import within
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.config.training_window import ChosenSpan
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.data.selection import Ordered, sampled
from driftloop.pipelines.flows import measuring
from driftloop.pipelines.flows.choosing import LEAST_ROWS
from driftloop.pipelines.registry import evidence, promotion
from driftloop.pipelines.requests.advice import TRY
from driftloop.pipelines.requests.check_run import CheckRun
from driftloop.pipelines.requests.ends import first_outcome
from driftloop.pipelines.training.baseline import naive_losses
from driftloop.pipelines.training.candidates import halves
from driftloop.pipelines.training.capacity import MOST_SAMPLED
from driftloop.pipelines.training.fit import check_features, check_target
from driftloop.pipelines.training.fit import labelled as labelled_rows
from driftloop.pipelines.training.steps import Parts, divide

FEWEST = 30  # minimum number of training rows to measure drift against
NOT_MEASURED = FindingCode(
    name="not_measured",
    severities=("warning",),
    meaning="there is no champion, and the rows could not be compared with the training rows",
    cause="an error while reading or scoring rows, shown in the message",
    remedy="see the message; the training run itself is not affected",
)


def measured(run: CheckRun, fresh: Fresh, training: Window, labelled: Window, future_rows: int, check: Check) -> Check:
    """Add preflight, drift compared with the training rows, and the baseline's loss to a check; write its report.

    Nothing here affects a decision, so an error becomes a finding and fails nothing.
    """
    try:
        result, page = _measured(run.config, fresh, run.window, training, labelled, future_rows, check)
        result = changed(result, report=str(run.report_file))
        measuring.save_report(page, result, run.report_file)
        if result.mlflow_run_id is not None:
            evidence.log_check(result.mlflow_run_id, result, run.report_file)
    except Exception as error:
        message = f"the rows could not be measured: {type(error).__name__}: {error}"
        get_run_logger().warning("%s", message)
        return changed(check, findings=(*check.findings, NOT_MEASURED.found(message)))
    return result


def without_training(run: CheckRun, fresh: Fresh, training: Window) -> tuple[Outcome, str]:
    """Return the outcome of a dry run without a champion: the action of a real check, or what would prevent it."""
    back = promotion.would_bring_back(run.ledger, run.config.model)
    if back is not None:
        return Outcome.HELD, f"dry run, nothing was changed: {back}"
    config = run.config
    try:
        columns = config.columns
        slim = Ordered(fresh).columns([columns.target, *columns.of_weight])
        parts = divide(config, within(slim, columns.time, training), training)
        known, target = labelled_rows(parts.train, parts.train[columns.target], config.task)
        check_target(target, task=config.task, settings=config.training)
        drawn = within(sampled(fresh, MOST_SAMPLED, config.training.seed).frame, columns.time, training)
        learned = drawn[labels_counted(drawn, columns) & (drawn[columns.time] <= parts.train[columns.time].iloc[-1])]
        check_features(learned, columns.numeric, columns.categorical, config.training)
        held_out = _enough_held_out(config, parts)
    except TrainingImpossible as error:
        advice = TRY.get(error.code, error.remedy)
        reason = f"no champion yet, and a check could not train the first one: {error.found}. To try: {advice}"
        return first_outcome(error.code), f"dry run, nothing was trained: {reason}"
    return Outcome.HELD, (
        f"dry run, nothing was trained: no champion yet; a check would train the first one on {len(known):,} labeled "
        f"rows and promote it if it beats the naive baseline on {held_out:,} held-out rows"
    )


def _enough_held_out(config: Project, parts: Parts) -> int:
    """Return the number of rows for the gate: with `choose` only the newer half of the holdout."""
    older, newer = halves(parts.holdout, config.columns.time)
    chosen = isinstance(config.training.window, ChosenSpan) and len(older) >= LEAST_ROWS
    rows, needed = len(newer if chosen else parts.holdout), config.gate.min_rows
    if rows < needed:
        raise TrainingImpossible(
            "too_few_rows",
            f"{rows:,} held-out rows to judge it by, at least {needed:,} needed (gate.min_rows)",
            expected=f"gate.min_rows: {needed}",
            remedy=TRY["too_few_rows"],
        )
    return rows


def _measured(
    config: Project,
    fresh: Fresh,
    window: Window,
    training: Window,
    labelled: Window,
    future_rows: int,
    check: Check,
) -> tuple[Check, str]:
    columns, rows = config.columns, sampled(fresh, MOST_SAMPLED, config.drift.seed).frame
    current = within(rows, columns.time, window)
    known = within(rows, columns.time, training)
    before = known[known[columns.time] < pd.Timestamp(min(window.start, labelled.start))]
    learned = before if len(before) >= FEWEST else known
    update: dict[str, Any] = {"baseline": _baseline(config, learned, within(rows, columns.time, labelled), labelled)}
    page = ""
    findings: tuple[Finding, ...] = fresh.findings
    if len(before) >= FEWEST and len(current):
        reference = _described(config, before, fresh.source_types)
        due = (current[columns.time] < pd.Timestamp(window.end - columns.label_delay)).to_numpy()
        findings += inspect(
            tally(current, reference, columns.target, due),
            reference,
            config,
            source_types=fresh.source_types,
            repeated_share=fresh.repeated_share(window),
            future_rows=future_rows,
            in_order=fresh.in_order,
            weighing=None if (weights := weights_of(rows, columns)) is None else Weighing.of(weights),
        )
        # A label that is not due yet counts as missing.
        labels = current[columns.target].where(due, None)
        unpredicted = _unpredicted(config, current.assign(**{columns.target: labels}))
        known = _unpredicted(config, before)
        profiles = profiled(known, config, reference.window.end)
        unjudged = excluded_columns(findings)
        scores, page = _scores(
            config, known, unpredicted, reference, profiles, unjudged, lead_of(reference.window, window)
        )
        update |= {"columns": scores, "drift_share": share_drifted(scores)}
        update |= {"drift_basis": basis(reference.window, profiles, reference.columns, config.drift)}
    return changed(check, **update, findings=(*check.findings, *findings)), page


def _described(config: Project, before: pd.DataFrame, source_types: dict[str, str]) -> Reference:
    """Return the training rows as a reference without predictions and loss, because there is no model."""
    time = config.columns.time
    span = Window(start=before[time].min(), end=before[time].max() + pd.Timedelta(microseconds=1))
    known = _unpredicted(config, before)
    reference = describe(known, config, window=span, source_types=source_types, loss=0.0, loss_rows=0)
    return changed(reference, columns=tuple(column for column in reference.columns if column.role != "prediction"))


def _unpredicted(config: Project, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with an empty column of predictions."""
    number = config.kind(PREDICTION) == "numeric"
    nothing = pd.Series(np.nan if number else None, index=rows.index, dtype=float if number else object)
    return rows.assign(**{PREDICTION: nothing})


def _scores(
    config: Project,
    before: pd.DataFrame,
    current: pd.DataFrame,
    reference: Reference,
    profiles: Profiles,
    excluded: frozenset[str],
    lead: float,
) -> tuple[tuple[ColumnScore, ...], str]:
    from driftloop.monitoring.report import measure

    unlabeled = bool(current[config.columns.target].isna().all())
    columns = tuple(
        column
        for column in reference.columns
        if column.name not in excluded and not (unlabeled and column.role == "target")
    )
    then, now = (as_rows(weights_of(side, config.columns)) for side in (before, current))
    decided = judge(profiles, like(profiles, current, now), columns, config.drift, lead=lead)
    sample = draw(before, config.drift.sample_rows, config.drift.seed, then)
    rows = draw(current, config.drift.sample_rows, config.drift.seed, now)
    result = measure(sample, rows, columns, config.drift, decided)
    return result.scores, result.page


def _baseline(config: Project, before: pd.DataFrame, newest: pd.DataFrame, labelled: Window) -> Performance | None:
    """Return the loss of the best constant of the training rows on the newest labeled window: a model must beat it."""
    columns = config.columns
    if any(
        Weighing.of(weights).problem for side in (before, newest) if (weights := weights_of(side, columns)) is not None
    ):
        return None  # a finding reports it
    known, fresh = before[labels_counted(before, columns)], newest[labels_counted(newest, columns)]
    if known.empty or fresh.empty:
        return None
    learned, truth = known[columns.target], fresh[columns.target]
    own_weights, weights = weights_of(known, columns), weights_of(fresh, columns)
    losses = naive_losses(learned, truth, config.loss, own_weights, weights)
    own = naive_losses(learned, learned, config.loss, own_weights, own_weights)
    return assess(
        losses,
        loss_name=config.loss.name,
        window=labelled,
        reference_loss=float(own.mean()),
        reference_rows=counted(known, columns),
        effective_rows=None if scaled(weights) is None or weights is None else effective_rows(weights),
    )
