"""How results read on a terminal. Strings in, strings out."""

from __future__ import annotations

import shlex
import textwrap
from pathlib import Path

from driftloop.monitoring.drift.methods import strain
from driftloop.monitoring.presentation.standing import left_worse, loss_in_words
from driftloop.monitoring.records import Check, ColumnScore, Outcome, Probe, Retrain
from driftloop.pipelines.runtime.terminal import printable

SHOWN = 12


def check_in_words(check: Check, config: Path) -> str:
    """One line per signal, one verdict line, and where to go next."""
    champion = f"champion: version {check.champion}" if check.champion else "no champion yet"
    lines = [f"{check.model}  {check.window}  {check.window.rows:,} rows  {champion}"]
    for score in sorted(check.columns, key=_nearness, reverse=True)[:SHOWN]:
        mark = "DRIFTED" if score.drifted else "ok"
        lines.append(
            f"  {score.name:<24.24} {score.method:<14} {score.score:>9.4g}  limit {score.threshold:<7.4g} {mark}"
        )
    if len(check.columns) > SHOWN:
        lines.append(f"  ... and {len(check.columns) - SHOWN} columns further from their limit")
    if check.performance is not None:
        seen = check.performance
        lines.append(
            f"  {'loss ' + seen.loss_name:<24} {seen.loss:.4g} ({seen.low:.4g} to {seen.high:.4g}) "
            f"on {seen.rows:,} rows, reference {seen.reference_loss:.4g}"
        )
    if check.baseline is not None:
        seen = check.baseline
        lines.append(
            f"  {'loss of the baseline':<24} {seen.loss_name} {seen.loss:.4g} ({seen.low:.4g} to {seen.high:.4g}) "
            f"on {seen.rows:,} rows: a first model has to beat it"
        )
    if check.estimated is not None:
        told = check.estimated
        word = told.reason if told.applicable else f"not applicable: {told.reason}"
        lines.append(f"  {'loss, estimated':<24} {word}")
    if check.probe is not None:
        lines.append(f"  {'probe':<24} {probe_in_words(check.probe)}")
    lines += [f"  {finding.severity:<24} {finding.message}" for finding in check.findings if finding.severity != "info"]
    lines += [f"  {vote.policy:<24} {vote.vote:<14} {vote.reason}" for vote in check.votes]
    if check.cached:
        lines.append("  (scores cached: these rows were scored before)")
    verdict = f"{check.outcome.value.upper()}  {check.reason}"
    lines += textwrap.wrap(verdict, 110, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    if check.performance is not None and left_worse(check):
        lines.append(f"WORSE  {loss_in_words(check.performance)}")
    if check.report:
        lines.append(f"report: {check.report}")
    if check.outcome is Outcome.BOOTSTRAPPED:
        again = f"driftloop check {shlex.quote(str(config))}"
        lines.append(f"next: run `{again}` whenever new rows are there (with --now for rows of the past);")
        replay = f"driftloop backtest {shlex.quote(str(config))}"
        lines.append(f"  `{replay}` compares policies; `driftloop status` shows all models")
    return "\n".join(printable(line) for line in lines)


def probe_in_words(probe: Probe) -> str:
    """What a probe measured: the gap is what a retrain would win by now.

    >>> probe_in_words(Probe(champion_loss=3.0, probe_loss=2.5, handicap=0.2, gap=0.7, rows=840))
    'a fresh model would win 0.7: champion 3, probe 2.5 less its handicap 0.2, on 840 rows neither has seen'
    """
    side = f"would win {probe.gap:.4g}" if probe.gap >= 0 else f"would lose {-probe.gap:.4g}"
    cheap = f"probe {probe.probe_loss:.4g}" + (f" less its handicap {probe.handicap:.4g}" if probe.handicap else "")
    return f"a fresh model {side}: champion {probe.champion_loss:.4g}, {cheap}, on {probe.rows:,} rows neither has seen"


def retrain_in_words(model: str, retrain: Retrain, champion: str | None) -> str:
    """The end of a retrain that was asked for by hand, and who serves now."""
    trained = retrain.promoted or retrain.challenger_loss is not None
    word = "PROMOTED" if retrain.promoted else "REJECTED" if trained else "NOT TRAINED"
    word = "AWAITING APPROVAL" if retrain.code == Outcome.AWAITING_APPROVAL else word
    serves = f"version {champion} is champion" if champion else "there is still no champion"
    verdict = f"{word}  {model}: {serves}. {retrain.reason}"
    wrapped = textwrap.wrap(verdict, 110, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return "\n".join(printable(line) for line in wrapped)


def _nearness(score: ColumnScore) -> tuple[bool, float]:
    """Drifted first, then by how near the score is to its limit, for distances and p-values alike."""
    return score.drifted, strain(score)
