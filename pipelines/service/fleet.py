"""The models of this service, among all services of its ledger: taken, kept by leases, and given back."""

from __future__ import annotations

import logging
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib.metadata import version

from driftloop.monitoring.errors import DriftloopError, LedgerError
from driftloop.monitoring.ledger import Claim, Ledger, digest, holders, members
from driftloop.monitoring.ledger.members import Member, View
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.runtime import home
from driftloop.pipelines.service.sharing import shares
from driftloop.pipelines.telemetry.ownership import FleetStatus, Ownership, Process

LEASE_SECONDS = 90.0
# Beats within one lease: a few may fail. No beat is longer apart than that, or a free model would wait for long.
BEATS, LONGEST_BEAT_SECONDS = 5, 5.0
LEAVING_SECONDS = 0.5
log = logging.getLogger("driftloop.service")


@dataclass(frozen=True)
class Moves:
    """Models that this service owns since the last call, and models that it does not own any more."""

    gained: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()


class Fleet:
    """The models of this service. Its thread keeps them, takes free ones of its share, and gives back the others.

    `withdraw` returns False for a model whose check runs or was requested: it is given back later. `moved` is called
    after every change. While the ledger is unavailable nothing moves: no other service can take a model either.
    """

    def __init__(
        self, withdraw: Callable[[str], bool], moved: Callable[[], None], *, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self._withdraw, self._moved, self._lease = withdraw, moved, lease_seconds
        self._member = uuid.uuid4().hex
        self._version = version("driftloop")
        self._lock = threading.Lock()
        self._offers: dict[str, str] = {}
        self._joined: dict[str, str] | None = None
        self._owned: dict[str, Claim] = {}
        self._forgotten: list[Claim] = []
        self._gained, self._lost = set[str](), set[str]()
        self._view = View()
        self._problem: str | None = None
        self._logged: tuple[str, ...] = ()
        self._hurry, self._ended = threading.Event(), threading.Event()
        self._leaving = False
        self._thread = threading.Thread(target=self._run, name="fleet", daemon=True)
        self.looked = threading.Event()

    def offer(self, projects: Mapping[str, Project]) -> None:
        """Set the models that this service can check; the first call starts its thread."""
        offers = {model: config_digest(project) for model, project in projects.items()}
        with self._lock:
            changed, self._offers = offers != self._offers, offers
        if self._thread.ident is None:
            self._thread.start()
        elif changed:
            self._hurry.set()

    def moves(self) -> Moves:
        """Return the changes since the last call."""
        with self._lock:
            found = Moves(frozenset(self._gained), frozenset(self._lost))
            self._gained.clear()
            self._lost.clear()
        return found

    def claim(self, model: str) -> Claim | None:
        """Return the claim through which this service owns a model; None if it does not."""
        with self._lock:
            return self._owned.get(model)

    def others(self, model: str) -> bool:
        """Return whether another running service can check a model."""
        return any(model in one.models for one in self._view.members if one.member != self._member)

    def forget(self, claim: Claim) -> None:
        """Stop owning a model through this claim, which another process may have taken."""
        model = claim.resource.removeprefix(members.OWNED)
        with self._lock:
            if self._owned.get(model) == claim:
                del self._owned[model]
                self._lost.add(model)
                self._gained.discard(model)
                self._forgotten.append(claim)
        self._hurry.set()

    def leave(self) -> None:
        """Take no more models, and give back each one as soon as no check of it runs."""
        self._leaving = True
        self._hurry.set()

    def end(self) -> None:
        """Give back all models and stop."""
        self._leaving = True
        self._ended.set()
        self._hurry.set()
        if self._thread.ident is not None:
            self._thread.join()
        with self._lock:
            left, self._owned = tuple(self._owned.values()), {}
        # Without a ledger the leases expire.
        with suppress(LedgerError), closing(Ledger(home.ledger_url())) as ledger:
            members.leave(ledger, self._member)
            members.release(ledger, left)

    def status(self) -> FleetStatus:
        """Return who owns which model, as of the last look at the ledger."""
        with self._lock:
            view, offers, owned = self._view, dict(self._offers), set(self._owned)
        counts = Counter(owner.holder for owner in view.owners.values())
        processes = tuple(self._process(one, counts) for one in view.members)
        owners = {}
        for model, owner in view.owners.items():
            host, pid = holders.named(owner.holder)
            owners[model] = Ownership(host, pid, owner.since, owner.until, model in owned)
        return FleetStatus(processes, tuple(sorted(offers)), owners, _differing(offers, view.members), self._problem)

    def _process(self, one: Member, counts: Mapping[str, int]) -> Process:
        host, pid = holders.named(one.holder)
        this = one.member == self._member
        return Process(host, pid, one.version, one.since, one.until, counts[one.holder], this)

    # The fleet's thread

    def _run(self) -> None:
        while not self._ended.is_set():
            self._hurry.clear()
            try:
                with closing(Ledger(home.ledger_url())) as ledger:
                    self._look(ledger)
                self._log(self.status().problems)
            except Exception as error:
                why = str(error) if isinstance(error, DriftloopError) else f"{type(error).__name__}: {error}"
                self._log((f"models cannot be shared now, will be retried; those of this service stay: {why}",))
            self.looked.set()
            self._moved()
            beat = min(LONGEST_BEAT_SECONDS, self._lease / BEATS)
            self._hurry.wait(min(beat, LEAVING_SECONDS) if self._leaving else beat)

    def _log(self, problems: tuple[str, ...]) -> None:
        for problem in problems:
            if problem not in self._logged:
                log.error("%s", problem)
        self._logged = problems

    def _look(self, ledger: Ledger) -> None:
        with self._lock:
            offers, owned, forgotten = dict(self._offers), dict(self._owned), self._forgotten
            self._forgotten = []
        members.release(ledger, forgotten)
        members.renew(ledger, self._member, owned.values(), lease_seconds=self._lease)
        if self._leaving:
            members.leave(ledger, self._member)
        elif offers != self._joined or all(one.member != self._member for one in self._view.members):
            members.join(ledger, self._member, self._version, offers, lease_seconds=self._lease)
            self._joined = offers
        view = members.view(ledger, {*offers, *owned}, self._view.members)
        for model, claim in owned.items():
            owner = view.owners.get(model)
            if owner is None or owner.fence != claim.fence:
                log.warning("%s: %s checks it now; this service was too late to renew its lease", model, _name(owner))
                self.forget(claim)
        self._view = view
        sharing = view.members if ledger.engine.dialect.name != "sqlite" else _on_one_host(view.members)
        self._problem = self._excluded(sharing)
        aims = shares({one.member: one.models for one in sharing})
        mine = {model for model, member in aims.items() if member == self._member and not self._leaving}
        self._give_back(ledger, [model for model in owned if model not in mine])
        free = [model for model in mine if model in offers and model not in view.owners]
        if free:
            taken = members.take(ledger, free, lease_seconds=self._lease)
            with self._lock:
                self._owned |= taken
                self._gained |= taken.keys()
            self._view = members.view(ledger, {*offers, *owned}, view.members)

    def _excluded(self, sharing: Collection[Member]) -> str | None:
        """Return why this service takes no models, if the ledger is in a file and another machine uses it too."""
        if self._leaving or not sharing or any(one.member == self._member for one in sharing):
            return None
        other = next(iter(sharing))
        host, pid = holders.named(other.holder)
        return (
            "the ledger is an SQLite file, and a service on another machine or in another container uses it "
            f"({host}, pid {pid}): this service takes no models before that one has ended. Several machines need a "
            "ledger in PostgreSQL: set DRIFTLOOP_LEDGER_URL"
        )

    def _give_back(self, ledger: Ledger, models: Collection[str]) -> None:
        for model in models:
            with self._lock:
                claim = self._owned.pop(model, None)
            if claim is None:
                continue
            # First no check starts any more, then the claim is free.
            if not self._withdraw(model):
                with self._lock:
                    self._owned[model] = claim
                continue
            members.release(ledger, [claim])
            with self._lock:
                self._lost.add(model)
                self._gained.discard(model)


def config_digest(project: Project) -> str:
    """Return a digest of a config that is the same in every folder and on every machine."""
    return digest(project.model_dump_json(exclude={"file": True, "folder": True}))


def _differing(offers: Mapping[str, str], living: Collection[Member]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for model, ours in sorted(offers.items()):
        others = [one for one in living if one.models.get(model, ours) != ours]
        if others:
            found[model] = tuple("{} (pid {})".format(*holders.named(one.holder)) for one in others)
    return found


def _on_one_host(living: Collection[Member]) -> tuple[Member, ...]:
    """Return the members that may share a ledger in a file: those on the machine of the one that came first."""
    first = min(living, key=lambda one: (one.since, one.member), default=None)
    return tuple(one for one in living if first and holders.host(one.holder) == holders.host(first.holder))


def _name(owner: object) -> str:
    holder = getattr(owner, "holder", None)
    return "{} (pid {})".format(*holders.named(holder)) if holder else "another service"
