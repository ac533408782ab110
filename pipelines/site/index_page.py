"""The index of all models, those that need a look first. Pure: one line a model in, HTML out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from driftloop.monitoring.errors import clipped
from driftloop.monitoring.presentation.markup import number, tone_of
from driftloop.monitoring.records import DASH, UNTRAINED, Check, Moment, Outcome, Record, Standing
from driftloop.pipelines.runtime.pages import render as rendered
from driftloop.pipelines.site.glyphs import WORDS, glyph
from driftloop.pipelines.site.history import MarkKind, ModelHistory, Request
from driftloop.pipelines.site.spark import sparkline

SPARK_POINTS = 60
LONGEST = 220
# Fewer models are found at a glance.
FILTERED_FROM = 8
URGENCY = ("bad", "warn", "new", "quiet", "good")
SHEETS = ("presentation/style.css", "site/style.css")


class ModelLine(Record):
    """Line of a model in the index: stored next to its page, so that a check rewrites one line and not all.

    `state` is a digest of what the page was drawn from.
    """

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
    state: str = ""


@dataclass(frozen=True)
class Shown:
    """Texts and sparklines of one line of the index."""

    drift: str
    drift_drawing: Markup
    loss: str
    loss_drawing: Markup
    gate: str


def line_of(history: ModelHistory) -> ModelLine:
    """The one line that the index shows of a history."""
    last = history.checks[-1] if history.checks else None
    judged = history.judged[-SPARK_POINTS:]
    measured = [check.performance for check in judged]
    newest = next((one for one in reversed(measured) if one is not None), None)
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
        loss=tuple(one.loss if one else None for one in measured),
        loss_name=newest.title if newest else "",
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
    taken = asked.state if asked.state in UNTRAINED else "promoted"
    return (history.undone(asked.retrain.version) or taken) if asked.retrain.promoted else "rejected"


def render(lines: Sequence[ModelLine], written: datetime) -> str:
    """Return the whole page; every text in it is escaped, and it loads nothing."""
    ordered = sorted(lines, key=lambda line: (URGENCY.index(_tone(line)), line.model))
    return rendered(
        "site/index.html.j2",
        title="Models · driftloop",
        sheets=SHEETS,
        lines=[(line, _shown(line)) for line in ordered],
        summary=_summary(lines),
        filtered_from=FILTERED_FROM,
        marks=WORDS,
        glyph=glyph,
        written=written,
    )


def _summary(lines: Sequence[ModelLine]) -> str:
    tones = [_tone(line) for line in lines]
    words = {
        "bad": "failed or with bad data",
        "warn": "worse, held back, rejected or waiting",
        "new": "with a new champion",
        "good": "steady",
        "quiet": "without enough rows",
    }
    counts = [f"{tones.count(tone)} {word}" for tone, word in words.items() if tone in tones]
    return " · ".join([f"{len(lines)} model{'s' if len(lines) > 1 else ''}", *counts])


def _tone(line: ModelLine) -> str:
    worse = line.standing == "worse" or line.undone is not None
    return tone_of(line.outcome, worse=worse) if line.outcome else "quiet"


def _shown(line: ModelLine) -> Shown:
    share = next((value for value in reversed(line.drift) if value is not None), None)
    loss = next((value for value in reversed(line.loss) if value is not None), None)
    loss = loss if line.gate_loss is None else line.gate_loss
    before = line.new_champion.partition(" (")[2].removesuffix(")")
    title = f"{line.loss_name} at the last {len(line.loss)} checks, dashed: its reference {number(line.reference_loss)}"
    return Shown(
        drift=DASH if share is None else f"{share:.0%}",
        drift_drawing=sparkline(line.drift, "drift", f"drifted features at the last {len(line.drift)} checks"),
        loss=DASH if loss is None else f"{line.loss_name} {number(loss)}".strip(),
        loss_drawing=sparkline(line.loss, "loss", title, line.reference_loss),
        gate=f"at the gate; {before}" if before else "at the gate",
    )
