"""The ledger's lock: one inside at a time for each model, free as soon as its holder is dead."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from driftloop.monitoring.errors import LockLost
from driftloop.monitoring.ledger import Ledger
from tests.servers.postgres import Postgres

ROOT = Path(__file__).resolve().parents[3]
DIES = """
import os, signal, sys
import pytest

from driftloop.monitoring.errors import LockLost
from driftloop.monitoring.ledger import Ledger
from tests.servers.postgres import Postgres
with Ledger(sys.argv[1]).model_lock("taxi"):
    print("inside", flush=True)
    sys.stdin.read()
"""


def test_one_is_inside_at_a_time(ledger: Ledger) -> None:
    """Read, wait, write by many threads loses no count; without the lock they would all read the same."""
    count = [0]

    def add() -> None:
        with ledger.model_lock("taxi"):
            observed = count[0]
            time.sleep(0.005)
            count[0] = observed + 1

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count == [8]


def test_another_model_does_not_wait(ledger: Ledger) -> None:
    """The lock is a model's own, and the ledger itself can be written to meanwhile."""
    with ledger.model_lock("taxi"), ledger.model_lock("air"), ledger.holding("check/taxi", waiting=None):
        assert ledger.busy("check/taxi") is not None


def test_the_death_of_its_holder_frees_it(ledger: Ledger, url: str) -> None:
    """A killed process leaves no lock behind that anybody would have to remove."""
    holder = subprocess.Popen(
        [sys.executable, "-c", DIES, url], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "inside\n"
    holder.kill()
    holder.communicate()
    with ledger.model_lock("taxi"):
        pass


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_who_has_lost_the_lock_learns_it_before_it_moves_anything(ledger: Ledger, postgres: Postgres) -> None:
    """A cut connection frees the lock in the server, so another one is inside immediately: the first must not go on."""
    with ledger.model_lock("taxi") as still:
        still()
        postgres.disconnect()
        with ledger.model_lock("taxi") as also:
            also()
            with pytest.raises(LockLost, match="the lock on the aliases of taxi was lost"):
                still()
