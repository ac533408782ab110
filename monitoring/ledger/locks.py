"""The ledger's lock for a model: what must not happen twice at once and has no compare-and-swap of its own.

It is no lease: it cannot run out while its holder lives, and a holder's death frees it at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from filelock import FileLock
from sqlalchemy.engine import Engine

from monitoring.ledger.database import writing


@contextmanager
def locked(engine: Engine, model: str) -> Iterator[None]:
    """Alone with a model's aliases, among all that share this ledger.

    Beside a SQLite file it is a file, so that others may write to the ledger meanwhile; in a database server it is an
    advisory lock, held by a connection of its own.
    """
    if engine.dialect.name == "sqlite":
        with FileLock(f"{engine.url.database}.{model}.lock"):
            yield
        return
    number = int.from_bytes(hashlib.sha256(f"driftloop {model}".encode()).digest()[:8], "big", signed=True)
    with writing(engine) as open_:
        open_.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))
        yield
