"""One holder at a time; a dead one loses its lease, a late one fails on the fence."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from driftloop.monitoring.errors import LeaseLost
from driftloop.monitoring.ledger import Claim, Held, Ledger, claims
from driftloop.monitoring.ledger.tables import CLAIMS, stamp
from driftloop.monitoring.ledger.transactions import write
from tests.monitoring.ledger.test_ledger import ask, retrain
from tests.together import together

ROOT = Path(__file__).resolve().parents[3]


def taken(ledger: Ledger, resource: str = "check/taxi") -> Claim | Held:
    """Take it and never give it back, as a process does that is killed."""
    return write(ledger.engine, lambda open_: claims.take(open_, resource))


def change(ledger: Ledger, **values: str) -> None:
    with ledger.engine.begin() as open_:
        open_.execute(CLAIMS.update().values(**values))


def test_one_holds_it_and_the_next_one_comes_after(ledger: Ledger) -> None:
    """While it is held no one else gets it, not even another thread of the process; each taker raises the fence."""
    with ledger.holding("check/taxi", waiting=None) as first:
        assert isinstance(first, Claim)
        with ledger.holding("check/taxi", waiting=None) as second:
            assert second == Held("check/taxi", first.holder)
        with ledger.holding("check/air", waiting=None) as other:
            assert isinstance(other, Claim)
        assert ledger.busy("check/taxi") is not None
    assert ledger.busy("check/taxi") is None
    with ledger.holding("check/taxi", waiting=None) as third:
        assert isinstance(third, Claim)
        assert third.fence == first.fence + 1


def test_who_waits_is_informed_once_and_gets_it(ledger: Ledger) -> None:
    """Waiting ends with the holder's work, and the holder was named."""
    result: list[Held] = []
    order: list[str] = []
    inside, done = threading.Event(), threading.Event()

    def first() -> None:
        with ledger.holding("check/taxi", waiting=None):
            inside.set()
            done.wait(10)
            order.append("first")

    def waits(held: Held) -> None:
        result.append(held)
        done.set()

    worker = threading.Thread(target=first)
    worker.start()
    inside.wait(10)
    with ledger.holding("check/taxi", waiting=waits) as claim:
        order.append("second")
    worker.join()
    assert order == ["first", "second"]
    assert isinstance(claim, Claim)
    assert [held.holder for held in result] == [claim.holder]


DIES = """
import os, signal, sys
from driftloop.monitoring.ledger import Ledger
ledger = Ledger(sys.argv[1])
with ledger.holding("check/taxi", waiting=None):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_dead_holder_of_this_host_loses_it_immediately(ledger: Ledger, url: str) -> None:
    """No lease has to run out: its pid is gone."""
    died = subprocess.run([sys.executable, "-c", DIES, url], cwd=ROOT, timeout=60)
    assert died.returncode == -9
    with ledger.holding("check/taxi", waiting=None) as claim:
        assert isinstance(claim, Claim)
        assert claim.fence == 2


def test_a_holder_elsewhere_loses_it_when_its_lease_runs_out(ledger: Ledger) -> None:
    """Of another host only the heartbeats count: as long as the lease runs it is taken for alive, whatever the pid."""
    taken(ledger)
    change(ledger, holder="elsewhere.0 1 1")
    assert isinstance(taken(ledger), Held)
    change(ledger, expires_at=stamp(datetime.now(UTC) - timedelta(seconds=1)))
    assert isinstance(taken(ledger), Claim)


def test_a_process_elsewhere_is_dead_when_its_lease_of_life_ran_out(ledger: Ledger) -> None:
    """One that waits, or that gave its claims back, is alive; one that never showed itself is not known to be dead."""
    there = "elsewhere.0 1 1"
    assert not ledger.dead(there)
    with ledger.present():
        change(ledger, holder=there)
        assert not ledger.dead(there)
        change(ledger, expires_at=stamp(datetime.now(UTC) - timedelta(seconds=1)))
        assert ledger.dead(there)
    assert not ledger.dead(there), "it has left in good order"
    with suppress(ZeroDivisionError), ledger.present():
        change(ledger, holder=there)
        raise ZeroDivisionError
    assert not ledger.dead(there), "one piece of work has failed, and its process lives on"
    with ledger.engine.connect() as open_:
        assert open_.execute(sa.select(CLAIMS)).all() == []


def test_a_heartbeat_keeps_the_lease(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work that takes longer than a lease is not taken away from a process that lives."""
    monkeypatch.setattr(claims, "BEAT_SECONDS", 0.01)
    beaten = threading.Event()
    sa.event.listen(
        ledger.engine,
        "after_cursor_execute",
        lambda *words: beaten.set() if "UPDATE claims SET expires_at" in words[2] else None,
    )
    with ledger.holding("check/taxi", waiting=None):
        change(ledger, holder="elsewhere.0 1 1", expires_at=stamp(datetime.now(UTC) - timedelta(seconds=9)))
        beaten.clear()
        assert beaten.wait(10)
        assert beaten.wait(10)
        assert isinstance(taken(ledger), Held)


