"""Status of each model, from the ledger and the registry."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.errors import DriftloopError, ServerUnavailable, UnknownModel, listed, suggestion
from driftloop.monitoring.ledger import Event, Latest, Ledger, members
from driftloop.monitoring.presentation.markup import tone_of
from driftloop.monitoring.presentation.standing import format_loss, format_new_champion, newest_of
from driftloop.monitoring.quality.freshness import stale_of
from driftloop.monitoring.records import Check, Outcome, loss_title, metrics_text, summary, utc, worst
from driftloop.pipelines.operations import services
from driftloop.pipelines.runtime import home, outages
from driftloop.pipelines.runtime.tables import PIPE, Column, Row, Screen, drawn

if TYPE_CHECKING:
    from driftloop.pipelines.registry import Version

# Checks that are read until one is judged, and one has a loss: usually the newest is both.
FAR_ENOUGH = (10, 200)
# Of each column: its title, and whether its cells are numbers.
COLUMNS = {
    "model": False,
    "champion": True,
    "newest rows": False,
    "last check": False,
    "outcome": False,
    "drift": True,
    "loss": False,
    "to reference": True,
    "last retrain": False,
}
URGENCY = ("bad", "warn", "new", "quiet", "good")
COLORS = {"bad": "red", "warn": "yellow", "new": "cyan", "quiet": "bright_black", "good": "green"}


def collect(model: str | None = None) -> list[dict[str, Any]]:
    """Return one row per model: champion and its age, last check and its results, last retrain and its reason.

    If MLflow is unreachable, the rows hold what the ledger knows, and `champion_error` is the reason.
    """
    with closing(Ledger(home.ledger_url())) as ledger:
        known = ledger.models()
        if model is not None and model not in known:
            raise NeverChecked(model, known)
        from driftloop.pipelines.registry.promotion import MOVES

        names = known if model is None else [model]
        champions, error = _champions(names)
        asked = {found.tags.get("driftloop.request_id", "") for found in champions.values()}
        latest = ledger.latest(names, MOVES, asked)
        view = members.view(ledger, names)
        return [
            _of(ledger, latest, name, champions.get(name)) | {"champion_error": error} | services.owner(view, name)
            for name in names
        ]


def as_table(rows: list[dict[str, Any]], *, whole: bool = False, on: Screen = PIPE) -> str:
    """Return one line per model for a terminal, problems first, with the reason below a problem.

    With `whole`, every reason is shown. Outcomes are colored if the screen supports colors.
    """
    if not rows:
        return f"no model has been checked yet in {home.home()}\nnext: driftloop init DATA, or driftloop demo"
    ordered = sorted(rows, key=lambda row: (URGENCY.index(_tone(row)), row["model"]))
    shown = [
        Row([_cell(row, column) for column in COLUMNS], COLORS[_tone(row)], _below(row, whole=whole)) for row in ordered
    ]
    columns = [Column(title, number) for title, number in COLUMNS.items()]
    lines = list(drawn(columns, shown, on, styled=list(COLUMNS).index("outcome")))
    errors = dict.fromkeys(row["champion_error"] for row in rows if row.get("champion_error"))
    return "\n".join([*lines, *(f"the champion is unknown: {error}" for error in errors), *services.footer(rows)])


def _below(row: dict[str, Any], *, whole: bool) -> list[str]:
    """Return the sentences below the line of a model."""
    sentences = []
    if row.get("standing") == "worse":
        sentences.append(f"worse than the reference: {row['loss_in_words']}")
        sentences += row.get("causes_in_words") or []
    elif whole or _new(row):
        sentences.append(row.get("loss_in_words") or "")
    if row.get("stale"):
        sentences.append(f"rows: {row['stale']}")
    if row.get("slices_worse") or (whole and row.get("slices_in_words")):
        sentences.append(f"slices: {row['slices_in_words']}")
    if row.get("metrics_worse") or (whole and row.get("metrics_in_words")):
        sentences.append(f"metrics: {row['metrics_in_words']}")
    if whole and row.get("moved_in_words"):
        sentences.append(f"moved most: {row['moved_in_words']}")
    compared = {"promotion watch": row.get("watch_in_words"), "shadow": row.get("shadow_in_words")}
    sentences += [f"{name}: {sentence}" for name, sentence in compared.items() if sentence]
    if whole and row.get("labels_in_words"):
        sentences.append(f"labels: {row['labels_in_words']}")
    if whole or _tone(row) in {"bad", "warn"}:
        sentences.append(" ".join((row["reason"] or "").split()))
    return [sentence for sentence in sentences if sentence]


def _tone(row: dict[str, Any]) -> str:
    if not row["outcome"]:
        return "quiet"
    worse = row.get("standing") == "worse" or bool(row.get("undone") or row.get("stale"))
    return tone_of(Outcome(row["outcome"]), worse=worse)


class NeverChecked(UnknownModel):
    """The ledger has no model of that name. Exit code 2."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = list(known)
        DriftloopError.__init__(
            self,
            f"no model {name!r} has been checked in {home.home()}",
            expected=f"one of {listed(known)}" if known else "a model checked by `driftloop check`",
            remedy="check the name, and DRIFTLOOP_HOME." + suggestion(name, known),
        )


