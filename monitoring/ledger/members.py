"""The running services of a ledger, and the models that each of them owns by a lease.

A member stores that it is alive, and which models it can check. A model is owned through the claim `serve/MODEL`, which
one process has at a time; all times are the database's clock.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from driftloop.monitoring.ledger import claims, holders
from driftloop.monitoring.ledger.claims import Claim, Held
from driftloop.monitoring.ledger.keys import digest
from driftloop.monitoring.ledger.ledger import Ledger
from driftloop.monitoring.ledger.tables import CLAIMS, MEMBERS, stamp
from driftloop.monitoring.ledger.transactions import read, write

OWNED = "serve/"
# Models per statement, and claims per transaction.
MOST_VALUES, MOST_CLAIMS = 5000, 100


@dataclass(frozen=True)
class Member:
    """A running service: its process, the version of driftloop, and the digest of each config that it can check."""

    member: str
    holder: str
    version: str
    since: datetime
    until: datetime
    models: Mapping[str, str]
    models_digest: str


@dataclass(frozen=True)
class Owner:
    """The process that owns a model, since when, and until when unless it renews its lease."""

    model: str
    holder: str
    since: datetime
    until: datetime
    fence: int


@dataclass(frozen=True)
class View:
    """The living members, and the owner of each owned model."""

    members: tuple[Member, ...] = ()
    owners: Mapping[str, Owner] = field(default_factory=dict)


def join(ledger: Ledger, member: str, version: str, models: Mapping[str, str], *, lease_seconds: float) -> None:
    """Add a member, or store which models it can check now. Members that ended without leaving are removed."""
    text = json.dumps(dict(sorted(models.items())))
    found = {"holder": holders.me(), "version": version, "models": text, "models_digest": digest(text)}

    def work(open_: Connection) -> None:
        moment = claims.clock(open_)
        values = {**found, "expires_at": claims.expiry(moment, lease_seconds)}
        open_.execute(MEMBERS.delete().where((MEMBERS.c.expires_at < stamp(moment)) & (MEMBERS.c.member != member)))
        if not open_.execute(MEMBERS.update().where(MEMBERS.c.member == member).values(**values)).rowcount:
            open_.execute(MEMBERS.insert().values(member=member, since=stamp(moment), **values))

    write(ledger.engine, work)


def renew(ledger: Ledger, member: str, owned: Collection[Claim], *, lease_seconds: float) -> None:
    """Extend the life of a member and its leases on models, except those that another process has taken."""

    def work(open_: Connection) -> None:
        until = claims.expiry(claims.clock(open_), lease_seconds)
        open_.execute(MEMBERS.update().where(MEMBERS.c.member == member).values(expires_at=until))
        for some in _parts(sorted(owned, key=lambda claim: claim.resource)):
            open_.execute(_of(some).values(expires_at=until))

    write(ledger.engine, work, patience=claims.BEAT_PATIENCE_SECONDS)


def leave(ledger: Ledger, member: str) -> None:
    """Remove a member: the others share its models as it gives them back."""
    this = MEMBERS.delete().where(MEMBERS.c.member == member)
    write(ledger.engine, lambda open_: open_.execute(this), patience=claims.BEAT_PATIENCE_SECONDS)


def view(ledger: Ledger, models: Collection[str] = (), known: Collection[Member] = ()) -> View:
    """Return the living members, and the owners of their models and of `models`.

    The models of a member in `known` are read again only if they have changed.
    """

    def look(open_: Connection) -> View:
        moment = claims.clock(open_)
        living = tuple(_members(open_, moment, {one.models_digest: one for one in known}))
        names = sorted({*models, *(model for one in living for model in one.models)})
        owners = {}
        for some in _parts(names):
            rows = sa.select(CLAIMS).where(CLAIMS.c.resource.in_([f"{OWNED}{model}" for model in some]))
            for row in open_.execute(rows).mappings():
                if not claims.free(row, moment):
                    owner = _owner(row)
                    owners[owner.model] = owner
        return View(living, owners)

    return read(ledger.engine, look)


def take(ledger: Ledger, models: Collection[str], *, lease_seconds: float) -> dict[str, Claim]:
    """Take the free ones of these models; return their claims."""
    taken: dict[str, Claim] = {}
    # In the same order in all processes, so that two that take the same models cannot wait for each other.
    for some in _parts(sorted(models), MOST_CLAIMS):
        try:
            found = write(ledger.engine, partial(_take, models=some, lease_seconds=lease_seconds))
        except sa.exc.IntegrityError:
            continue  # another process has just taken one of them for the first time: the next look takes the others
        taken |= {model: claim for model, claim in found.items() if isinstance(claim, Claim)}
    return taken


def release(ledger: Ledger, owned: Collection[Claim]) -> None:
    """Give models back. A lease that another process has taken is not touched."""

    def work(open_: Connection) -> None:
        for some in _parts(sorted(owned, key=lambda claim: claim.resource)):
            open_.execute(_of(some).values(expires_at=None))

    if owned:
        write(ledger.engine, work, patience=claims.BEAT_PATIENCE_SECONDS)


def _take(open_: Connection, *, models: Sequence[str], lease_seconds: float) -> dict[str, Claim | Held]:
    return {model: claims.take(open_, f"{OWNED}{model}", lease_seconds=lease_seconds) for model in models}


def _of(some: Sequence[Claim]) -> sa.Update:
    same = sa.tuple_(CLAIMS.c.resource, CLAIMS.c.fence).in_([(claim.resource, claim.fence) for claim in some])
    return CLAIMS.update().where(same)


def _members(open_: Connection, moment: datetime, known: Mapping[str, Member]) -> Iterator[Member]:
    columns = [column for column in MEMBERS.c if column.name != "models"]
    for row in open_.execute(sa.select(*columns).order_by(MEMBERS.c.member)).mappings().all():
        if claims.free(row, moment):
            continue
        before = known.get(row["models_digest"])
        models = before.models if before else None
        if models is None:
            text = open_.execute(sa.select(MEMBERS.c.models).where(MEMBERS.c.member == row["member"])).scalar_one()
            models = json.loads(text)
        moments = {"since": _moment(row["since"]), "until": _moment(row["expires_at"])}
        yield Member(
            row["member"], row["holder"], row["version"], models=models, models_digest=row["models_digest"], **moments
        )


def _owner(row: Any) -> Owner:
    model = row["resource"].removeprefix(OWNED)
    return Owner(model, row["holder"], _moment(row["taken_at"]), _moment(row["expires_at"]), row["fence"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _parts(values: Sequence[Any], most: int = MOST_VALUES) -> Iterator[Sequence[Any]]:
    yield from (values[start : start + most] for start in range(0, len(values), most))
