"""The ledger's lock for a model: for steps that must not run in parallel and have no compare-and-swap.

It is no lease: it cannot run out while its holder lives, and a holder's death frees it immediately.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import sqlalchemy as sa
from filelock import FileLock
from sqlalchemy.engine import Connection, Engine

from driftloop.monitoring.errors import LockLost
from driftloop.monitoring.ledger.transactions import patiently

Still = Callable[[], None]
TIMEOUTS = ("idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout")


@contextmanager
def locked(engine: Engine, model: str) -> Iterator[Still]:
    """Hold the lock of a model's aliases: of all processes with this ledger, one at a time has it.

    With SQLite it is a file next to the database, so that other processes can write to the ledger meanwhile; it is held
    until the block ends, and the function given to the block does nothing. With a database server it is an advisory
    lock of a separate connection. If that connection is cut, the server frees the lock: the block calls its function
    before it moves an alias, and `LockLost` ends it there.
    """
    if engine.dialect.name == "sqlite":
        with FileLock(f"{engine.url.database}.{model}.lock"):
            yield lambda: None
        return
    held, ending = patiently(engine, lambda: _taken(engine, model))

    def still() -> None:
        try:
            held.execute(sa.select(1))
        except sa.exc.DBAPIError as error:
            raise LockLost(model) from error

    try:
        yield still
    finally:
        # A connection that is gone has given the lock back.
        with suppress(sa.exc.SQLAlchemyError):
            ending.close()


def _taken(engine: Engine, model: str) -> tuple[Connection, ExitStack]:
    number = int.from_bytes(hashlib.sha256(f"driftloop {model}".encode()).digest()[:8], "big", signed=True)
    with ExitStack() as stack:
        held = stack.enter_context(engine.connect())
        stack.enter_context(held.begin())
        # A lock of the transaction: connection poolers give one session to several clients. No timeout may end it.
        held.execute(sa.select(*(sa.func.set_config(name, "0", True) for name in TIMEOUTS)))
        held.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))
        return held, stack.pop_all()
