"""What is known of each model, from the ledger and the registry."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from textwrap import wrap
from typing import Any

import click

from monitoring.errors import DriftloopError, UnknownModel, listed, meant
from monitoring.ledger import Ledger
from monitoring.markup import OUTCOMES
from monitoring.records import Check, Outcome, utc
from pipelines import home
from pipelines.terminal import printable

FAR_ENOUGH = 200
# Of each column: its title, and whether its cells stand to the right, as numbers do.
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
COLOURS = {"bad": "red", "warn": "yellow", "new": "cyan", "quiet": "bright_black", "good": "green"}


def collect(model: str | None = None) -> list[dict[str, Any]]:
    """One row a model: champion and its age, last check and what it saw, last retrain and why."""
    with closing(Ledger(home.ledger_url())) as ledger:
        known = ledger.models()
        if model is not None and model not in known:
            raise NeverChecked(model, known)
        return [_of(ledger, name) for name in known if model in {None, name}]


def as_table(rows: list[dict[str, Any]], *, whole: bool = False) -> str:
    """One line a model for a terminal, those that need a look first, with the reason below where there is a need.

    `whole` tells every reason. Outcomes are coloured; what writes to a file or a pipe takes the colours out.
    """
    if not rows:
        return f"no model has been checked yet in {home.home()}\nnext: driftloop init DATA, or driftloop demo"
    ordered = sorted(rows, key=lambda row: (URGENCY.index(_tone(row)), row["model"]))
    cells = [[printable(_cell(row, column)) for column in COLUMNS] for row in ordered]
    widths = [max(map(len, column)) for column in zip(COLUMNS, *cells, strict=True)]
    told = [_line(list(COLUMNS), widths, "bold")]
    for row, line in zip(ordered, cells, strict=True):
        told.append(_line(line, widths, COLOURS[_tone(row)]))
        if whole or _tone(row) in {"bad", "warn"}:
            verdict = " ".join((row["reason"] or "").split())
            wrapped = wrap(verdict, 110, initial_indent="  ", subsequent_indent="  ", break_long_words=False)
            told += [printable(one) for one in wrapped]
    return "\n".join(told)


def _line(cells: list[str], widths: list[int], style: str) -> str:
    """A heading in bold, or a line whose outcome has a colour."""
    right = list(COLUMNS.values())
    padded = [
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(cells, widths, right, strict=True)
    ]
    padded[-1] = padded[-1].rstrip()
    if style == "bold":
        return click.style("  ".join(padded), bold=True)
    at = list(COLUMNS).index("outcome")
    padded[at] = click.style(padded[at], fg=style)
    return "  ".join(padded)


def _tone(row: dict[str, Any]) -> str:
    return OUTCOMES[Outcome(row["outcome"])][0] if row["outcome"] else "quiet"


class NeverChecked(UnknownModel):
    """A name of which the ledger holds nothing. Exit code 2."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = list(known)
        DriftloopError.__init__(
            self,
            f"no model {name!r} has been checked in {home.home()}",
            expected=f"one of {listed(known)}" if known else "a model that `driftloop check` has seen",
            remedy="check the name, and DRIFTLOOP_HOME." + meant(name, known),
        )


def _of(ledger: Ledger, model: str) -> dict[str, Any]:
    from pipelines import registry

    champion = registry.aliased(model, registry.CHAMPION)
    newest = champion.newest_row if champion else None
    last, judged = _newest(ledger, model)
    seen = judged.performance if judged else None
    asked = next(iter(ledger.requests(model, most=1)), None)
    ended = json.loads(asked["body"]) if asked and asked["body"] else {}
    moment = last.now if last else utc(datetime.fromisoformat(asked["now"])) if asked else datetime.now(UTC)
    return {
        "model": model,
        "champion": champion.number if champion else None,
        "champion_newest_row": newest.isoformat() if newest else None,
        "age_days": round((moment - newest).total_seconds() / 86400, 2) if newest else None,
        "last_check": last.now.isoformat() if last else None,
        "outcome": last.outcome.value if last else None,
        "reason": last.reason if last else None,
        "drift_share": judged.drift_share if judged else None,
        "loss_name": seen.loss_name if seen else None,
        "loss": seen.loss if seen else None,
        "reference_loss": seen.reference_loss if seen else None,
        "loss_rise": seen.rise if seen and math.isfinite(seen.rise) else None,
        "last_retrain": asked["now"] if asked else None,
        "last_retrain_outcome": asked["state"] if asked else None,
        "last_retrain_why": asked["reason"] if asked else None,
        "last_retrain_reason": ended.get("reason") or (asked["error"] if asked else None),
        "report": judged.report if judged else None,
    }


def _newest(ledger: Ledger, model: str) -> tuple[Check | None, Check | None]:
    """The last check and the last that measured something. Mostly they are one, and no other is read."""
    last = judged = None
    for most in (1, FAR_ENOUGH):
        checks = ledger.checks(model, most=most)
        last = checks[0] if checks else None
        judged = next((c for c in checks if c.outcome.judged and c.outcome is not Outcome.BOOTSTRAPPED), None)
        if judged is not None:
            break
    return last, judged


def _cell(row: dict[str, Any], column: str) -> str:
    def day(moment: str | None) -> str:
        return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%d %H:%M") if moment else "-"

    age = row.get("age_days")
    said = {
        "champion": row["champion"] or "none",
        "newest rows": f"{day(row['champion_newest_row'])[:10]} ({age:.0f}d)" if age is not None else "-",
        "last check": day(row["last_check"]),
        "outcome": row["outcome"] or "-",
        "drift": "-" if row["drift_share"] is None else f"{row['drift_share']:.0%}",
        "loss": "-" if row["loss"] is None else f"{row['loss_name']} {row['loss']:.4g}",
        "to reference": "-" if row.get("loss_rise") is None else f"{row['loss_rise']:+.1%}",
        "last retrain": f"{day(row['last_retrain'])[:10]} {row['last_retrain_outcome']}"
        if row["last_retrain"]
        else "-",
    }
    return str(said.get(column, row.get(column)))
