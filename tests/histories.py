"""Made histories of models for the tests of the site: any number of checks, with every outcome and hostile texts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from driftloop.monitoring.records import Check, CheckWindow, ColumnScore, Outcome, Performance, Retrain, Vote, Window
from driftloop.pipelines.site.history import Lineage, Mark, ModelHistory, Request

START = datetime(2025, 3, 3, 6, tzinfo=UTC)
STEP = timedelta(days=1)


def check(
    at: int, outcome: Outcome = Outcome.STEADY, *, model: str = "taxi", champion: str = "1", **more: Any
) -> Check:
    """The check of one day; judged outcomes have a drift share and a loss."""
    now = START + at * STEP
    window = Window(start=now - 7 * STEP, end=now)
    wave = float(np.sin(at / 9))
    made: dict[str, Any] = {
        "model": model, "check_id": f"c{at}", "outcome": outcome, "reason": f"reason {at}", "now": now,
        "window": CheckWindow(start=window.start, end=window.end, rows=1000 + at),
        "champion": champion, "champion_after": champion,
    }  # fmt: skip
    if outcome.judged and outcome is not Outcome.BOOTSTRAPPED:
        loss = 3 + wave
        scored: dict[str, Any] = {"role": "feature", "kind": "numeric", "method": "psi", "threshold": 0.2}
        made |= {
            "columns": (ColumnScore(name="speed", score=0.1, drifted=False, **scored),),
            "drift_share": round(0.3 + 0.2 * wave, 3),
            "performance": Performance(
                loss_name="mae", loss=loss, low=loss - 0.4, high=loss + 0.4, rows=900, window=window, reference_loss=2.8
            ),
            "votes": (Vote(policy="drift_share", vote="hold", reason="below", observed=0.3, threshold=0.5),),
            "decision": "wait",
        }
    return Check(**{**made, **more})


def retrained(at: int, *, promoted: bool, champion: str, version: str, **more: Any) -> Check:
    """A check that led to a training and to its end."""
    outcome = Outcome.PROMOTED if promoted else Outcome.REJECTED
    end = Retrain(
        request_id=f"r{at}", code="better" if promoted else "not_better", version=version if promoted else None,
        promoted=promoted, champion_loss=3.5, challenger_loss=2.25, reason="mae 2.25 against 3.5",
    )  # fmt: skip
    after = version if promoted else champion
    return check(at, outcome, champion=champion, champion_after=after, retrain=end, decision="retrain", **more)


def request_of(asked: Check) -> Request:
    """The request that a check made."""
    assert asked.retrain is not None
    state = "promoted" if asked.retrain.promoted else "rejected"
    return Request(
        asked.retrain.request_id, asked.now, state, asked.reason, asked.champion, asked.check_id, asked.retrain
    )


def history(days: int, *, model: str = "taxi", reason: str | None = None) -> ModelHistory:
    """A life of this many days: a first champion, a training every 20 days, a failure, a rollback, empty days."""
    fields = {"model": model} | ({} if reason is None else {"reason": reason})
    checks = [check(0, Outcome.BOOTSTRAPPED, **fields).model_copy(update={"champion": None})]
    champion, newest, moves = "1", 1, []
    for day in range(1, days):
        if day % 20 == 0:
            promoted = day % 60 != 0
            checks.append(retrained(day, promoted=promoted, champion=champion, version=str(newest + 1), **fields))
            newest += promoted
            champion = str(newest) if promoted else champion
        elif day % 33 == 0:
            checks.append(check(day, Outcome.NO_DATA, champion=champion, **fields))
        elif day % 47 == 0:
            checks.append(check(day, Outcome.BAD_DATA, champion=champion, **fields))
        else:
            checks.append(check(day, Outcome.HELD if day % 13 == 0 else Outcome.STEADY, champion=champion, **fields))
        if day == 50:
            champion = str(int(champion) - 1)
            moves.append(Mark(checks[-1].now + STEP / 2, "rolled_back", f"rolled back to version {champion}"))
    asked = [request_of(one) for one in checks if one.retrain]
    if days > 30:
        asked.append(Request("r30", START + 30.5 * STEP, "failed", reason or "by hand", champion, error="OOM"))
    versions = [
        Lineage(
            number=str(number), alias={newest: "champion", newest - 1: "previous"}.get(number),
            trained_on=(Window(start=START - 60 * STEP, end=START + 20 * number * STEP),), loss="mae=2.8",
        )
        for number in range(newest, 0, -1)
    ]  # fmt: skip
    return ModelHistory(
        model=model, written=START + days * STEP, checks=tuple(checks), moves=tuple(moves),
        requests=tuple(sorted(asked, key=lambda one: one.asked_at, reverse=True)), versions=tuple(versions),
        links={one.check_id: f"../../reports/{one.check_id}.html" for one in checks if one.columns},
    )  # fmt: skip
