"""Cost of each policy on the rows of the demo: a replay on a sample of them, as one table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from driftloop.monitoring.errors import HistoryTooShort
from driftloop.monitoring.records import changed
from driftloop.pipelines.backtest import PolicyReplay, learn, replay, store
from driftloop.pipelines.backtest.batches import Batches, read_batches
from driftloop.pipelines.backtest.drift_scores import DriftScores
from driftloop.pipelines.backtest.matrices import build
from driftloop.pipelines.backtest.shelf import Kept
from driftloop.pipelines.config.project import Project

PRICE = 0.2
OURS = "  <- this demo"
ARCHIVE = " + former champions"
RULES: dict[str, tuple[dict[str, Any], ...]] = {
    "schedule: every month": ({"policy": "schedule", "every": "month"},),
    "periodic: every 4th check": ({"policy": "periodic", "every": 4},),
    "max_age: 35 days": ({"policy": "max_age", "max_age_days": 35},),
    "performance_drop: 15% worse": ({"policy": "performance_drop"},),
    "performance_drop + max_age": ({"policy": "performance_drop"}, {"policy": "max_age", "max_age_days": 35}),
    "cara": ({"policy": "cara"},),
    "drift_share: half of the features": ({"policy": "drift_share"},),
}


def compared(project: Project, now: datetime, rows: Path, *, every: int, on_done: Callable[[], None]) -> str:
    """Replay the weeks under well-known policies and the project's own, trained and scored on each `every`-th row.

    `rows` is the parquet file that the project reads. Every policy starts without a backtest and with the first model,
    as the demo did; where the project has an archive, its own policy is also replayed with former champions. `on_done`
    is called after each model. With too few weeks for a comparison, a sentence with their number is returned.
    """
    sampled = _sampled(project, rows, every)
    try:
        batches = read_batches(sampled, None, now)
    except HistoryTooShort as error:
        return f"policies are not compared: {error.found}"
    ordinal = {1: "row", 2: "second row", 3: "third row", 4: "fourth row"}.get(every, f"{every}th row")
    price, played = _played(sampled, batches, on_done)
    weeks = len(played[0].losses)
    width = max(len(one.name) for one in played)
    ours = _own(project) + (ARCHIVE if _switches(project) else "")
    lines = [
        f"what each policy would have cost in {weeks} weeks, replayed on every {ordinal};",
        f"a retrain costs {price:.2f}, {PRICE:g} of the loss of a fresh model in one week:",
        f"{'policy':<{width}}{'error':>8}{'retrains':>10}{'cost per week':>15}",
        *(
            f"{one.name:<{width}}{one.loss / weeks:>8.2f}{one.retrains:>10}{one.total_cost / weeks:>15.2f}"
            f"{OURS if one.name == ours else ''}"
            for one in played
        ),
    ]
    return "\n".join(lines)


def _sampled(project: Project, rows: Path, every: int) -> Project:
    """Return the project on a sample of its rows, spread evenly over time."""
    import pandas as pd

    part = rows.with_name(f"one_in_{every}.parquet")
    pd.read_parquet(rows).iloc[::every].to_parquet(part, index=False)
    return changed(project, source=changed(project.source, path=str(part)))


def _played(project: Project, batches: Batches, on_done: Callable[[], None]) -> tuple[float, tuple[PolicyReplay, ...]]:
    """Return the cost of a retrain, and all policies with the best schedule in hindsight, the cheapest first."""
    kept = store.folder(project, batches)
    matrices = build(project, batches, kept, on_done)
    guards = project.policies.guards
    policies: dict[str, Any] = {_own(project): (*project.policies.triggers, *guards)}
    policies |= {name: (*triggers, *guards) for name, triggers in RULES.items()}
    done = replay(
        matrices.loss,
        matrices.probe,
        policies={**policies, "always": "always", "never": "never"},
        cost=PRICE,
        # Two batches are the minimum: the first model serves from the second week on.
        history=2 / len(matrices.loss),
        rows=matrices.rows.tolist(),
        errors=matrices.error,
        scores=DriftScores(project, batches, len(batches.windows) - len(matrices.windows), kept),
        learned=learn(matrices.loss, matrices.probe, short=matrices.short),
        taught=False,
        ends=[window.end for window in matrices.windows],
        kept=Kept(matrices.waves, project.archive.keep) if _switches(project) and matrices.waves is not None else None,
    )
    best = changed(done.oracle, name="the best in hindsight")
    switching = [changed(one, name=one.name + ARCHIVE) for one in done.archived if one.name == _own(project)]
    return done.cost, (best, *sorted([*done.policies, *switching], key=lambda one: one.total_cost))


def _switches(project: Project) -> bool:
    return project.archive.act and project.archive.keep > 0


def _own(project: Project) -> str:
    return " + ".join(trigger.policy for trigger in project.policies.triggers)