def _champions(models: list[str]) -> tuple[dict[str, Version], str | None]:
    """Return the champions, or why they are unknown."""
    from driftloop.pipelines import registry

    try:
        with outages.translated():
            return registry.champions(models), None
    except ServerUnavailable as unavailable:
        return {}, unavailable.found


def _of(ledger: Ledger, latest: Latest, model: str, champion: Version | None) -> dict[str, Any]:
    newest = champion.newest_row if champion else None
    serves = champion.number if champion else None
    last, judged, measured, known = _newest(ledger, latest.checks.get(model), model, serves)
    loss = measured.performance if measured else None
    causes = measured.causes if measured and known else None
    slices = measured.slices if measured and known else ()
    metrics = measured.metrics if measured and known else ()
    labels = next((check.labels for check in (last, judged) if check and check.labels), None)
    late = stale_of(last.findings) if last else None
    gate_loss = _gate_loss(latest, champion) if champion else None
    request = latest.requests.get(model)
    moves = latest.events.get(model, [])
    result = json.loads(request["body"]) if request and request["body"] else {}
    moment = last.now if last else utc(datetime.fromisoformat(request["now"])) if request else datetime.now(UTC)
    return {
        "model": model,
        "champion": serves,
        "champion_elsewhere": champion.follows if champion else None,
        "champion_newest_row": newest.isoformat() if newest else None,
        "age_days": round((moment - newest).total_seconds() / 86400, 2) if newest else None,
        "last_check": last.now.isoformat() if last else None,
        "outcome": last.outcome.value if last else None,
        "reason": last.reason if last else None,
        "undone": _undone(moves, last.champion_after) if last and last.champion != last.champion_after else None,
        "standing": loss.standing if loss and known else "unknown",
        **(causes.words if causes else {"cause": "", "advice": ""}),
        "causes_in_words": [": ".join(line) for line in causes.lines] if causes else [],
        "drift_share": judged.drift_share if judged else None,
        "moved": [column.name for column in judged.moved.columns] if judged and judged.moved else [],
        "moved_in_words": judged.moved.sentence() if judged and judged.moved else None,
        "loss_name": loss.loss_name if loss else None,
        "loss": loss.loss if loss else None,
        "loss_version": measured.champion if measured else None,
        "loss_in_words": _loss_text(serves, gate_loss, measured, known=known),
        "gate_loss": gate_loss,
        "reference_loss": loss.reference_loss if loss else None,
        "metrics": {one.metric: one.value for one in measured.metrics} if measured else {},
        "metrics_worse": [one.metric for one in metrics if one.significant],
        "metrics_in_words": metrics_text(metrics) if metrics else None,
        "loss_rise": loss.rise if loss and math.isfinite(loss.rise) else None,
        "slices_worse": [each.name for each in worst(slices)],
        "slices_in_words": summary(slices) if slices else None,
        **_compared(judged if judged and judged.champion_after == serves else None),
        "newest_row": last.newest_row.isoformat() if last and last.newest_row else None,
        "stale": late.message if late else None,
        "label_coverage": labels.coverage if labels else None,
        "label_delay_median_days": labels.delay_median_days if labels else None,
        "label_delay_p95_days": labels.delay_p95_days if labels else None,
        "labels_in_words": labels.sentence() if labels else None,
        "last_retrain": request["now"] if request else None,
        "last_retrain_outcome": (_undone(moves, result.get("version")) or request["state"]) if request else None,
        "last_retrain_why": request["reason"] if request else None,
        "last_retrain_reason": result.get("reason") or (request["error"] if request else None),
        "report": judged.report if judged else None,
    }


