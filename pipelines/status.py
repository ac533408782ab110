"""What is known of each model, from the ledger and the registry."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from textwrap import wrap
from typing import Any

from monitoring.errors import DriftloopError, UnknownModel, listed, meant
from monitoring.ledger import Ledger
from monitoring.records import Outcome, utc
from pipelines import home
from pipelines.words import printable

FAR_ENOUGH = 200
COLUMNS = ("model", "champion", "newest rows", "last check", "outcome", "drift", "loss", "last retrain")


def collect(model: str | None = None) -> list[dict[str, Any]]:
    """One row a model: champion and its age, last check and what it saw, last retrain and why."""
    with closing(Ledger(home.ledger_url())) as ledger:
        known = ledger.models()
        if model is not None and model not in known:
            raise NeverChecked(model, known)
        return [_of(ledger, name) for name in known if model in {None, name}]


def as_table(rows: list[dict[str, Any]]) -> str:
    """The rows for a terminal, each with the last check's reason below it."""
    if not rows:
        return f"no model has been checked yet in {home.home()}\nnext: driftloop init DATA, or driftloop demo"
    table = [list(COLUMNS), *([_cell(row, column) for column in COLUMNS] for row in rows)]
    widths = [max(len(line[at]) for line in table) for at in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]
    told = lines[:1]
    for row, line in zip(rows, lines[1:], strict=True):
        told.append(line)
        verdict = " ".join((row["reason"] or "").split())
        told += wrap(verdict, 110, initial_indent="  ", subsequent_indent="  ", break_long_words=False)
    return "\n".join(printable(line) for line in told)


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
    checks = ledger.checks(model, most=FAR_ENOUGH)
    last = checks[0] if checks else None
    judged = next((c for c in checks if c.outcome.judged and c.outcome is not Outcome.BOOTSTRAPPED), None)
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
        "last_retrain": asked["now"] if asked else None,
        "last_retrain_outcome": asked["state"] if asked else None,
        "last_retrain_why": asked["reason"] if asked else None,
        "last_retrain_reason": ended.get("reason") or (asked["error"] if asked else None),
        "report": judged.report if judged else None,
    }


def _cell(row: dict[str, Any], column: str) -> str:
    def day(moment: str | None) -> str:
        return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%d %H:%M") if moment else "-"

    said = {
        "champion": f"version {row['champion']}" if row["champion"] else "none",
        "newest rows": f"{day(row['champion_newest_row'])[:10]} ({row['age_days']:.0f}d)"
        if row["age_days"] is not None
        else "-",
        "last check": day(row["last_check"]),
        "outcome": row["outcome"] or "-",
        "drift": "-" if row["drift_share"] is None else f"{row['drift_share']:.0%}",
        "loss": "-" if row["loss"] is None else f"{row['loss_name']} {row['loss']:.4g}",
        "last retrain": f"{day(row['last_retrain'])[:10]} {row['last_retrain_outcome']}"
        if row["last_retrain"]
        else "-",
    }
    return str(said.get(column, row.get(column)))
