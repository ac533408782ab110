"""The ledger: interface for the other packages. Its content is defined in `tables`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from driftloop.monitoring.errors import LedgerError, LedgerUnavailable
from driftloop.monitoring.ledger import claims, events, migrations, relocating, requests
from driftloop.monitoring.ledger.claims import Claim, Held
from driftloop.monitoring.ledger.database import connect, shown, unusable
from driftloop.monitoring.ledger.events import Event, Kind
from driftloop.monitoring.ledger.latest import Latest, latest, models, newest_events, outcomes
from driftloop.monitoring.ledger.locks import Still, locked
from driftloop.monitoring.ledger.requests import Progress, Request
from driftloop.monitoring.ledger.tables import CHECKS, FORMAT, REQUESTS, SETTLED, as_text, stamp, written_now
from driftloop.monitoring.ledger.transactions import read, write
from driftloop.monitoring.records import (
    UNTRAINED,
    Check,
    History,
    Learned,
    Outcome,
    PastCheck,
    PastRetrain,
    Retrain,
)
from driftloop.monitoring.settings.limits import MOST_CHECKS

Hold = AbstractContextManager[Claim | Held]


class Ledger:
    """Opens, and where needed creates or brings up to date, the record at an SQLAlchemy URL."""

    def __init__(self, url: str) -> None:
        self.engine = connect(url)
        try:
            migrations.prepare(self.engine, shown(url))
        except (sa.exc.SQLAlchemyError, LedgerUnavailable) as error:
            self.close()
            raise unusable(url, error) from error
        except LedgerError:
            self.close()
            raise

    @property
    def where(self) -> str:
        """The database, by its URL without a password."""
        return shown(self.engine.url.render_as_string())

    def close(self) -> None:
        self.engine.dispose()

    def note(
        self, model: str, kind: str, payload: Mapping[str, Any], now: datetime, *, subject: str | None = None
    ) -> None:
        """Add an event of a model at the time `now`, with its details."""
        write(self.engine, lambda open_: events.append(open_, model, kind, payload, now, subject))

    def events(
        self, model: str, most: int | None = None, *, kinds: Collection[str] = (), subject: str | None = None
    ) -> list[Event]:
        """What happened to a model, newest first; of these kinds, or about this check, request or version, if given."""
        return read(self.engine, lambda open_: events.newest(open_, model, kinds=kinds, subject=subject, most=most))

    def relocate(self, before: Path, here: Path) -> None:
        """Replace the state folder `before` by `here` in the paths of all reports."""
        write(self.engine, lambda open_: relocating.relocate(open_, before, here))

    def learn(self, model: str, learned: Learned, now: datetime) -> None:
        """Store the results of a backtest or a retrain for the policies; the newest counts."""
        self.note(model, Kind.LEARNED, learned.model_dump(mode="json"), now)

    def learned(self, model: str) -> Learned | None:
        """Return the newest results of `learn`; None before the first backtest."""
        found = self.events(model, most=1, kinds=(Kind.LEARNED,))
        return Learned.model_validate(found[0].payload) if found else None

    def checked(self, key: str) -> Check | None:
        """Return the judged check of this key, if there is one."""
        query = (
            sa.select(CHECKS.c.body).join(SETTLED, SETTLED.c.check_id == CHECKS.c.check_id).where(SETTLED.c.key == key)
        )
        body = self._scalar(query)
        return None if body is None else Check.model_validate_json(body)

    def record(self, check: Check, keys: tuple[str, ...] = (), *, by: Collection[Claim] = ()) -> bool:
        """Add a finished check, with its `keys` if it was judged.

        False, and nothing is written, if another check has one of the keys or this check is in the ledger already.
        `LeaseLost`, and nothing is written, if another process has taken one of the claims.
        """
        settles = keys if check.outcome.judged else ()
        row = {
            "check_id": check.check_id,
            "model": check.model,
            "outcome": check.outcome.value,
            "now": stamp(check.now),
            "written_at": written_now(),
            "format": FORMAT,
            "past": as_text(check.past),
            "body": as_text(check),
        }

        def add(open_: Connection) -> None:
            for claim in by:
                claims.require(open_, claim)
            open_.execute(CHECKS.insert().values(**row))
            # In the same order for all, so that two checks with the same keys cannot wait for each other.
            for key in sorted(set(settles)):
                open_.execute(SETTLED.insert().values(key=key, check_id=check.check_id))
            if check.probe is not None:
                probed = check.probe.model_dump(mode="json")
                events.append(open_, check.model, Kind.PROBE, probed, check.now, check.check_id)
            payload = events.of_check(check)
            events.append(open_, check.model, Kind.CHECK_FINISHED, payload, check.now, check.check_id)

        try:
            write(self.engine, add)
        except sa.exc.IntegrityError:
            return False
        return True

    def request(self, request: Request, *, again: bool = False) -> Retrain | None:
        """Request a retrain. Return the result if the same request has one already, otherwise None.

        The row contains the check that decided it: both are written in one transaction. With `again` an earlier result
        is discarded, because its version no longer exists.
        """
        try:
            return write(self.engine, lambda open_: requests.ask(open_, request, again=again))
        except sa.exc.IntegrityError:
            # Another process has just written the same request: its row counts for both.
            return write(self.engine, lambda open_: requests.ask(open_, request))

    def hold_request(self, request_id: str, *, waiting: Callable[[Held], None] | None) -> Hold:
        """Hold the claim on a request, with its event; see `holding`."""
        resource = f"request/{request_id}"
        return claims.hold(
            self.engine,
            resource,
            waiting=waiting,
            taken=lambda open_, claim: requests.claimed(open_, request_id, claim),
        )

    def holding(self, resource: str, *, waiting: Callable[[Held], None] | None) -> Hold:
        """Hold the claim on some work for the time of the block; wait for another holder, which `waiting` receives.

        Without `waiting` there is no wait: the block gets `Held` if another process holds the claim.
        """
        return claims.hold(self.engine, resource, waiting=waiting)

    def busy(self, resource: str) -> Held | None:
        """Return the holder of a claim, if there is one."""
        return read(self.engine, lambda open_: claims.busy(open_, resource))

    def model_lock(self, model: str) -> AbstractContextManager[Still]:
        """Return the ledger's lock for a model's aliases, to be held while they are compared and moved.

        The block gets a function that raises `LockLost` if the lock was lost with its connection: call it last.
        """
        return locked(self.engine, model)

    def require(self, claim: Claim | None) -> None:
        """Raise `LeaseLost` if another process has taken the claim."""
        write(self.engine, lambda open_: claims.require(open_, claim))

    def present(self) -> AbstractContextManager[None]:
        """Show for the time of the block that this process lives, to other hosts as well; see `dead`."""
        return claims.present(self.engine)

    def dead(self, holder: str) -> bool:
        """Whether a process can be taken for ended: by its pid here, by its leases elsewhere, never by time alone."""
        return read(self.engine, lambda open_: claims.dead(open_, holder))

    def find_request(self, request_id: str) -> Request:
        """Return a request; `UnknownRequest` if it is not in the ledger."""
        return read(self.engine, lambda open_: requests.asked(open_, request_id))

    def result(self, request_id: str) -> Retrain | None:
        """Return the result of a request; None without one."""
        query = sa.select(REQUESTS.c.body).where(REQUESTS.c.request_id == request_id)
        body = self._scalar(query)
        return None if body is None else Retrain.model_validate_json(body)

    def failure(self, request_id: str) -> str | None:
        """Return the reason why a closed request has no result; None otherwise."""
        this = (REQUESTS.c.request_id == request_id) & REQUESTS.c.state.in_(requests.AGAIN)
        found: str | None = self._scalar(sa.select(REQUESTS.c.error).where(this))
        return found

    def advance(self, request_id: str, progress: Progress, *, by: Claim | None = None) -> None:
        """Store the progress of a training, so that another process can continue it."""
        write(self.engine, lambda open_: requests.advance(open_, request_id, progress, by))

    def progress(self, request_id: str) -> Progress | None:
        """Return the progress of a training; None before the gate's answer."""
        query = sa.select(REQUESTS.c.progress).where(REQUESTS.c.request_id == request_id)
        text = self._scalar(query)
        return None if text is None else Progress.model_validate_json(text)

    def attempts(self, request_id: str) -> int:
        """Return how often a request was claimed since it was last requested."""
        return read(self.engine, lambda open_: requests.attempts(open_, request_id))

    def close_request(self, retrain: Retrain, *, by: Claim | None = None) -> bool:
        """Write the result of a request. The first result counts: False if there is one already."""
        state = Kind.PROMOTED if retrain.promoted else Kind.REJECTED
        if retrain.code in requests.PENDING or (retrain.promoted and retrain.code in UNTRAINED):
            state = Kind(retrain.code)
        return write(
            self.engine,
            lambda open_: requests.end(open_, retrain.request_id, state=state, retrain=retrain, claim=by),
        )

    def judge_shadow(self, request: Request, progress: Progress) -> bool:
        """Open the request of a challenger in shadow again with the verdict in `progress`; False if it has ended."""
        return write(self.engine, lambda open_: requests.judge_shadow(open_, request, progress))

    def fail(self, request_id: str, reason: str, *, by: Claim | None = None, impossible: bool = False) -> bool:
        """Write that a request failed or had nothing to train on: it may be repeated. False if it has a result."""
        state = Kind.IMPOSSIBLE if impossible else Kind.FAILED
        return write(self.engine, lambda open_: requests.end(open_, request_id, state=state, error=reason, claim=by))

    def open_requests(self, model: str | None = None) -> list[Request]:
        """Return the open requests, oldest first, including those in progress."""
        return read(self.engine, lambda open_: requests.open_requests(open_, model))

    def ended_without_check(self, model: str) -> list[tuple[Request, Retrain | str]]:
        """Return closed requests whose check never ended, because its process died."""
        return read(self.engine, lambda open_: requests.ended_without_check(open_, model))

    def history(self, model: str, before: datetime, most: int = MOST_CHECKS) -> History:
        """Return the newest judged checks and all retrains up to a time, oldest first.

        By default as many checks as any policy may look back at. Neither a first training, nor a switch back to a
        former champion, nor a recalibration is a retrain.
        """
        moment = stamp(before)
        checks = sa.select(CHECKS.c.past).where(
            CHECKS.c.model == model,
            CHECKS.c.now <= moment,
            CHECKS.c.outcome.in_([o.value for o in Outcome if o.judged]),
        )
        retrains = sa.select(REQUESTS.c.now, REQUESTS.c.state).where(
            REQUESTS.c.model == model,
            REQUESTS.c.now <= moment,
            REQUESTS.c.champion.is_not(None),
            REQUESTS.c.state.in_(["promoted", "rejected", *requests.PENDING]),
            sa.func.coalesce(REQUESTS.c.asked, "").not_like(requests.SWITCH),
            sa.func.coalesce(REQUESTS.c.body, "").not_like(requests.RECALIBRATION),
        )

        def look(open_: Connection) -> tuple[Sequence[str], Sequence[Any]]:
            newest = checks.order_by(CHECKS.c.now.desc(), CHECKS.c.number.desc()).limit(most)
            past = open_.execute(newest).scalars().all()[::-1]
            return past, open_.execute(retrains.order_by(REQUESTS.c.now, REQUESTS.c.number)).all()

        past, ends = read(self.engine, look)
        return History(
            checks=tuple(PastCheck.model_validate_json(body) for body in past),
            retrains=tuple(PastRetrain(now=now, promoted=state == "promoted") for now, state in ends),
        )

    def models(self) -> list[str]:
        """Return every model with a check, a request or an event."""
        return read(self.engine, models)

    def latest(self, models: Collection[str], kinds: Collection[str], requests: Collection[str]) -> Latest:
        """Return the newest check and request of many models, their events of these kinds, and results of requests."""
        return read(self.engine, lambda open_: latest(open_, models, kinds, requests))

    def newest_events(self, models: Collection[str]) -> dict[str, int]:
        """Return the number of the newest event of each of many models, without those that have none."""
        return read(self.engine, lambda open_: newest_events(open_, models))

    def outcomes(self, model: str) -> dict[str, int]:
        return read(self.engine, lambda open_: outcomes(open_, model))

    def checks(self, model: str, most: int | None = None) -> list[Check]:
        """Return the finished checks of a model, newest first."""
        query = sa.select(CHECKS.c.body).where(CHECKS.c.model == model).order_by(CHECKS.c.number.desc()).limit(most)
        bodies = read(self.engine, lambda open_: open_.execute(query).scalars().all())
        return [Check.model_validate_json(body) for body in bodies]

    def requests(self, model: str, most: int | None = None) -> list[dict[str, Any]]:
        """Return the retrain requests of a model with their state, newest first."""
        query = sa.select(REQUESTS).where(REQUESTS.c.model == model).order_by(REQUESTS.c.number.desc()).limit(most)
        return read(self.engine, lambda open_: [dict(row) for row in open_.execute(query).mappings()])

    def _scalar(self, query: sa.Select[Any]) -> Any:
        return read(self.engine, lambda open_: open_.execute(query).scalar())
