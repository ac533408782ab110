"""Who holds a lease: a process, named by host, pid and start time, so that a reused pid is not taken for its owner."""

from __future__ import annotations

import functools
import hashlib
import os
import socket
from pathlib import Path


@functools.cache
def _host() -> str:
    """Name the machine and its pids: a container under the same name, or the machine after a reboot, is another one."""
    parts = []
    for place in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        try:
            parts.append(os.readlink(place) if place.endswith("pid") else Path(place).read_text())
        except OSError:
            parts.append("")
    return f"{socket.gethostname()}.{hashlib.sha256(''.join(parts).encode()).hexdigest()[:6]}"


def me() -> str:
    """Name our process, as it is written into claims and onto runs: `host pid start`."""
    return f"{_host()} {os.getpid()} {_start(os.getpid())}"


def host(holder: str) -> str:
    """Return the machine or container of a process, one of its boots."""
    return holder.rsplit(" ", 2)[0]


def here(holder: str) -> bool:
    """Whether that process is, or was, one of this host's."""
    return host(holder) == _host()


def named(holder: str) -> tuple[str, int]:
    """Return the host name and the pid of a process.

    >>> named("db1.example.org.3fa2b1 4711 99")
    ('db1.example.org', 4711)
    """
    machine, pid, _ = holder.rsplit(" ", 2)
    return machine.rpartition(".")[0], int(pid)


def gone(holder: str) -> bool:
    """Whether that process is known to have ended: it was one of this host's, and is not there any more.

    Processes of other hosts are unknown; only their lease shows whether they live.
    """
    _, pid, start = holder.rsplit(" ", 2)
    return here(holder) and _start(int(pid)) != start


def _start(pid: int) -> str:
    """The start of a process in ticks since the boot, which no change of the clock moves; empty if it has ended."""
    try:
        # The name of the program stands in brackets and may hold anything, a bracket too.
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "" if Path("/proc/self/stat").exists() else _alive(pid)
    return "" if words[0] in {"Z", "X"} else words[19]


def _alive(pid: int) -> str:
    """Where there is no /proc: the pid alone."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "0"
