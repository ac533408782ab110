"""Seconds of the commands in fresh processes, next to a bare no-op Prefect flow, in turn within one run.

    python -m benchmarks.commands [--rounds 5] [--quick 5] [--rows 10000]

Prints tables in Markdown: first the commands that start neither Prefect nor MLflow, with their CPU seconds; then
medians, and the median of the ratios, round by round, to the bare flow, which starts Prefect's temporary server as
every embedded flow must. Then warm checks in one process, of growing windows, with the CPU seconds of that process
for a machine that is not quiet, and the phases of the largest one.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

START = datetime(2026, 1, 1, tzinfo=UTC)
NUMBERS, WORDS = 12, 5
NOOP = "from prefect import flow\n@flow\ndef noop():\n    return 1\nnoop()\n"
EMPTY_DAY = 400
MODULE = "driftloop.pipelines.cli"


def rows(days: int, a_day: int, seed: int = 0) -> pd.DataFrame:
    """A stationary stream of 12 numbers and 5 categories whose target depends on some of them."""
    generator = np.random.default_rng(seed)
    n = days * a_day
    numbers = generator.normal(size=(n, NUMBERS))
    made: dict[str, Any] = {"ts": pd.to_datetime(START) + pd.to_timedelta(np.arange(n) * 86400 / a_day, unit="s")}
    made |= {f"n{at}": numbers[:, at] for at in range(NUMBERS)}
    made |= {f"c{at}": generator.choice([f"level {k}" for k in range(10)], n) for at in range(WORDS)}
    made["y"] = numbers[:, 0] * 3 + numbers[:, 1] ** 2 + (made["c0"] == "level 1") + generator.normal(size=n)
    return pd.DataFrame(made)


def write(folder: Path, a_day: int, days: int, triggers: list[dict[str, object]], name: str) -> Path:
    """Rows and config of one model."""
    file = folder / f"{name}.yaml"
    rows(days, a_day).to_parquet(folder / f"{name}.parquet", index=False)
    config = {
        "model": name,
        "task": "regression",
        "source": {"path": f"{name}.parquet"},
        "columns": {
            "time": "ts",
            "target": "y",
            "numeric": [f"n{at}" for at in range(NUMBERS)],
            "categorical": [f"c{at}" for at in range(WORDS)],
        },
        "windows": {"current": "7d"},
        "policies": {"triggers": triggers, "guards": []},
        "training": {"window": "14d", "holdout": "4d", "params": {"n_estimators": 100}},
    }
    file.write_text(yaml.safe_dump(config))
    return file


def timed(*command: str) -> float:
    """Seconds of one whole process."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def driftloop(*arguments: str) -> float:
    """Seconds of one command of ours."""
    return timed(sys.executable, "-m", MODULE, *arguments)


def at(day: int) -> str:
    """A moment of the simulated clock as an argument."""
    return f"{START + timedelta(days=day):%Y-%m-%d}"


