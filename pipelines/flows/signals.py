"""Signals of a check for the policies, from its measurements and the champion's version."""

from __future__ import annotations

from driftloop.monitoring.records import Finding, Reference, Signals
from driftloop.pipelines import registry
from driftloop.pipelines.flows.measuring import Measurement
from driftloop.pipelines.registry import Version
from driftloop.pipelines.requests.check_run import CheckRun
from driftloop.pipelines.training.adopting import SAMPLE, in_sample
from driftloop.pipelines.training.refit import below_gate


def signals_of(
    run: CheckRun, champion: Version, reference: Reference, findings: tuple[Finding, ...], measured: Measurement
) -> Signals:
    """Return the signals without a probe. The champion's age in batches is measured at the end of the window."""
    newest = champion.newest_row
    age_batches = (run.window.end - newest) / run.window.length if newest is not None else None
    late = run.config.columns.label_delay / run.window.length
    findings = (*run.findings, *findings, *measured.slice_findings)
    if champion.tags.get("driftloop.refit") == "true" and age_batches is not None:
        values = (champion.number, measured.performance, age_batches - late)
        if below_gate(*values):
            previous = registry.aliased(run.config.model, registry.PREVIOUS) is not None
            findings = (*findings, *below_gate(*values, previous=previous))
    if champion.tags.get(SAMPLE) == "in_sample" and measured.performance is not None:
        findings = (*findings, in_sample(champion.number, measured.performance))
    return Signals(
        window=run.window,
        rows=run.rows,
        labelled_rows=measured.labelled_rows,
        scores=measured.scores,
        performance=measured.performance,
        metrics=measured.metrics.values,
        class_labels=measured.metrics.class_labels or {},
        slices=measured.slices,
        estimated=measured.estimated,
        champion=champion.number,
        champion_age=run.now - newest if newest is not None else None,
        age_batches=age_batches,
        held_batches=run.config.held_back / run.window.length,
        learned=run.ledger.learned(run.config.model),
        importance=reference.importance or None,
        findings=findings,
        trains=run.config.trains,
    )
