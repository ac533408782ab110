"""What a check reports of a model without a champion: its rows against the training rows, and the naive baseline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from prefect import get_run_logger

from driftloop.monitoring.drift.reference import PREDICTION, describe, profiled
from driftloop.monitoring.drift.verdicts import judge
from driftloop.monitoring.errors import TrainingImpossible
from driftloop.monitoring.losses.performance import assess
from driftloop.monitoring.profiles import like
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
from driftloop.monitoring.windows import within
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.config.training_window import ChosenSpan
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.flows import measuring
from driftloop.pipelines.flows.choosing import LEAST_ROWS
from driftloop.pipelines.registry import evidence, promotion
from driftloop.pipelines.requests.advice import TRY
from driftloop.pipelines.requests.check_run import CheckRun
from driftloop.pipelines.requests.ends import first_outcome
from driftloop.pipelines.training.baseline import naive_losses
from driftloop.pipelines.training.candidates import halves
from driftloop.pipelines.training.fit import check as learnable
from driftloop.pipelines.training.fit import labelled as labelled_rows
from driftloop.pipelines.training.steps import Parts, divide

FEWEST = 30  # fewer training rows say nothing of drift
NOT_MEASURED = FindingCode(
    name="not_measured",
    severities=("warning",),
    meaning="there is no champion, and the rows could not be compared with the training rows",
    cause="an error while rows were read or scored; the message has it",
    remedy="see the message; the training itself is not affected",
)


def measured(run: CheckRun, fresh: Fresh, training: Window, labelled: Window, future_rows: int, check: Check) -> Check:
    """Add preflight, drift against the training rows and the baseline's loss to a check, and write its report.

    Nothing of it decides anything, so what goes wrong here is a finding and fails nothing.
    """
    try:
        made, page = _measured(run.config, fresh, run.window, training, labelled, future_rows, check)
        made = changed(made, report=str(run.report_file))
        measuring.save_report(page, made, run.report_file)
        if made.mlflow_run_id is not None:
            evidence.log_check(made.mlflow_run_id, made, run.report_file)
    except Exception as error:
        get_run_logger().warning("the rows could not be measured: %s: %s", type(error).__name__, error)
        said = f"the rows could not be measured: {type(error).__name__}: {error}"
        found = NOT_MEASURED.found(said)
        return changed(check, findings=(*check.findings, found))
    return made


def without_training(run: CheckRun, fresh: Fresh, training: Window) -> tuple[Outcome, str]:
    """Return how a dry run without a champion ends: what a check would do, and what would keep it from that."""
    back = promotion.would_bring_back(run.ledger, run.config.model)
    if back is not None:
        return Outcome.HELD, f"dry run, nothing was changed: {back}"
    config = run.config
    try:
        parts = divide(config, within(fresh.frame, config.columns.time, training), training)
        known, target = labelled_rows(parts.train, parts.train[config.columns.target], config.task)
        learnable(
            known,
            target,
            numeric=config.columns.numeric,
            categorical=config.columns.categorical,
            task=config.task,
            settings=config.training,
        )
        held_out = _enough_held_out(config, parts)
    except TrainingImpossible as error:
        advice = TRY.get(error.code, error.remedy)
        reason = f"there is no champion, and a check could not train the first one: {error.found}. To try: {advice}"
        return first_outcome(error.code), f"dry run, nothing was trained: {reason}"
    return Outcome.HELD, (
        f"dry run, nothing was trained: there is no champion, and a check would train the first one on {len(known):,} "
        f"labeled rows and promote it if it beats the naive baseline on {held_out:,} held-out rows"
    )


def _enough_held_out(config: Project, parts: Parts) -> int:
    """The number of rows that the gate would judge by: under `choose` those of the newer half of the holdout."""
    older, newer = halves(parts.holdout, config.columns.time)
    chosen = isinstance(config.training.window, ChosenSpan) and len(older) >= LEAST_ROWS
    rows, needed = len(newer if chosen else parts.holdout), config.gate.min_rows
    if rows < needed:
        raise TrainingImpossible(
            "too_few_rows",
            f"{rows:,} held-out rows to judge it by, at least {needed:,} are needed (gate.min_rows)",
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
    columns, rows = config.columns, fresh.frame
    current = within(rows, columns.time, window)
    known = within(rows, columns.time, training)
    before = known[known[columns.time] < pd.Timestamp(min(window.start, labelled.start))]
    learned = before if len(before) >= FEWEST else known
    told: dict[str, Any] = {"baseline": _baseline(config, learned, within(rows, columns.time, labelled), labelled)}
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
        )
        # A label that is not due yet is none.
        labels = current[columns.target].where(due, None)
        seen = _unpredicted(config, current.assign(**{columns.target: labels}))
        scores, page = _scores(config, _unpredicted(config, before), seen, reference, excluded_columns(findings))
        told |= {"columns": scores, "drift_share": share_drifted(scores)}
    return changed(check, **told, findings=(*check.findings, *findings)), page


def _described(config: Project, before: pd.DataFrame, source_types: dict[str, str]) -> Reference:
    """The training rows as a reference; there is no model, so nothing is held against its predictions or its loss."""
    time = config.columns.time
    span = Window(start=before[time].min(), end=before[time].max() + pd.Timedelta(microseconds=1))
    known = _unpredicted(config, before)
    made = describe(known, config, window=span, source_types=source_types, loss=0.0, loss_rows=0)
    return changed(made, columns=tuple(one for one in made.columns if one.role != "prediction"))


def _unpredicted(config: Project, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with a column of predictions that has none in it."""
    number = config.kind(PREDICTION) == "numeric"
    nothing = pd.Series(np.nan if number else None, index=rows.index, dtype=float if number else object)
    return rows.assign(**{PREDICTION: nothing})


def _scores(
    config: Project, before: pd.DataFrame, current: pd.DataFrame, reference: Reference, aside: frozenset[str]
) -> tuple[tuple[ColumnScore, ...], str]:
    from driftloop.monitoring.report import measure

    unlabelled = bool(current[config.columns.target].isna().all())
    columns = tuple(
        one for one in reference.columns if one.name not in aside and not (unlabelled and one.role == "target")
    )
    profiles = profiled(before, config, reference.window.end)
    decided = judge(profiles, like(profiles, current), columns, config.drift)
    sample = draw(before, config.drift.sample_rows, config.drift.seed)
    found = measure(sample, draw(current, config.drift.sample_rows, config.drift.seed), columns, config.drift, decided)
    return found.scores, found.page


def _baseline(config: Project, before: pd.DataFrame, newest: pd.DataFrame, labelled: Window) -> Performance | None:
    """The loss of the best constant of the training rows on the newest labeled window: what a model has to beat."""
    target = config.columns.target
    learned, truth = before[target].dropna(), newest[target].dropna()
    if learned.empty or truth.empty:
        return None
    losses = naive_losses(learned, truth, config.loss)
    own = naive_losses(learned, learned, config.loss)
    return assess(
        losses,
        loss_name=config.loss.name,
        window=labelled,
        reference_loss=float(own.mean()),
        reference_rows=len(own),
    )
