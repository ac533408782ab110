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
    return _of(_judged(_checks(model)), "decision", "votes", "retrain")


def changes(model: str) -> dict[str, Any]:
    """Return what the last judged check found different: drift of columns and slices, loss, metrics, findings."""
    check = _judged(_checks(model))
    found = _of(check, "drift_share", "moved", "performance", "standing", "metrics", "slices", "findings")
    return found | {"drifted_columns": [one.model_dump(mode="json") for one in check.columns if one.drifted]}


def gain(model: str) -> dict[str, Any]:
    """Return what a retrain would gain, as far as it is known: the last probe, its votes, and what backtests taught.

    Losses are in the unit of the model's loss; a gap is the loss that a fresh model would have less per row.
    """
    checks = _checks(model)
    with closing(Ledger(home.ledger_url())) as ledger:
        learned = ledger.learned(model)
    probed = next((check for check in checks if check.probe is not None), None)
    last = probed.model_dump(mode="json", include={"window", "probe"}) if probed else None
    found = _of(_judged(checks), "decision", "votes", "estimated", "archive")
    return found | {"last_probe": last, "learned": learned.model_dump(mode="json") if learned else None}


def _checks(model: str) -> list[Check]:
    """Return the newest checks of a model, newest first; without one raises `NeverChecked`."""
    with closing(Ledger(home.ledger_url())) as ledger:
        checks = ledger.checks(model, most=LOOKED_BACK)
        if not checks:
            raise NeverChecked(model, ledger.models())
    return checks


def _judged(checks: list[Check]) -> Check:
    """Return the last judged check; without one the last check, whose reason explains why nothing was judged."""
    return next((check for check in checks if check.outcome.judged), checks[0])


def _of(check: Check, *fields: str) -> dict[str, Any]:
    whole = check.model_dump(mode="json")
    return {name: whole[name] for name in (*HEAD, *fields)}