def _newest(
    ledger: Ledger, newest: Check | None, model: str, champion: str | None
) -> tuple[Check | None, Check | None, Check | None, bool]:
    """Return the last check, the last judged one, the last one with a loss, and whether that is the champion's.

    Usually they are the same check, and no other is read. A loss from before another version served is not its own.
    """
    last, checks = newest, [newest] if newest else []
    judged = measured = None
    for most in (0, *FAR_ENOUGH) if newest else ():
        checks = ledger.checks(model, most=most) if most else checks
        judged = next((c for c in checks if c.outcome.judged and c.outcome is not Outcome.BOOTSTRAPPED), None)
        measured = newest_of(champion, checks)
        if judged is not None and measured is not None:
            return last, judged, measured, True
    other = next((check for check in checks if check.performance), None)
    return last, judged, measured or other, measured is not None


def _compared(check: Check | None) -> dict[str, str | None]:
    """Return the state of the watch over the last promotion, and of a challenger in shadow, after a check."""
    watch, shadow = (check.watch, check.shadow) if check else (None, None)
    entered = check.retrain.reason if check and check.retrain and check.outcome is Outcome.SHADOWING else None
    return {
        "watch_state": watch.state if watch else None,
        "watch_in_words": watch.sentence if watch else None,
        "shadow_state": shadow.state if shadow else None,
        "shadow_in_words": shadow.sentence if shadow else entered,
    }


def _gate_loss(latest: Latest, champion: Version) -> float | None:
    """Return the loss of the champion on the rows of its gate."""
    end = latest.results.get(champion.tags.get("driftloop.request_id", ""))
    return end.challenger_loss if end else None


def _loss_text(champion: str | None, gate_loss: float | None, measured: Check | None, *, known: bool) -> str | None:
    if champion is not None and measured is not None and known:
        return format_loss(measured.performance) if measured.performance else None
    return format_new_champion(champion, gate_loss, measured) if champion and gate_loss is not None else None


def _undone(moves: Iterable[Event], version: str | None) -> str | None:
    """Return the event that replaced a promoted version outside a retrain, None while it serves."""
    if version is None:
        return None
    for event in moves:
        if str(event.payload.get("version")) == version:
            return None
        if str(event.payload.get("left")) == version:
            return event.kind
    return None


def _cell(row: dict[str, Any], column: str) -> str:
    def day(moment: str | None) -> str:
        return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%d %H:%M") if moment else "-"

    age = row.get("age_days")
    cells = {
        "champion": _serves(row) or ("unknown" if row.get("champion_error") else "none"),
        "newest rows": f"{day(row['champion_newest_row'])[:10]} ({age:.0f}d)" if age is not None else "-",
        "last check": day(row["last_check"]),
        "outcome": _outcome(row),
        "drift": "-" if row["drift_share"] is None else f"{row['drift_share']:.0%}",
        "loss": _loss(row),
        "to reference": "-" if row.get("loss_rise") is None or _new(row) else f"{row['loss_rise']:+.1%}",
        "last retrain": f"{day(row['last_retrain'])[:10]} {_words(row['last_retrain_outcome'])}"
        if row["last_retrain"]
        else "-",
    }
    return str(cells.get(column, row.get(column)))


def _serves(row: dict[str, Any]) -> str | None:
    """Return the champion's number, with its name in the predictions of a model elsewhere."""
    name = row.get("champion_elsewhere")
    return f"{row['champion']} ({name})" if name else row["champion"]


def _outcome(row: dict[str, Any]) -> str:
    """Return the outcome of the last check, with qualifiers."""
    if not row["outcome"]:
        return "-"
    more = ["worse"] if row.get("standing") == "worse" else []
    more += ["stale"] if row.get("stale") else []
    more += [_words(row["undone"])] if row.get("undone") else []
    return ", ".join([row["outcome"], *more])


def _loss(row: dict[str, Any]) -> str:
    if _new(row):
        return f"{loss_title(row.get('loss_name') or '')} {row['gate_loss']:.3g} at the gate".strip()
    return "-" if row["loss"] is None else f"{loss_title(row['loss_name'])} {row['loss']:.3g}"


def _new(row: dict[str, Any]) -> bool:
    """Return whether only the gate, and no check yet, has measured the loss of the champion."""
    return row.get("gate_loss") is not None and row.get("loss_version") != row["champion"]


def _words(kind: str) -> str:
    # A challenger that could not be trained, or not be compared.
    return {"impossible": "no challenger"}.get(kind, kind.replace("_", " "))
