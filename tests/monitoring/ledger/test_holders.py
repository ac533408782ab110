"""A process is known by host, pid and start: a reused pid is not taken for its owner, another host's for no one's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from driftloop.monitoring.ledger import holders

ROOT = Path(__file__).resolve().parents[3]
CODE = "from driftloop.monitoring.ledger import holders; print(holders.me())"


def dead() -> str:
    """The name of a process of this machine that has ended."""
    ended = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=True)
    return ended.stdout.strip()


def test_a_dead_process_is_distinguished_from_a_living_one() -> None:
    """It is gone if its pid is, or is another process's now; of another host nothing is known."""
    mine = holders.me()
    host, pid, start = mine.rsplit(" ", 2)
    assert (int(pid), holders.here(mine), holders.gone(mine)) == (os.getpid(), True, False)
    gone = dead()
    assert (holders.here(gone), holders.gone(gone)) == (True, True)
    assert gone.rsplit(" ", 2)[0] == host
    assert holders.gone(f"{host} {pid} {int(start) - 1}"), "the pid was given to another process"
    assert not holders.here(f"elsewhere {pid} 1")
    assert not holders.gone(f"elsewhere {pid} 1")


def test_a_process_that_ended_and_was_not_waited_for_is_gone() -> None:
    """A zombie still has its pid, and works on nothing any more."""
    child = subprocess.Popen([sys.executable, "-c", CODE], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    output = child.stdout.read().strip()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert Path(f"/proc/{child.pid}").exists()
    assert holders.gone(output)
    child.wait()
    child.stdout.close()
