"""The newest entries of many models, for tables of all models: a few statements, regardless of the number of models."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from driftloop.monitoring.ledger.events import Event
from driftloop.monitoring.ledger.tables import CHECKS, EVENTS, REQUESTS
from driftloop.monitoring.records import Check, Retrain

# Values that one statement takes: SQLite knows at most 32,766.
MOST_VALUES = 5000


@dataclass(frozen=True)
class Latest:
    """By model: its newest check, its newest request with its state, and events of some kinds, newest first.

    `results` has the results of some requests, by their id.
    """

    checks: dict[str, Check] = field(default_factory=dict)
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: dict[str, list[Event]] = field(default_factory=dict)
    results: dict[str, Retrain] = field(default_factory=dict)


def latest(open_: Connection, models: Collection[str], kinds: Collection[str], requests: Collection[str]) -> Latest:
    """Read the newest entries of these models, with all events of these kinds, and the results of these requests."""
    found = Latest()
    for some in _parts(sorted(models)):
        for row in open_.execute(_newest(CHECKS, some).with_only_columns(CHECKS.c.model, CHECKS.c.body)):
            found.checks[row.model] = Check.model_validate_json(row.body)
        for asked in open_.execute(_newest(REQUESTS, some)).mappings():
            found.requests[asked["model"]] = dict(asked)
        these = EVENTS.c.model.in_(some) & EVENTS.c.kind.in_([str(kind) for kind in kinds])
        for event in open_.execute(sa.select(EVENTS).where(these).order_by(EVENTS.c.number.desc())).mappings():
            known = Event(**{**event, "payload": json.loads(event["payload"])})
            found.events.setdefault(known.model, []).append(known)
    for some in _parts(sorted(requests)):
        ended = sa.select(REQUESTS.c.request_id, REQUESTS.c.body).where(
            REQUESTS.c.request_id.in_(some), REQUESTS.c.body.is_not(None)
        )
        for row in open_.execute(ended):
            found.results[row.request_id] = Retrain.model_validate_json(row.body)
    return found


def outcomes(open_: Connection, model: str) -> dict[str, int]:
    """Return how many checks of a model ended with each outcome. The ledger keeps all checks, so no count falls."""
    counts = sa.select(CHECKS.c.outcome, sa.func.count()).where(CHECKS.c.model == model).group_by(CHECKS.c.outcome)
    return {str(outcome): int(count) for outcome, count in open_.execute(counts)}


def models(open_: Connection) -> list[str]:
    """Return every model with a check, a request or an event."""
    every = sa.union(*(_distinct(table.c.model) for table in (CHECKS, REQUESTS, EVENTS)))
    return sorted(open_.execute(every).scalars())


def _distinct(column: sa.Column[str]) -> sa.Select[Any]:
    """Return the SELECT of the different values of a column, one step through its index for each.

    `SELECT DISTINCT` reads the whole index: a million events of a thousand models.
    """
    first = sa.select(sa.func.min(column).label("value")).cte(f"of_{column.table.name}", recursive=True)
    following = sa.select(sa.func.min(column)).where(column > first.c.value).scalar_subquery()
    found = first.union_all(sa.select(following).where(first.c.value.is_not(None)))
    return sa.select(found.c.value).where(found.c.value.is_not(None))


def newest_events(open_: Connection, models: Collection[str]) -> dict[str, int]:
    """Return the number of the newest event of each model."""
    found: dict[str, int] = {}
    for some in _parts(sorted(models)):
        numbers = sa.select(EVENTS.c.model, sa.func.max(EVENTS.c.number)).where(EVENTS.c.model.in_(some))
        found |= dict(open_.execute(numbers.group_by(EVENTS.c.model)).tuples().all())
    return found


def _newest(table: sa.Table, models: Sequence[str]) -> sa.Select[Any]:
    """Return the SELECT of the last row of each model, by the index of the model."""
    numbers = sa.select(sa.func.max(table.c.number)).where(table.c.model.in_(models)).group_by(table.c.model)
    return sa.select(table).where(table.c.number.in_(numbers))


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    yield from (values[start : start + MOST_VALUES] for start in range(0, len(values), MOST_VALUES))
