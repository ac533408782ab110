"""How many threads a fit may take, and how they wait for each other."""

from __future__ import annotations

import os
import sys
import time

WORTH_SHARING = 20_000
SETTING = ("OMP_WAIT_POLICY", "passive")


def prepare() -> bool:
    """Let waiting OpenMP threads sleep instead of spin; say whether they do.

    Call it before xgboost or scikit-learn is imported: each OpenMP runtime reads the variable once, when it is loaded.
    A value that is set already stays. Next to a busy process, spinning threads hold the core that the thread they wait
    for would need: a fit on all cores then takes several times as long.
    """
    name, value = SETTING
    if name not in os.environ and not {"xgboost", "sklearn"} & sys.modules.keys():
        os.environ[name] = value
    return os.environ.get(name, "").lower() == value


def free_threads(wanted: int | None = None, rows: int | None = None) -> int:
    """Give the threads that a fit may take: those wanted, else all cores if waiting threads sleep, else the idle ones.

    Few `rows` are learned by one: to wait for each other at every split costs more than a second saves. With many,
    sleeping threads share a busy core as any other work does, and measured never slower than fewer threads; spinning
    ones must keep to cores of their own. There is always at least one.
    """
    if wanted is not None:
        return max(1, wanted)
    if rows is not None and rows < WORTH_SHARING:
        return 1
    return cores() if prepare() else max(1, cores() - round(busy_cores()))


def cores() -> int:
    """Count the cores that this process may use, by affinity and cgroup."""
    from joblib import cpu_count  # type: ignore[import-untyped]

    return int(cpu_count())


def busy_cores(seconds: float = 0.15) -> float:
    """Measure how many cores' worth of work others do; this thread sleeps meanwhile, so that it does not count itself.

    If the system does not report it (it does on Linux) the load average is taken, which counts this process too.
    """
    before = _ticks()
    if before is None:
        return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    time.sleep(seconds)
    after = _ticks() or before
    busy = 0.0
    for core in before.keys() & after.keys() & os.sched_getaffinity(0):
        idle, total = (after[core][part] - before[core][part] for part in (0, 1))
        busy += 1 - idle / total if total > 0 else 0.0
    return busy


def _ticks() -> dict[int, tuple[int, int]] | None:
    """Idle and total ticks of each core since boot, or nothing if the system does not report it."""
    try:
        with open("/proc/stat", encoding="ascii") as stat:
            lines = [line.split() for line in stat if line.startswith("cpu") and line[3].isdigit()]
    except OSError:
        return None
    # user nice system idle iowait irq softirq steal; guest time is within user already
    ticks = {int(line[0][3:]): [int(part) for part in line[1:9]] for line in lines}
    return {core: (part[3] + part[4], sum(part)) for core, part in ticks.items()} or None
