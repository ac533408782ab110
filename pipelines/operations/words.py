"""Results as text for a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from driftloop.monitoring.drift.methods import strain
from driftloop.monitoring.presentation.standing import format_loss, remains_worse
from driftloop.monitoring.records import (
    Check,
    ColumnScore,
    MetricValue,
    Outcome,
    Probe,
    drift_summary,
    fairness_summary,
    summary,
)
from driftloop.monitoring.records.figures import figure
from driftloop.pipelines.runtime.tables import PIPE, Column, Row, Screen, drawn, wrapped
from driftloop.pipelines.runtime.terminal import printable

if TYPE_CHECKING:
    from driftloop.pipelines.operations.adopting import Adopted
    from driftloop.pipelines.operations.functions import RetrainResult

SHOWN = 12


SCORES = (Column(usual=24), Column(usual=14), Column(number=True, usual=9), Column(usual=14), Column())
FACTS = (Column(usual=24), Column())
VOTES = (Column(usual=24), Column(usual=14), Column())


def format_check(check: Check, config: Path, on: Screen = PIPE) -> str:
    """Return one line per signal, one line for the verdict, and the next command."""
    champion = f"champion: version {check.champion}" if check.champion else "no champion yet"
    champion += f" ({check.scored_by!r} elsewhere)" if check.scored_by else ""
    lines = wrapped(f"{check.model}  {check.window}  {check.window.rows:,} rows  {champion}", on, later="  ")
    nearest = sorted(check.columns, key=_nearness, reverse=True)[:SHOWN]
    scores = [
        (score.name, score.method, f"{score.score:.3g}", f" limit {score.threshold:.3g}", _mark(score))
        for score in nearest
    ]
    lines += _table(SCORES, scores, on)
    if len(check.columns) > SHOWN:
        lines.append(f"  ... and {len(check.columns) - SHOWN} columns further from their limits")
    lines += _table(FACTS, _facts(check), on)
    lines += _table(VOTES, [(vote.policy, vote.vote, vote.reason) for vote in check.votes], on)
    if check.cached:
        lines.append("  (cached scores: these rows were scored before)")
    lines += _verdict(f"{check.outcome.value.upper()}  {check.reason}", on)
    if check.performance is not None and remains_worse(check):
        lines += wrapped(f"WORSE  {format_loss(check.performance)}", on, later="  ")
    if check.report:
        lines.append(f"report: {check.report}")
    if check.outcome is Outcome.BOOTSTRAPPED:
        again = f"driftloop check {shlex.quote(str(config))}"
        lines.append(f"next: run `{again}` whenever new rows have arrived (with --now for past rows);")
        replay = f"driftloop backtest {shlex.quote(str(config))}"
        lines.append(f"  `{replay}` compares policies; `driftloop status` shows all models")
    return "\n".join(printable(line) for line in lines)


def _facts(check: Check) -> list[tuple[str, str]]:
    """Return the measured values other than the columns' scores, each with its label."""
    facts = []
    if check.drift_basis is not None:
        facts.append(("drift", check.drift_basis.sentence()))
    if check.counting is not None:
        facts.append(("counted", check.counting.sentence()))
    facts += [("table", table.sentence()) for table in check.tables]
    if check.moved is not None:
        facts.append(("moved most", check.moved.sentence()))
    if check.performance is not None:
        loss = check.performance
        interval = f"{figure(loss.loss)} (95% CI {figure(loss.low)} to {figure(loss.high)})"
        reference = f"reference {figure(loss.reference_loss)}"
        facts.append((f"loss {loss.title}", f"{interval} on {loss.rows:,} rows, {reference}"))
    facts += [(f"metric {one.metric}", format_metric(one)) for one in check.metrics]
    if check.slices:
        facts.append(("slices", summary(check.slices)))
    if any(each.drifted for each in check.slice_drift):
        facts.append(("slice drift", drift_summary(check.slice_drift)))
    facts += [("discovered", each.sentence()) for each in check.discovered if each.worse]
    if check.fairness:
        facts.append(("fairness", fairness_summary(check.fairness)))
    if check.causes is not None:
        facts += check.causes.lines
    facts += [("promotion watch", check.watch.sentence)] if check.watch is not None else []
    facts += [("shadow", check.shadow.sentence)] if check.shadow is not None else []
    facts += [("labels", check.labels.sentence())] if check.labels is not None else []
    if check.baseline is not None:
        base = check.baseline
        interval = f"{base.title} {figure(base.loss)} (95% CI {figure(base.low)} to {figure(base.high)})"
        facts.append(("loss of the baseline", f"{interval} on {base.rows:,} rows: the first model must beat it"))
    if check.estimated is not None:
        estimate = check.estimated
        text = estimate.reason if estimate.applicable else f"not applicable: {estimate.reason}"
        facts.append(("loss, estimated", text))
    if check.probe is not None:
        facts.append(("probe", format_probe(check.probe)))
    return [*facts, *((finding.severity, finding.message) for finding in check.findings if finding.severity != "info")]


