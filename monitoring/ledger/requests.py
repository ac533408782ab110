"""Retrain requests: asked for once, ended once. Each change writes its event in the same transaction."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitoring.ledger import events
from monitoring.ledger.events import Kind
from monitoring.ledger.tables import REQUESTS, as_text, stamp, written_now
from monitoring.records import Retrain


def ask(
    open_: Connection, request_id: str, *, model: str, champion: str | None, now: datetime, reason: str
) -> Retrain | None:
    """One row stands for all tries of a request. Gives its result if it was trained to its end before."""
    this = REQUESTS.c.request_id == request_id
    found = open_.execute(sa.select(REQUESTS).where(this)).mappings().first()
    if found is not None and found["body"] is not None:
        return Retrain.model_validate_json(found["body"])
    asked = {"state": "requested", "now": stamp(now), "reason": reason, "written_at": written_now()}
    if found is None:
        open_.execute(REQUESTS.insert().values(request_id=request_id, model=model, champion=champion, **asked))
    else:
        open_.execute(REQUESTS.update().where(this).values(error=None, **asked))
    told = {"champion": champion, "reason": reason}
    events.append(open_, model, Kind.RETRAIN_REQUESTED, told, now, request_id)
    return None


def end(
    open_: Connection, request_id: str, *, state: Kind, retrain: Retrain | None = None, error: str | None = None
) -> bool:
    """The first end with a result counts: False if there is one already."""
    this = REQUESTS.c.request_id == request_id
    row = open_.execute(sa.select(REQUESTS).where(this)).mappings().first()
    if row is None:
        raise LookupError(f"request {request_id!r} ended and was never asked for")
    if row["body"] is not None:
        return False
    values = {"state": str(state), "error": error, "body": as_text(retrain) if retrain else None}
    open_.execute(REQUESTS.update().where(this).values(written_at=written_now(), **values))
    told = retrain.model_dump(mode="json") if retrain else {"reason": error}
    events.append(open_, row["model"], state, told, datetime.fromisoformat(row["now"]), request_id)
    return True
