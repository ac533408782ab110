"""How results read on a terminal. Strings in, strings out."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from driftloop.monitoring.drift.methods import strain
from driftloop.monitoring.presentation.standing import format_loss, remains_worse
from driftloop.monitoring.records import Check, ColumnScore, Outcome, Probe, Retrain
from driftloop.pipelines.runtime.tables import PIPE, Column, Row, Screen, drawn, wrapped
from driftloop.pipelines.runtime.terminal import printable

SHOWN = 12


SCORES = (Column(usual=24), Column(usual=14), Column(number=True, usual=9), Column(usual=14), Column())
FACTS = (Column(usual=24), Column())
VOTES = (Column(usual=24), Column(usual=14), Column())


def check_in_words(check: Check, config: Path, on: Screen = PIPE) -> str:
    """One line per signal, one verdict line, and where to go next."""
    champion = f"champion: version {check.champion}" if check.champion else "no champion yet"
    lines = wrapped(f"{check.model}  {check.window}  {check.window.rows:,} rows  {champion}", on, later="  ")
    nearest = sorted(check.columns, key=_nearness, reverse=True)[:SHOWN]
    scores = [
        (score.name, score.method, f"{score.score:.4g}", f" limit {score.threshold:.4g}", _mark(score))
        for score in nearest
    ]
    lines += _table(SCORES, scores, on)
    if len(check.columns) > SHOWN:
        lines.append(f"  ... and {len(check.columns) - SHOWN} columns further from their limit")
    lines += _table(FACTS, _facts(check), on)
    lines += _table(VOTES, [(vote.policy, vote.vote, vote.reason) for vote in check.votes], on)
    if check.cached:
        lines.append("  (scores cached: these rows were scored before)")
    lines += _verdict(f"{check.outcome.value.upper()}  {check.reason}", on)
    if check.performance is not None and remains_worse(check):
        lines += wrapped(f"WORSE  {format_loss(check.performance)}", on, later="  ")
    if check.report:
        lines.append(f"report: {check.report}")
    if check.outcome is Outcome.BOOTSTRAPPED:
        again = f"driftloop check {shlex.quote(str(config))}"
        lines.append(f"next: run `{again}` whenever new rows are there (with --now for rows of the past);")
        replay = f"driftloop backtest {shlex.quote(str(config))}"
        lines.append(f"  `{replay}` compares policies; `driftloop status` shows all models")
    return "\n".join(printable(line) for line in lines)


def _facts(check: Check) -> list[tuple[str, str]]:
    """Facts in addition to the columns' scores, each with its label."""
    facts = []
    if check.performance is not None:
        seen = check.performance
        interval = f"{seen.loss:.4g} ({seen.low:.4g} to {seen.high:.4g})"
        facts.append((f"loss {seen.title}", f"{interval} on {seen.rows:,} rows, reference {seen.reference_loss:.4g}"))
    if check.baseline is not None:
        base = check.baseline
        interval = f"{base.title} {base.loss:.4g} ({base.low:.4g} to {base.high:.4g})"
        facts.append(("loss of the baseline", f"{interval} on {base.rows:,} rows: a first model has to beat it"))
    if check.estimated is not None:
        told = check.estimated
        facts.append(("loss, estimated", told.reason if told.applicable else f"not applicable: {told.reason}"))
    if check.probe is not None:
        facts.append(("probe", probe_in_words(check.probe)))
    return [*facts, *((one.severity, one.message) for one in check.findings if one.severity != "info")]


def _mark(score: ColumnScore) -> str:
    return "DRIFTED" if score.drifted else "ok"


def _table(columns: Sequence[Column], rows: Sequence[Sequence[str]], on: Screen) -> list[str]:
    return drawn(columns, [Row(cells) for cells in rows], on, gap=1, indent=2) if rows else []


def _verdict(text: str, on: Screen) -> list[str]:
    return wrapped(text.replace("\n", " "), on, later="  ")


def probe_in_words(probe: Probe) -> str:
    """What a probe measured: the gap is what a retrain would win by now.

    >>> probe_in_words(Probe(champion_loss=3.0, probe_loss=2.5, handicap=0.2, gap=0.7, rows=840))
    'a fresh model would win 0.7: champion 3, probe 2.5 less its handicap 0.2, on 840 rows neither has seen'
    """
    side = f"would win {probe.gap:.4g}" if probe.gap >= 0 else f"would lose {-probe.gap:.4g}"
    cheap = f"probe {probe.probe_loss:.4g}" + (f" less its handicap {probe.handicap:.4g}" if probe.handicap else "")
    return f"a fresh model {side}: champion {probe.champion_loss:.4g}, {cheap}, on {probe.rows:,} rows neither has seen"


def retrain_in_words(model: str, retrain: Retrain, champion: str | None, on: Screen = PIPE) -> str:
    """The end of a retrain that was asked for by hand, and who serves now."""
    trained = retrain.promoted or retrain.challenger_loss is not None
    word = "PROMOTED" if retrain.promoted else "REJECTED" if trained else "NOT TRAINED"
    word = "AWAITING APPROVAL" if retrain.code == Outcome.AWAITING_APPROVAL else word
    serves = f"version {champion} is champion" if champion else "there is still no champion"
    return "\n".join(_verdict(f"{word}  {model}: {serves}. {retrain.reason}", on))


def _nearness(score: ColumnScore) -> tuple[bool, float]:
    """Drifted first, then by how near the score is to its limit, for distances and p-values alike."""
    return score.drifted, strain(score)
