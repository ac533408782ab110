"""Paths of reports in the ledger, after the state folder was moved."""

from __future__ import annotations

import json
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from driftloop.monitoring.ledger.tables import CHECKS, EVENTS, REQUESTS

COLUMNS = (CHECKS.c.body, EVENTS.c.payload, REQUESTS.c.asked, REQUESTS.c.body)


def relocate(open_: Connection, before: Path, here: Path) -> None:
    """Replace the folder of all reports in `before` by the one in `here`. A second call changes nothing."""
    old, new = (json.dumps(f"{place}/reports/")[:-1] for place in (before, here))
    for column in COLUMNS:
        there = sa.func.replace(column, old, new)
        open_.execute(column.table.update().where(column.contains(old, autoescape=True)).values({column.name: there}))
