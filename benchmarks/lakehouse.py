"""CPU seconds and memory of reading a window from a year of weeks, in parquet, Delta Lake and Iceberg.

    python -m benchmarks.lakehouse [--rows 100000] [--weeks 52]

Each week is one file (one commit) of a table with 10 numbers and 5 categories. Every reading runs in a process of its
own, after one that finds nothing and imports the libraries: 65,536 rows at a time, of one week or of all. Prints a
table in Markdown; the memory is the peak of the process, with the libraries.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

START, WEEK = datetime(2024, 1, 1, tzinfo=UTC), timedelta(weeks=1)
KINDS = ("parquet", "delta", "iceberg")


def rows_of(week: int, many: int) -> pa.Table:
    """Return the rows of a week, in order of time."""
    generator = np.random.default_rng(week)
    start = np.datetime64((START + week * WEEK).replace(tzinfo=None), "us")
    moments = start + np.sort(generator.integers(0, WEEK // timedelta(microseconds=1), many)).astype("timedelta64[us]")
    return pa.table(
        {
            "ts": pa.array(moments, pa.timestamp("us", "UTC")),
            "y": generator.normal(size=many),
            **{f"n{at}": generator.normal(size=many) for at in range(10)},
            **{f"c{at}": pa.array(generator.integers(0, 30, many).astype(str)) for at in range(5)},
        }
    )


def write(folder: Path, weeks: int, many: int) -> None:
    """Write the same rows in each format."""
    from deltalake import write_deltalake
    from pyiceberg.catalog import load_catalog

    (folder / "plain").mkdir()
    uri, warehouse = f"sqlite:///{folder}/catalog.db", f"file://{folder}/iceberg"
    catalog = load_catalog("default", type="sql", uri=uri, warehouse=warehouse)
    catalog.create_namespace("shop")
    table = catalog.create_table("shop.trips", schema=rows_of(0, 1).schema)
    for week in range(weeks):
        rows = rows_of(week, many)
        pq.write_table(rows, folder / f"plain/{week:03}.parquet")
        write_deltalake(folder / "delta", rows, mode="append")
        table.append(rows)


def read(folder: Path, kind: str, first: int, weeks: int) -> str:
    """Read the rows of some weeks, and return their number, the CPU seconds and the peak in MB."""
    from driftloop.monitoring import sources
    from driftloop.monitoring.records import Window
    from driftloop.monitoring.settings.columns import Columns
    from driftloop.monitoring.settings.source import Source

    source = {
        "parquet": Source(path="plain/*.parquet"),
        "delta": Source(delta="delta"),
        "iceberg": Source(iceberg="shop.trips", catalog={"type": "sql", "uri": "sqlite:///catalog.db"}),
    }[kind]
    names = tuple(f"c{at}" for at in range(5))
    columns = Columns(time="ts", target="y", numeric=tuple(f"n{at}" for at in range(10)), categorical=names)
    sources.count_rows(source, columns, Window(start=START - 2 * WEEK, end=START - WEEK), folder)
    before = resource.getrusage(resource.RUSAGE_SELF)
    window = Window(start=START + first * WEEK, end=START + (first + weeks) * WEEK)
    with sources.stream_rows(source, columns, window, folder, most=1 << 16) as stream:
        count = sum(len(frame) for frame in stream.frames)
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f"{count:,} | {seconds:.2f} | {_peak():.0f}"


def _peak() -> float:
    """Return the peak of this process in MB; `ru_maxrss` would start with that of the process that began it."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Write the tables, and print a line for each reading."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--read", nargs=4, metavar=("FOLDER", "KIND", "FIRST", "WEEKS"))
    given = parser.parse_args()
    if given.read:
        folder, kind, first, weeks = given.read
        print(read(Path(folder), kind, int(first), int(weeks)))
        return
    print("| source | window | rows | CPU s | peak MB |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), given.weeks, given.rows)
        for first, weeks in ((given.weeks - 2, 1), (0, given.weeks)):
            for kind in KINDS:
                command = [sys.executable, "-m", "benchmarks.lakehouse", "--read", folder, kind, str(first), str(weeks)]
                result = subprocess.run(command, capture_output=True, text=True, check=True)
                window = f"{weeks} week{'s' if weeks > 1 else ''}"
                print(f"| {kind} | {window} | {result.stdout.strip()} |", flush=True)


if __name__ == "__main__":
    main()