def format_metric(one: MetricValue) -> str:
    """Return the value of a metric with its interval and its reference.

    >>> format_metric(MetricValue(metric="r2", better="higher", value=0.7, low=0.6, high=0.8, rows=90, reference=0.9))
    '0.7 (95% CI 0.6 to 0.8), reference 0.9: worse'
    """
    if one.value is None:
        return f"cannot be computed: {one.reason}"
    interval = "" if one.low is None or one.high is None else f" (95% CI {figure(one.low)} to {figure(one.high)})"
    reference = "" if one.reference is None else f", reference {figure(one.reference)}"
    return f"{figure(one.value)}{interval}{reference}{': worse' if one.significant else ''}"


def _mark(score: ColumnScore) -> str:
    return "DRIFTED" if score.drifted else "ok"


def _table(columns: Sequence[Column], rows: Sequence[Sequence[str]], on: Screen) -> list[str]:
    return drawn(columns, [Row(cells) for cells in rows], on, gap=1, indent=2) if rows else []


def _verdict(text: str, on: Screen) -> list[str]:
    return wrapped(text.replace("\n", " "), on, later="  ")


def format_probe(probe: Probe) -> str:
    """Format the result of a probe: the gap is the expected gain of a retrain now.

    >>> losses = {"champion_loss": 3.0, "probe_loss": 2.5, "handicap": 0.2, "gap": 0.7}
    >>> format_probe(Probe(**losses, rows=840))
    'expected gain of a retrain 0.7: champion 3, probe 2.5 minus probe bias 0.2 (840 held-out rows)'
    """
    gain = f"expected {'gain' if probe.gap >= 0 else 'loss'} of a retrain {figure(abs(probe.gap))}"
    bias = f" minus probe bias {figure(probe.handicap)}" if probe.handicap else ""
    losses = f"champion {figure(probe.champion_loss)}, probe {figure(probe.probe_loss)}{bias}"
    return f"{gain}: {losses} ({probe.rows:,} held-out rows)"


def format_retrain(retrain: RetrainResult, on: Screen = PIPE) -> str:
    """Format the result of a manual retrain, and the current champion."""
    trained = retrain.promoted or retrain.challenger_loss is not None
    word = "PROMOTED" if retrain.promoted else "REJECTED" if trained else "NOT TRAINED"
    held: dict[str, str] = {Outcome.AWAITING_APPROVAL: "AWAITING APPROVAL", Outcome.SHADOWING: "IN SHADOW"}
    word = held.get(retrain.code, word)
    serves = f"version {retrain.champion} is champion" if retrain.champion else "still no champion"
    return "\n".join(_verdict(f"{word}  {retrain.model}: {serves}. {retrain.reason}", on))


def format_adoption(result: Adopted, config: Path, on: Screen = PIPE) -> str:
    """Format the end of an adoption: the version that serves, notes on the model, and the next command."""
    word = "ADOPTED" if result.promoted else "NOT ADOPTED"
    serves = f"version {result.champion} is champion" if result.champion else "there is still no champion"
    lines = _verdict(f"{word}  {result.model}: {serves}. {result.reason}", on)
    for note in result.notes:
        lines += wrapped(f"note: {note}", on, later="  ")
    if result.promoted:
        lines.append(f"next: `driftloop check {shlex.quote(str(config))}` judges the newest rows with it")
    return "\n".join(printable(line) for line in lines)


def _nearness(score: ColumnScore) -> tuple[bool, float]:
    """Return a sort key: drifted first, then by the distance of the score to its limit."""
    return score.drifted, strain(score)
