"""Seconds, CPU seconds and peak memory of reading a window, with labels among the rows and in a table of their own.

    python -m benchmarks.label_join [--rows 1000000] [--labels 10000000] [--repeat 3]

The window is read as a check reads it: in pieces, canonical, with ids, hashed. Labels are a parquet file in no order of
key: each row has one among them (the others are of other rows), or every row has as many as fit (corrections). Each
read is in a process of its own. Prints a table in Markdown; ratios are to the first line.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb

NUMBERS, WORDS = 12, 5
SPAN = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 8, tzinfo=UTC))
ROWS = """
COPY (
    SELECT i AS order_id, TIMESTAMPTZ '2026-01-01 00:00:00+00' + i * INTERVAL ({step}) microsecond AS ts, {features},
        random() AS y
    FROM range({rows}) AS r(i)
) TO '{file}'
"""
LABELS = """
COPY (
    SELECT {key} AS "order", TIMESTAMPTZ '2026-01-01 00:00:00+00' + i * INTERVAL 60 millisecond AS known_at,
        random() AS outcome
    FROM range({labels}) AS r(i)
) TO '{file}'
"""
CASES = {"labels among the rows": "", "one label per row": "others.parquet", "all of these rows": "versions.parquet"}


def write(folder: Path, rows: int, labels: int) -> None:
    """Write a window of rows with 17 features, and two tables of labels."""
    features = [f"random() AS n{at}" for at in range(NUMBERS)]
    features += [f"'level ' || CAST(floor(random() * 30) AS VARCHAR) AS c{at}" for at in range(WORDS)]
    with duckdb.connect() as con:
        step = 7 * 86_400_000_000 // rows
        con.execute(ROWS.format(step=step, rows=rows, features=", ".join(features), file=folder / "rows.parquet"))
        for name, key in (("others", f"(i * 7919) % {labels}"), ("versions", f"(i * 7919) % {rows}")):
            con.execute(LABELS.format(key=key, labels=labels, file=folder / f"{name}.parquet"))


def read(folder: Path, labels: str) -> None:
    """Read the window once, and print seconds, CPU seconds, peak MB and the share of rows with a label."""
    from driftloop.monitoring.config import Monitored
    from driftloop.monitoring.records import Window
    from driftloop.pipelines.data.fresh import read_fresh
    from driftloop.pipelines.data.query import Query

    features = {"numeric": [f"n{at}" for at in range(NUMBERS)], "categorical": [f"c{at}" for at in range(WORDS)]}
    place = {"path": str(folder / labels), "key": "order", "time": "known_at", "target": "outcome"}
    config = Monitored.model_validate(
        {
            "model": "bench",
            "task": "regression",
            "source": {"path": str(folder / "rows.parquet")},
            "columns": {"time": "ts", "target": "y", "id": "order_id", **features},
            "labels": place if labels else None,
        }
    )
    import driftloop.monitoring.sources  # noqa: F401  (imports are not measured)

    begun, used = time.perf_counter(), time.process_time()
    fresh = read_fresh(Query(config, Window(start=SPAN[0], end=SPAN[1]), folder, now=SPAN[1]))
    fresh.digest  # noqa: B018  (computed when it is first read)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - used
    assert fresh.joined is not None
    found = fresh.joined.status(Window(start=SPAN[0], end=SPAN[1]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(seconds, cpu, peak, found.coverage)


def main() -> None:
    """Write the tables, read each case in fresh processes, print the best of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--labels", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--read", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read:
        read(Path(given.read[0]), given.read[1])
        return
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["DRIFTLOOP_HOME"] = f"{scratch}/home"
        write(Path(scratch), given.rows, given.labels)
        print(f"{given.rows:,} rows, {given.labels:,} labels\n")
        print("| labels | s | ratio | CPU s | ratio | peak MB | rows with a label |\n|---|---|---|---|---|---|---|")
        base: list[float] = []
        for name, file in CASES.items():
            command = [sys.executable, "-m", "benchmarks.label_join", "--read", scratch, file]
            runs = [
                [float(value) for value in subprocess.check_output(command, text=True).split()]
                for _ in range(given.repeat)
            ]
            used = [min(each) for each in list(zip(*runs, strict=True))[:2]]
            base = base or used
            figures = [
                text for one, least in zip(used, base, strict=True) for text in (f"{one:.1f}", f"{one / least:.2f}")
            ]
            figures += [f"{max(run[2] for run in runs):.0f}", f"{runs[0][3]:.0%}"]
            print(f"| {name} | {' | '.join(figures)} |", flush=True)


if __name__ == "__main__":
    main()
