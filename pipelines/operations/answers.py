"""Answers to questions about a model, from its last judged check and the ledger. Nothing is changed or measured."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Check
from driftloop.pipelines.operations.status import NeverChecked
from driftloop.pipelines.runtime import home

LOOKED_BACK = 50  # checks among which the last judged one is looked for
HEAD = ("model", "check_id", "outcome", "reason", "window", "champion", "champion_after", "now", "report")


def why(model: str) -> dict[str, Any]:
    """Return the decision of the last judged check: votes with numbers and limits, and the retrain it led to."""
    return _about(model, "decision", "votes", "retrain")


def changes(model: str) -> dict[str, Any]:
    """Return what the last judged check found different: drift of columns and slices, loss, metrics, findings."""
    found = _about(model, "drift_share", "moved", "performance", "standing", "metrics", "slices", "findings")
    drifted = [column for column in _judged(model).model_dump(mode="json")["columns"] if column["drifted"]]
    return found | {"drifted_columns": drifted}


def gain(model: str) -> dict[str, Any]:
    """Return what a retrain would gain, as far as it is known: the last probe, its votes, and what backtests taught.

    Losses are in the unit of the model's loss; a gap is the loss that a fresh model would have less per row.
    """
    with closing(Ledger(home.ledger_url())) as ledger:
        learned = ledger.learned(model)
        checks = ledger.checks(model, most=LOOKED_BACK)
    probed = next((check for check in checks if check.probe is not None), None)
    found = _about(model, "decision", "votes", "estimated", "archive")
    last = probed.model_dump(mode="json", include={"window", "probe"}) if probed else None
    return found | {"last_probe": last, "learned": learned.model_dump(mode="json") if learned else None}


def _about(model: str, *fields: str) -> dict[str, Any]:
    whole = _judged(model).model_dump(mode="json")
    return {name: whole[name] for name in (*HEAD, *fields)}


def _judged(model: str) -> Check:
    """Return the last judged check; without one the last check, whose reason explains why nothing was judged."""
    with closing(Ledger(home.ledger_url())) as ledger:
        checks = ledger.checks(model, most=LOOKED_BACK)
        if not checks:
            raise NeverChecked(model, ledger.models())
    return next((check for check in checks if check.outcome.judged), checks[0])
