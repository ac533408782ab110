"""Memory that this process may still take: the free memory of the machine, or the rest of a cgroup's limit.

How often Python searches it for garbage, and when it goes back to the system.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MB = 1 << 20
# Objects between two searches for garbage, and how many searches make one of the next generation.
SEARCH_AFTER = (10_000, 10, 10)


def search_rarely() -> None:
    """Search for garbage after 10,000 new objects instead of 700.

    By default the imports of a check start 1,300 searches through objects that all stay, a sixth of the CPU time.
    """
    gc.set_threshold(*SEARCH_AFTER)


def give_back() -> None:
    """Give memory that is not in use back to the system, where the C library can (glibc): it keeps it otherwise."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


@dataclass(frozen=True)
class Free:
    """Free memory in bytes, with what limits it."""

    bytes: int
    limited_by: str

    @property
    def mb(self) -> int:
        """The same in MB, rounded down."""
        return self.bytes // MB


def free(root: Path = Path("/")) -> Free | None:
    """Return the memory that can be taken without swapping or being killed; None where the system does not report it.

    It is the least of the available memory of the machine and what each cgroup limit above this process (version 1 or
    2) leaves; page cache that a cgroup can drop counts as free.
    """
    limits = [*_of_machine(root), *_of_groups(root)]
    return min(limits, key=lambda limit: limit.bytes, default=None)


def _of_machine(root: Path) -> Iterator[Free]:
    for line in _lines(root / "proc/meminfo"):
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            yield Free(int(value.split()[0]) * 1024, "available memory")


def _of_groups(root: Path) -> Iterator[Free]:
    for line in _lines(root / "proc/self/cgroup"):
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            place, names = root / "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            place = root / "sys/fs/cgroup/memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        own = place / path.strip().lstrip("/")
        # In a container the path may be that of the host: the limit is then at the top.
        for folder in {place, own, *(above for above in own.parents if place in above.parents)}:
            left = _left(folder, *names)
            if left is not None:
                yield Free(left, "cgroup limit")


def _left(folder: Path, most: str, used: str, droppable: str) -> int | None:
    limit, taken = (next(iter(_lines(folder / name)), "").strip() for name in (most, used))
    if not limit.isdecimal() or not taken.isdecimal():
        return None
    stat = dict(line.split(maxsplit=1) for line in _lines(folder / "memory.stat") if " " in line)
    return max(int(limit) - int(taken) + int(stat.get(droppable, "0")), 0)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
