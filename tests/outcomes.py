"""Finished checks and retrains for tests that look at what is reported of them."""

from __future__ import annotations

from typing import Any

from driftloop.monitoring.records import Check, ColumnScore, Finding, Retrain, Severity, Vote, VoteKind
from tests.streams import day


def made(**more: Any) -> Check:
    """A judged check of the model `m`, changed as asked."""
    known: dict[str, Any] = {
        "model": "m",
        "check_id": "c1",
        "outcome": "steady",
        "reason": "all is well",
        "window": {"start": day(0), "end": day(7), "rows": 700},
        "champion": "3",
        "champion_after": "3",
        "now": day(7),
        "mlflow_run_id": "abc",
        "prefect_flow_run_id": "def",
        "decision": "wait",
    }
    return Check(**{**known, **more})


def fired(policy: str) -> Vote:
    """A trigger that wants a retrain."""
    return Vote(policy=policy, vote="fire", reason="too much", observed=0.6, threshold=0.5)


def hold(policy: str) -> Vote:
    """A trigger that sees no reason."""
    return Vote(policy=policy, vote="hold", reason="too little", observed=0.4, threshold=0.5)


def composed(policy: str, vote: VoteKind, *members: Vote) -> Vote:
    """What a composition makes of its members."""
    return Vote(policy=policy, vote=vote, reason="as many as that", observed=1.0, threshold=1.0, members=members)


def drifted_column(name: str) -> ColumnScore:
    """A feature that drifted."""
    known: dict[str, Any] = {"role": "feature", "kind": "numeric", "method": "psi", "score": 0.5, "threshold": 0.2}
    return ColumnScore(name=name, drifted=True, **known)


def found(code: str, severity: Severity, column: str | None = None) -> Finding:
    """Something that preflight noticed."""
    return Finding(code=code, severity=severity, column=column, message=f"{column}: {code}", observed=1.0)


def retrain(**more: Any) -> Retrain:
    """A challenger that was judged and promoted, changed as asked."""
    known: dict[str, Any] = {
        "request_id": "r1",
        "code": "better",
        "version": "4",
        "promoted": True,
        "champion_loss": 2.0,
        "challenger_loss": 1.0,
        "reason": "better by half",
        "mlflow_run_id": "xyz",
    }
    return Retrain(**{**known, **more})
