"""CPU seconds of a check with 20 slices and without, alternating in one process.

    python -m benchmarks.slices [--rows 1000000] [--repeat 3] [--tasks regression binary multiclass]

A champion is trained on four weeks with 50,000 rows. Then the next week, with all of its labels, is checked as a dry
run: with no slices, with 20 slices by value, bin and condition, and with 20 conditions. The window is read, predicted
and judged each time: no step is taken from a cache. Prints a table in Markdown; the ratio is that of the medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import yaml

from driftloop.monitoring.records import Check

Case = TypeVar("Case", str, int)
START = datetime(2026, 1, 1, tzinfo=UTC)
NUMBERS, WORDS = 12, 4
ROWS = """
COPY (
    SELECT *, {target} AS y FROM (
        SELECT TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_microseconds(CAST({start} + i * {step} AS BIGINT)) AS ts,
            {features}
        FROM range({rows}) AS r(i)
    )
) TO '{file}'
"""
TARGETS = {
    "regression": "10 * n0 + 5 * n1 + random() * 4",
    "binary": "CASE WHEN n0 + n1 + random() > 1.5 THEN 'yes' ELSE 'no' END",
    "multiclass": "'class ' || CAST(floor(n0 * 2 + n1 + random()) AS VARCHAR)",
}
CONDITIONS: list[Any] = [{"name": f"s{at}", "where": f"n{at % NUMBERS} > {0.05 + 0.04 * at:.2f}"} for at in range(20)]
# 10 values, 4 bins and 6 conditions.
MIXED: list[Any] = ["c0", {"column": "n2", "bins": [0.25, 0.5, 0.75]}, *CONDITIONS[:6]]
CASES: dict[str, list[Any]] = {"no slices": [], "20 slices": MIXED, "20 conditions": CONDITIONS}


def write(folder: Path, rows: int, task: str) -> None:
    """Write four weeks with 50,000 rows, and a week with `rows` rows."""
    levels = [10, 30, 100, 5]
    features = [f"random() AS n{at}" for at in range(NUMBERS)]
    features += [f"'level ' || CAST(floor(random() * {levels[at]}) AS VARCHAR) AS c{at}" for at in range(WORDS)]
    with duckdb.connect() as con:
        con.execute("SELECT setseed(0.5)")
        for name, first_day, days, count in (("then", 0, 28, 50_000), ("week", 28, 7, rows)):
            microseconds = 86_400_000_000
            con.execute(
                ROWS.format(
                    target=TARGETS[task],
                    start=first_day * microseconds,
                    step=days * microseconds / count,
                    features=", ".join(features),
                    rows=count,
                    file=folder / f"{name}.parquet",
                )
            )


def config(folder: Path, task: str, slices: list[Any], seed: int) -> Path:
    """Write the config of a case; another seed of the samples makes a check that no cache knows."""
    numeric, categorical = [f"n{at}" for at in range(NUMBERS)], [f"c{at}" for at in range(WORDS)]
    values = {
        "model": f"bench-{task}",
        "task": task,
        "source": {"path": "*.parquet"},
        "columns": {"time": "ts", "target": "y", "numeric": numeric, "categorical": categorical},
        "windows": {"current": "7d"},
        "drift": {"seed": seed},
        "slices": slices,
        "training": {"window": "28d", "estimator": "xgboost", "params": {"n_estimators": 100}},
        "policies": {"triggers": [{"policy": "never"}]},
    }
    file = folder / "bench.yaml"
    file.write_text(yaml.safe_dump(values))
    return file


def in_turns(
    cases: Sequence[Case],
    repeat: int,
    configured: Callable[[Case, int], Path],
    is_right: Callable[[Case, Check], bool],
) -> dict[Case, list[float]]:
    """Return CPU seconds of dry checks of the last week by case, whose turns alternate.

    `configured` writes the config of a case with a seed, another one for each check.
    """
    import driftloop

    found: dict[Case, list[float]] = {case: [] for case in cases}
    for turn in range(repeat + 1):
        for at, case in enumerate(cases):
            file = configured(case, 1 + turn * len(cases) + at)
            begun = time.process_time()
            check = driftloop.check(file, now=START + timedelta(days=35), dry_run=True)
            used = time.process_time() - begun
            assert not check.cached
            assert is_right(case, check), check.reason
            if turn:  # the first one warms up
                found[case].append(used)
    return found


def measured(folder: Path, task: str, repeat: int) -> dict[str, list[float]]:
    """Return CPU seconds of checks by case."""
    import driftloop

    def is_right(name: str, check: Check) -> bool:
        return check.performance is not None and len(check.slices) == (20 if CASES[name] else 0)

    driftloop.check(config(folder, task, MIXED, 0), now=START + timedelta(days=28))
    return in_turns(list(CASES), repeat, lambda name, seed: config(folder, task, CASES[name], seed), is_right)


def main() -> None:
    """Write the rows, check them in turns, print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--tasks", nargs="*", default=list(TARGETS), choices=list(TARGETS))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["DRIFTLOOP_HOME"] = f"{scratch}/home"
        print(f"{asked.rows:,} rows\n")
        print("| task | slices | CPU s | ratio |\n|---|---|---|---|")
        for task in asked.tasks:
            folder = Path(scratch) / task
            folder.mkdir()
            write(folder, asked.rows, task)
            found = {name: statistics.median(used) for name, used in measured(folder, task, asked.repeat).items()}
            for name, used in found.items():
                print(f"| {task} | {name} | {used:.1f} | {used / found['no slices']:.2f} |", flush=True)


if __name__ == "__main__":
    main()
