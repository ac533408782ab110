"""The index of all models, those that need a look first. Pure: one line a model in, HTML out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from driftloop.monitoring.errors import clipped
from driftloop.monitoring.presentation.markup import (
    DASH,
    EMPTY,
    badge,
    number,
    text,
    tone_of,
    verdict_badges,
    with_head,
)
from driftloop.monitoring.records import Check, Moment, Outcome, Record, Standing
from driftloop.pipelines.site.cards import Head, Row, cards
from driftloop.pipelines.site.glyphs import WORDS, glyph
from driftloop.pipelines.site.history import MarkKind, ModelHistory, Request
from driftloop.pipelines.site.spark import sparkline
from driftloop.pipelines.site.style import SITE_STYLE

SPARK_POINTS = 60
LONGEST = 220
URGENCY = ("bad", "warn", "new", "quiet", "good")
HEADS = (
    Head("Model", "name", told=False),
    Head("Verdict", told=False),
    Head("Champion", "w"),
    Head("Drifted"),
    Head("Loss"),
    Head("Last check", "w"),
    Head("Last training", "w"),
)


class ModelLine(Record):
    """What the index tells of a model: kept beside its page, so that a check rewrites one line and not all."""

    model: str
    outcome: Outcome | None = None
    standing: Standing = "unknown"
    undone: MarkKind | None = None
    new_champion: str = ""
    gate_loss: float | None = None
    reason: str = ""
    champion: str | None = None
    last_check: Moment | None = None
    drift: tuple[float | None, ...] = ()
    loss: tuple[float | None, ...] = ()
    loss_name: str = ""
    reference_loss: float | None = None
    last_training: Moment | None = None
    last_training_end: str = ""


def line_of(history: ModelHistory) -> ModelLine:
    """The one line that the index shows of a history."""
    last = history.checks[-1] if history.checks else None
    judged = history.judged[-SPARK_POINTS:]
    seen = [check.performance for check in judged]
    newest = next((one for one in reversed(seen) if one is not None), None)
    asked = history.requests[0] if history.requests else None
    return ModelLine(
        model=history.model,
        outcome=last.outcome if last else None,
        standing=history.standing,
        undone=_undone(history, last),
        new_champion=history.new_champion,
        gate_loss=history.gate_loss if history.new_champion else None,
        reason=clipped(last.reason, LONGEST) if last else "",
        champion=history.champion,
        last_check=last.now if last else None,
        drift=tuple(check.drift_share for check in judged),
        loss=tuple(one.loss if one else None for one in seen),
        loss_name=newest.loss_name if newest else "",
        reference_loss=newest.reference_loss if newest else None,
        last_training=asked.asked_at if asked else None,
        last_training_end=_training_end(history, asked) if asked else "",
    )


def _undone(history: ModelHistory, last: Check | None) -> MarkKind | None:
    """How the promotion of the last check was taken back since, if it was."""
    return history.undone(last.champion_after) if last and last.champion != last.champion_after else None


def _training_end(history: ModelHistory, asked: Request) -> str:
    if asked.retrain is None:
        return asked.state
    return (history.undone(asked.retrain.version) or "promoted") if asked.retrain.promoted else "rejected"


def render(lines: Sequence[ModelLine], written: datetime) -> str:
    """The whole page; every text in it is escaped, and it loads nothing."""
    ordered = sorted(lines, key=lambda line: (URGENCY.index(_tone(line)), line.model))
    body = cards(HEADS, [_row(line) for line in ordered], "whole") if lines else _nothing()
    top = (
        f'<main id="driftloop">\n<header><p class="eyebrow">driftloop</p><h1>Models</h1>{_summary(lines)}</header>\n'
        f'<section class="index">{body}</section>'
        f'<p class="foot">Times are UTC. Written at {written:%Y-%m-%d %H:%M}, after each check anew.</p></main>\n'
    )
    return with_head(EMPTY, title="Models · driftloop", style=SITE_STYLE, top=top)


def _summary(lines: Sequence[ModelLine]) -> str:
    if not lines:
        return ""
    tones = [_tone(line) for line in lines]
    told = [f"{len(lines)} model{'s' if len(lines) > 1 else ''}"]
    words = {
        "bad": "failed or with bad data",
        "warn": "worse, held back, rejected or waiting",
        "new": "with a new champion",
        "good": "steady",
        "quiet": "without enough rows",
    }
    told += [f"{tones.count(tone)} {word}" for tone, word in words.items() if tone in tones]
    return f'<p class="reason">{" · ".join(told)}</p>'


def _nothing() -> str:
    return (
        '<p class="empty">No model has been checked yet.<br>Start with <code>driftloop init DATA</code>, '
        "or with <code>driftloop demo</code>.</p>"
    )


def _worse(line: ModelLine) -> bool:
    return line.standing == "worse"


def _tone(line: ModelLine) -> str:
    return tone_of(line.outcome, worse=_worse(line) or line.undone is not None) if line.outcome else "quiet"


def _row(line: ModelLine) -> Row:
    verdict = verdict_badges(line.outcome, worse=_worse(line)) if line.outcome else badge("quiet", "not checked yet")
    share = next((value for value in reversed(line.drift) if value is not None), None)
    drifted = sparkline(line.drift, "drift", f"drifted features at the last {len(line.drift)} checks")
    told = f"{line.loss_name} at the last {len(line.loss)} checks, dashed: its reference {number(line.reference_loss)}"
    lost = sparkline(line.loss, "loss", told, line.reference_loss)
    if line.undone and line.outcome:
        verdict += f" {badge('warn', WORDS[line.undone])}"
    why = f'<p class="soft" title="{text(line.reason)}">{text(line.reason)}</p>' if line.reason else ""
    return Row(
        (
            f'<div><a href="models/{text(line.model)}.html"><strong>{text(line.model)}</strong></a>{why}</div>',
            verdict,
            text(line.champion) if line.champion else "none",
            _pair(DASH if share is None else f"{share:.0%}", drifted),
            _loss(line, lost),
            f"{line.last_check:%Y-%m-%d %H:%M}" if line.last_check else "never",
            _ended(line),
        )
    )


def _loss(line: ModelLine, drawn: str) -> str:
    """The newest loss; of a new champion that at the gate, with the loss of the version before it as a hint."""
    if line.gate_loss is not None:
        value = f"{line.loss_name} {number(line.gate_loss)}".strip()
        before = line.new_champion.partition(" (")[2].removesuffix(")")
        small = f"at the gate; {before}" if before else "at the gate"
        return f'<span title="{text(line.new_champion)}">{_pair(value, drawn)}<br><small>{text(small)}</small></span>'
    loss = next((value for value in reversed(line.loss) if value is not None), None)
    return _pair(f"{line.loss_name} {number(loss)}" if loss is not None else DASH, drawn)


def _ended(line: ModelLine) -> str:
    """The day of the last training, behind the mark of how it ended."""
    if line.last_training is None:
        return DASH
    kind = next((kind for kind in WORDS if kind == line.last_training_end), None)
    mark = f'<svg width="16" height="16" role="img">{glyph(kind, 8, 8)}</svg>' if kind else ""
    told = text(line.last_training_end)
    return f'<span class="ended" title="{told}">{mark}{line.last_training:%Y-%m-%d}</span>'


def _pair(value: str, drawn: str) -> str:
    return f'<span class="pair"><b>{text(value)}</b>{drawn}</span>'
