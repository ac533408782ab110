"""Seconds and peak memory of whole checks of one model whose windows have more and more rows.

    python -m benchmarks.window_memory [--sizes 10000 1000000 5000000]

Each is a dry run of `driftloop check` in a fresh process: read, preflight, predictions, drift, loss and the report. The
champion is the same for all: trained once, on 14 days of 1,000 rows, with 17 features. Prints a table in Markdown; the
peak is that of the process that checks. Next to it is the memory that the window's rows alone would take as a frame.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

NUMBERS, WORDS = 12, 5
LEVELS = np.array([f"level {k}" for k in range(30)], dtype=object)
START = pd.Timestamp("2026-01-01", tz="UTC")
PIECE = 500_000


def rows(first_day: float, days: float, many: int, seed: int) -> pd.DataFrame:
    """Rows in order of time, with a target that the features predict."""
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame({f"n{at}": generator.normal(size=many) for at in range(NUMBERS)})
    return frame.assign(
        ts=START + pd.to_timedelta((first_day + np.linspace(0, days, many, endpoint=False)) * 86400e6, unit="us"),
        **{f"c{at}": LEVELS[generator.integers(0, len(LEVELS), many)] for at in range(WORDS)},
        y=2 * frame["n0"] + frame["n1"] + generator.normal(size=many),
    )


def write(file: Path, first_day: float, days: float, many: int, seed: int) -> int:
    """Write rows piece by piece; answers with the bytes that they take as a frame."""
    size = 0
    parts = max(-(-many // PIECE), 1)
    writer = None
    for at in range(parts):
        frame = rows(first_day + days * at / parts, days / parts, many // parts, seed + at)
        size += int(frame.memory_usage(deep=True).sum())
        table = pa.Table.from_pandas(frame.assign(ts=frame["ts"].dt.as_unit("us")), preserve_index=False)
        writer = writer or pq.ParquetWriter(file, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()
    return size


def check(config: Path, day: int, *more: str) -> tuple[float, float]:
    """Seconds and peak MB of one check in a process of its own."""
    now = f"{START + pd.Timedelta(days=day):%Y-%m-%dT%H:%M}"
    begun = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "driftloop.pipelines.cli", "check", str(config), "--now", now, "--json", *more],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(child.pid, 0)
    assert status == 0, f"the check of {config} failed"
    return time.perf_counter() - begun, used.ru_maxrss / 1024


def main() -> None:
    """Train once, check all sizes, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 1_000_000, 5_000_000])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        os.environ |= {"DRIFTLOOP_HOME": f"{scratch}/home", "DO_NOT_TRACK": "true", "ROWS": f"{scratch}/known.parquet"}
        write(folder / "known.parquet", 0, 14, 14_000, seed=0)
        config = folder / "model.yaml"
        names = {"numeric": [f"n{at}" for at in range(NUMBERS)], "categorical": [f"c{at}" for at in range(WORDS)]}
        config.write_text(
            yaml.safe_dump(
                {
                    "model": "memory",
                    "task": "regression",
                    "source": {"path": "${ROWS}", "format": "parquet"},
                    "columns": {"time": "ts", "target": "y", **names},
                    "windows": {"current": "7d"},
                    "policies": {"triggers": [{"policy": "performance_drop"}]},
                    "training": {"window": "14d", "holdout": "4d", "params": {"n_estimators": 100}},
                }
            )
        )
        check(config, 14)
        print("| rows of the window | s | peak MB | the rows alone, MB |\n|---|---|---|---|")
        for size in given.sizes:
            os.environ["ROWS"] = f"{scratch}/fresh.parquet"
            alone = write(folder / "fresh.parquet", 14, 7, size, seed=1)
            seconds, peak = check(config, 21, "--dry-run")
            print(f"| {size:,} | {seconds:.1f} | {peak:.0f} | {alone / 2**20:.0f} |", flush=True)


if __name__ == "__main__":
    main()