def fresh_processes(folder: Path, rounds: int, a_week: int) -> None:
    """Each command in turn, round by round, so that a machine whose speed drifts slows all alike."""
    never: list[dict[str, object]] = [{"policy": "performance_drop"}]
    steady = write(folder, a_week // 7, 60, never, "steady")
    retrained = write(folder, a_week // 7, 60, [{"policy": "always"}], "retrained")
    noop = folder / "noop.py"
    noop.write_text(NOOP)
    driftloop("check", str(steady), "--now", at(21))
    driftloop("check", str(retrained), "--now", at(21))
    commands: dict[str, Callable[[int], float]] = {
        "bare no-op flow": lambda _: timed(sys.executable, str(noop)),
        "`driftloop --help`": lambda _: driftloop("--help"),
        "check, early exit (no_data)": lambda _: driftloop("check", str(steady), "--now", at(EMPTY_DAY)),
        "check, steady": lambda n: driftloop("check", str(steady), "--now", at(28 + n)),
        "check with a retrain": lambda n: driftloop("check", str(retrained), "--now", at(28 + n)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for n in range(-1, rounds):
        for name, run in commands.items():
            took = run(n + 1)
            if n >= 0:  # the first round warms the disk's cache and is not counted
                seconds[name].append(took)
    print(f"\n| fresh process, {a_week:,} rows a window x {NUMBERS + WORDS} features | median s | ratio to bare |")
    print("|---|---|---|")
    bare = seconds["bare no-op flow"]
    for name, taken in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(taken, bare, strict=True))
        print(f"| {name} | {statistics.median(taken):.2f} | {ratio:.2f} |")


def quick(folder: Path, rounds: int, a_week: int) -> None:
    """Commands that start neither Prefect nor MLflow, with the CPU seconds of their processes."""
    good = write(folder, a_week // 7, 60, [{"policy": "performance_drop"}], "good")
    misspelled = folder / "misspelled.yaml"
    misspelled.write_text(good.read_text().replace("- n0\n", "- n_0\n"))
    commands = {
        "validate": (["validate", str(good), "--now", at(28)], 0),
        "check, a misspelled column": (["check", str(misspelled), "--now", at(28)], 2),
    }
    print(f"\n| fresh process, {a_week:,} rows a window | exit code | median s | median CPU s |\n|---|---|---|---|")
    for name, (arguments, code) in commands.items():
        taken, worked = [], []
        for _ in range(rounds):
            begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run([sys.executable, "-m", MODULE, *arguments], capture_output=True, check=False)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            assert done.returncode == code, done.stderr
            taken.append(time.perf_counter() - begun)
            worked.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        print(f"| {name} | {code} | {statistics.median(taken):.2f} | {statistics.median(worked):.2f} |", flush=True)


class Spent:
    """Watcher of the phases of a check: seconds and CPU seconds of each."""

    def __init__(self) -> None:
        self.phases: dict[str, tuple[float, float]] = {}
        self._last = ("starting", time.perf_counter(), time.process_time())

    def enter(self, phase: str) -> None:
        """End the phase before."""
        name, clock, work = self._last
        self._last = (phase, time.perf_counter(), time.process_time())
        before = self.phases.get(name, (0.0, 0.0))
        self.phases[name] = (before[0] + self._last[1] - clock, before[1] + self._last[2] - work)

    def begin(self, work: str, total: int) -> None:
        """Counted work is no phase."""

    def advance(self) -> None:
        """See `begin`."""

    def end(self) -> None:
        """See `begin`."""


def warm(folder: Path, sizes: list[int]) -> None:
    """Checks one after the other in one process, for windows of growing size, and the phases of the last size."""
    from driftloop.pipelines.config.project import load
    from driftloop.pipelines.flows.warmup import prefect_ready
    from driftloop.pipelines.runtime import phases

    print("\n| warm check in one process | rows | median s | median CPU s |\n|---|---|---|---|")
    spent: list[Spent] = []
    with prefect_ready():
        from driftloop.pipelines.flows.monitoring import monitoring_flow

        for size in sizes:
            project = load(write(folder, size // 7, 40, [{"policy": "performance_drop"}], f"warm{size}"))
            for day in (21, 28):
                monitoring_flow(config=project, now=START + timedelta(days=day))
            spent = []
            for day in (29, 30, 31, 32, 33):
                spent.append(Spent())
                with phases.watched_by(spent[-1]):
                    monitoring_flow(config=project, now=START + timedelta(days=day))
                spent[-1].enter("")
            clock, work = (statistics.median(sum(p[at] for p in one.phases.values()) for one in spent) for at in (0, 1))
            print(f"| steady | {size:,} | {clock:.2f} | {work:.2f} |", flush=True)
    print(f"\n| phase of the check of {sizes[-1]:,} rows | median s | median CPU s |\n|---|---|---|")
    for name in spent[0].phases:
        clock, work = (statistics.median(one.phases[name][at] for one in spent) for at in (0, 1))
        print(f"| {name} | {clock:.2f} | {work:.2f} |")


def main() -> None:
    """Parse, run in a folder of its own, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="of the fresh processes; 0 for the warm checks alone")
    parser.add_argument("--quick", type=int, default=5, help="rounds of the commands without Prefect and MLflow")
    parser.add_argument("--rows", type=int, default=10_000, help="rows of a window in the fresh processes")
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["DRIFTLOOP_HOME"] = f"{scratch}/home"
        from driftloop.pipelines.runtime import home

        home.prepare()
        # The bare flow runs with Prefect's own settings; only its home and telemetry are shared.
        shared = {*home.QUIET, "PREFECT_HOME"}
        for name in home.EMBEDDED_PREFECT.keys() - shared:
            os.environ.pop(name, None)
        if given.quick:
            quick(Path(scratch), given.quick, given.rows)
        if given.rounds:
            fresh_processes(Path(scratch), given.rounds, given.rows)
        if given.sizes:
            warm(Path(scratch), given.sizes)


if __name__ == "__main__":
    main()