def test_a_heartbeat_never_takes_it_back(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has lost the lease neither prolongs nor ends the other one's."""
    monkeypatch.setattr(claims, "BEAT_SECONDS", 0.01)
    with ledger.holding("check/taxi", waiting=None) as late:
        change(ledger, expires_at=stamp(datetime.now(UTC) - timedelta(seconds=1)), holder="elsewhere.0 1 1")
        change(ledger, fence="7")
    assert isinstance(late, Claim)
    with ledger.engine.connect() as open_:
        row = open_.execute(sa.select(CLAIMS)).mappings().one()
    assert row["fence"] == 7
    assert row["expires_at"] is not None


def test_a_late_finisher_writes_nothing(ledger: Ledger) -> None:
    """Progress and ends under an old fence are refused, and the other one's end is the one that counts."""
    ask(ledger)
    with ledger.hold_request("r1", waiting=None) as late:
        pass
    assert isinstance(late, Claim)
    with ledger.hold_request("r1", waiting=None) as now:
        assert isinstance(now, Claim)
        for word in (
            lambda: ledger.close_request(retrain(), by=late),
            lambda: ledger.fail("r1", "why", by=late),
            lambda: ledger.require(late),
        ):
            with pytest.raises(LeaseLost, match="took over before attempt 1 ended"):
                word()
        assert ledger.result("r1") is None
        assert ledger.close_request(retrain(promoted=False), by=now)
    assert ledger.result("r1") == retrain(promoted=False)


def test_attempts_are_counted_since_the_request_was_asked_for(ledger: Ledger) -> None:
    """A user who asks again after a failure starts the count again."""
    ask(ledger)
    for _ in range(2):
        with ledger.hold_request("r1", waiting=None):
            pass
    assert ledger.attempts("r1") == 2
    ledger.fail("r1", "out of memory")
    ask(ledger)
    assert ledger.attempts("r1") == 0
    assert [event.payload["attempt"] for event in reversed(ledger.events("taxi", kinds=["claimed"]))] == [1, 2]


TAKES = """
ledger, won = Ledger(sys.argv[1]), []
for turn in range(12):
    with ledger.holding("check/taxi", waiting=lambda held: None) as claim:
        won.append(claim.fence)
print(repr(won))
"""


def test_four_processes_hold_it_one_after_the_other(url: str) -> None:
    """Forty-eight turns, each with a fence of its own: no two were inside at the same time."""
    imports = "import sys; from driftloop.monitoring.ledger import Ledger\n"
    fences = [fence for message in together(imports, TAKES, *[[url]] * 4) for fence in eval(message)]
    assert sorted(fences) == list(range(1, 49))
    with closing(Ledger(url)) as ledger:
        assert ledger.busy("check/taxi") is None
