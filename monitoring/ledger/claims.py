"""Leases on work: one holder at a time, a heartbeat while it lives, and a fence that a late finisher fails on.

A claim is free without a holder, if its holder was a process of this host that has ended, or if its lease has expired
without a heartbeat. Taking it raises its fence by one; a write with an older fence is refused.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from driftloop.monitoring.errors import LeaseLost, LedgerError
from driftloop.monitoring.ledger import holders
from driftloop.monitoring.ledger.tables import CLAIMS, stamp, written_now
from driftloop.monitoring.ledger.transactions import read, write

LEASE_SECONDS = 90.0
BEAT_SECONDS = 20.0
POLL_SECONDS = 0.2
BEAT_PATIENCE_SECONDS = 1.0
PRESENT = "process/"


@dataclass(frozen=True)
class Claim:
    """A lease that was taken. `fence` counts the takers of this resource, so it is also the number of the attempt."""

    resource: str
    holder: str
    fence: int


@dataclass(frozen=True)
class Held:
    """A claim that another process holds."""

    resource: str
    holder: str


def take(open_: Connection, resource: str, *, lease_seconds: float = LEASE_SECONDS) -> Claim | Held:
    """Take a claim if it is free, within a transaction."""
    this = CLAIMS.c.resource == resource
    row = open_.execute(sa.select(CLAIMS).where(this)).mappings().first()
    moment = clock(open_)
    if row is not None and not free(row, moment):
        return Held(resource, row["holder"])
    mine = Claim(resource, holders.me(), 1 if row is None else row["fence"] + 1)
    values = {
        "holder": mine.holder,
        "fence": mine.fence,
        "taken_at": written_now(),
        "expires_at": expiry(moment, lease_seconds),
    }
    if row is None:
        open_.execute(CLAIMS.insert().values(resource=resource, **values))
        return mine
    # On a database with many writers another one may have taken it since, or its holder prolonged it: compare and swap.
    same = this & (CLAIMS.c.fence == row["fence"]) & CLAIMS.c.expires_at.is_not_distinct_from(row["expires_at"])
    won = open_.execute(CLAIMS.update().where(same).values(**values)).rowcount
    return mine if won else Held(resource, row["holder"])


def busy(open_: Connection, resource: str) -> Held | None:
    """Return the holder of a claim, if there is one."""
    row = open_.execute(sa.select(CLAIMS).where(CLAIMS.c.resource == resource)).mappings().first()
    return None if row is None or free(row, clock(open_)) else Held(resource, row["holder"])


def require(open_: Connection, claim: Claim | None) -> None:
    """Raise `LeaseLost` for a holder that has lost its lease to another process."""
    if claim is None:
        return
    # Locked until this transaction ends, so that no process takes the claim between the comparison and the write.
    row = sa.select(CLAIMS).where(CLAIMS.c.resource == claim.resource).with_for_update()
    found = open_.execute(row).mappings().first()
    if found is None or found["fence"] != claim.fence:
        raise LeaseLost(claim.resource, claim.fence, found["holder"] if found else None)


@contextmanager
def hold(
    engine: Engine,
    resource: str,
    *,
    waiting: Callable[[Held], None] | None,
    taken: Callable[[Connection, Claim], None] = lambda *_: None,
) -> Iterator[Claim | Held]:
    """Hold a claim for the time of the block, with a heartbeat.

    If another process holds it, `waiting` is called once and the claim is awaited; with None the block gets `Held`.
    `taken` writes into the same transaction.
    """
    found = _take(engine, resource, taken)
    if isinstance(found, Held) and waiting is not None:
        waiting(found)
        while isinstance(found, Held):
            # Not all that wait in step.
            time.sleep(POLL_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311
            found = _take(engine, resource, taken)
    if isinstance(found, Held):
        yield found
        return
    ended = threading.Event()
    beating = threading.Thread(target=_beat, args=(engine, found, ended), name=f"lease {resource}", daemon=True)
    beating.start()
    try:
        yield found
    finally:
        ended.set()
        beating.join()
        # Without a working ledger the lease expires; its error must not replace the one that ended the block.
        with suppress(LedgerError):
            _change(engine, found, expires_at=None)


@contextmanager
def present(engine: Engine) -> Iterator[None]:
    """Show for the time of the block that this process is alive, by a separate lease that no other process takes.

    If the process is killed, the lease expires, which shows its death to other hosts.
    """
    resource = f"{PRESENT}{uuid.uuid4().hex}"
    try:
        with hold(engine, resource, waiting=None):
            yield
    finally:
        with suppress(LedgerError):
            write(engine, lambda open_: open_.execute(CLAIMS.delete().where(CLAIMS.c.resource == resource)))


def dead(open_: Connection, holder: str) -> bool:
    """Whether that process is known to have ended: it is gone from this host, or its lease of life ran out elsewhere.

    A process elsewhere that never showed itself is not known to be dead: it may be waiting for another's claim.
    """
    if holders.gone(holder):
        return True
    if holders.here(holder):
        return False
    shown = sa.select(CLAIMS).where(
        CLAIMS.c.holder == holder, CLAIMS.c.resource.startswith(PRESENT), CLAIMS.c.expires_at.is_not(None)
    )
    rows = open_.execute(shown).mappings().all()
    moment = clock(open_)
    return bool(rows) and all(free(row, moment) for row in rows)


def _take(engine: Engine, resource: str, taken: Callable[[Connection, Claim], None]) -> Claim | Held:
    def try_to(open_: Connection) -> Claim | Held:
        found = take(open_, resource)
        if isinstance(found, Claim):
            taken(open_, found)
        return found

    try:
        return write(engine, try_to)
    except sa.exc.IntegrityError:
        # Two first takers at once: the other one was faster.
        return Held(resource, "another process, a moment ago")


def _beat(engine: Engine, claim: Claim, ended: threading.Event) -> None:
    while not ended.wait(BEAT_SECONDS):
        # A database that is away for a moment is no reason to stop: the lease lasts for several beats.
        with suppress(LedgerError):
            until = expiry(read(engine, clock))
            if not _change(engine, claim, expires_at=until, patience=BEAT_PATIENCE_SECONDS):
                return


def _change(engine: Engine, claim: Claim, *, expires_at: str | None, patience: float | None = None) -> bool:
    this = (CLAIMS.c.resource == claim.resource) & (CLAIMS.c.fence == claim.fence)
    change = CLAIMS.update().where(this).values(expires_at=expires_at)
    return write(engine, lambda open_: bool(open_.execute(change).rowcount), patience=patience)


def free(row: Any, moment: datetime) -> bool:
    """Return whether a lease has run out, was given back, or belonged to a process of this host that has ended."""
    expires = row["expires_at"]
    return expires is None or holders.gone(row["holder"]) or datetime.fromisoformat(expires) < moment


def expiry(moment: datetime, lease_seconds: float = LEASE_SECONDS) -> str:
    """Return when a lease runs out that is renewed now."""
    return stamp(moment + timedelta(seconds=lease_seconds))


def clock(open_: Connection) -> datetime:
    """The time by which leases run out: the database server's, where hosts with clocks of their own share one."""
    if open_.dialect.name == "sqlite":
        return datetime.now(UTC)
    found: datetime = open_.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return found.astimezone(UTC)
