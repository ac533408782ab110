"""What is known of each model, from the ledger and the registry."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from monitoring.ledger import Ledger
from monitoring.records import Outcome
from pipelines import home

COLUMNS = ("model", "champion", "newest rows", "last check", "outcome", "drift", "loss", "last retrain")


def collect(model: str | None = None) -> list[dict[str, Any]]:
    """One row a model: champion and its age, last check and what it saw, last retrain and why."""
    with closing(Ledger(home.ledger_url())) as ledger:
        return [_of(ledger, name) for name in ledger.models() if model in {None, name}]


def as_table(rows: list[dict[str, Any]]) -> str:
    """The rows for a terminal."""
    if not rows:
        return f"no model has been checked yet in {home.home()}\nnext: driftloop init DATA, or driftloop demo"
    cells = [[_cell(row, column) for column in COLUMNS] for row in rows]
    widths = [max(len(title), *(len(line[n]) for line in cells)) for n, title in enumerate(COLUMNS)]
    table = [COLUMNS, *cells]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]
    for row, line in zip(rows, lines[1:], strict=True):
        lines[lines.index(line)] = f"{line}\n  {row['reason']}" if row["reason"] else line
    return "\n".join(lines)


def _of(ledger: Ledger, model: str) -> dict[str, Any]:
    from pipelines import registry

    champion = registry.aliased(model, registry.CHAMPION)
    newest = champion.newest_row if champion else None
    checks = ledger.checks(model)
    last = checks[0]
    judged = next((c for c in checks if c.outcome.judged and c.outcome is not Outcome.BOOTSTRAPPED), None)
    retrained = next((c for c in checks if c.retrain is not None), None)
    return {
        "model": model,
        "champion": champion.number if champion else None,
        "champion_newest_row": newest.isoformat() if newest else None,
        "age_days": round((last.now - newest).total_seconds() / 86400, 2) if newest else None,
        "last_check": last.now.isoformat(),
        "outcome": last.outcome.value,
        "reason": last.reason,
        "drift_share": judged.drift_share if judged else None,
        "loss_name": judged.performance.loss_name if judged and judged.performance else None,
        "loss": judged.performance.loss if judged and judged.performance else None,
        "last_retrain": retrained.now.isoformat() if retrained else None,
        "last_retrain_outcome": retrained.outcome.value if retrained else None,
        "last_retrain_reason": retrained.reason if retrained else None,
        "report": judged.report if judged else None,
    }


def _cell(row: dict[str, Any], column: str) -> str:
    def day(moment: str | None) -> str:
        return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%d %H:%M") if moment else "-"

    said = {
        "champion": f"version {row['champion']}" if row["champion"] else "none",
        "newest rows": f"{day(row['champion_newest_row'])[:10]} ({row['age_days']:.0f}d)" if row["champion"] else "-",
        "last check": day(row["last_check"]),
        "drift": "-" if row["drift_share"] is None else f"{row['drift_share']:.0%}",
        "loss": "-" if row["loss"] is None else f"{row['loss_name']} {row['loss']:.4g}",
        "last retrain": f"{day(row['last_retrain'])[:10]} {row['last_retrain_outcome']}"
        if row["last_retrain"]
        else "-",
    }
    return str(said.get(column, row.get(column)))
