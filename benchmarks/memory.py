"""Peak memory and CPU seconds of whole `retrain` and `predict` commands whose windows have more and more rows.

    python -m benchmarks.memory [--rows 1000000 3000000] [--commands retrain predict] [--set training.max_rows=1000000]

Every command runs in a fresh process with its own state: 10 numbers and 5 categories (8, 30, 30, 100 and 500 levels),
20 trees of depth 6, the newest fifth held out. `predict` scores the whole window with a champion of 20,000 rows. The
peak is that of the process of the command; Prefect's temporary server is another one. Prints a table in Markdown with
the slope per million rows between neighboring sizes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

NUMBERS, LEVELS = 10, (8, 30, 30, 100, 500)
START = pd.Timestamp("2026-01-01", tz="UTC")
DAYS = 100
PIECE = 500_000
SMALL = 20_000


@dataclass(frozen=True)
class Used:
    """Resources that one command used."""

    peak_mb: float
    cpu_seconds: float
    seconds: float


def write(file: Path, days: float, many: int) -> None:
    """Write rows in order of time, piece by piece, with a target that the features predict."""
    generator = np.random.default_rng(many)
    parts = max(-(-many // PIECE), 1)
    writer = None
    for at in range(parts):
        rows = many * (at + 1) // parts - many * at // parts
        numbers = generator.normal(size=(rows, NUMBERS))
        places = [generator.integers(0, levels, rows) for levels in LEVELS]
        moments = START + pd.to_timedelta(days * (at + np.arange(rows) / rows) / parts * 86400e6, unit="us")
        table = pa.table(
            {
                "ts": pa.array(moments.as_unit("us")),
                **{f"n{k}": numbers[:, k] for k in range(NUMBERS)},
                **{
                    f"c{k}": pa.DictionaryArray.from_arrays(place, [f"level {n}" for n in range(LEVELS[k])]).cast(
                        pa.string()
                    )
                    for k, place in enumerate(places)
                },
                "y": 2 * numbers[:, 0] + numbers[:, 1] ** 2 + places[1] / 10 + generator.normal(size=rows),
            }
        )
        writer = writer or pq.ParquetWriter(file, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def configure(folder: Path, file: Path, settings: dict[str, str]) -> Path:
    """Write the config of a model whose windows cover all rows of a file."""
    config: dict[str, Any] = {
        "model": "memory",
        "task": "regression",
        "source": {"path": str(file)},
        "columns": {
            "time": "ts",
            "target": "y",
            "numeric": [f"n{k}" for k in range(NUMBERS)],
            "categorical": [f"c{k}" for k in range(len(LEVELS))],
        },
        "windows": {"current": f"{DAYS}d"},
        "training": {
            "window": f"{DAYS}d",
            "holdout": f"{DAYS // 5}d",
            "estimator": "xgboost",
            "params": {"n_estimators": 20, "max_depth": 6},
        },
    }
    for key, value in settings.items():
        *path, last = key.split(".")
        section = config
        for name in path:
            section = section.setdefault(name, {})
        section[last] = yaml.safe_load(value)
    written = folder / "model.yaml"
    written.write_text(yaml.safe_dump(config))
    return written


def run(folder: Path, command: str, config: Path) -> Used:
    """Run one command in a fresh process; its errors are shown."""
    begun = time.perf_counter()
    end = f"{START + pd.Timedelta(days=DAYS):%Y-%m-%d}"
    log = folder / f"{command}.log"
    with log.open("wb") as to:
        child = subprocess.Popen(
            [sys.executable, "-m", "driftloop.pipelines.cli", command, str(config), "--now", end], stdout=to, stderr=to
        )
        _, status, used = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{command} failed:\n{log.read_text()}")
    return Used(used.ru_maxrss / 1024, used.ru_utime + used.ru_stime, time.perf_counter() - begun)


def measure(command: str, many: int, settings: dict[str, str]) -> Used:
    """Measure one command on a window of `many` rows."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, file = Path(scratch), Path(scratch) / "rows.parquet"
        os.environ |= {"DRIFTLOOP_HOME": f"{scratch}/home", "DO_NOT_TRACK": "true"}
        if command == "predict":
            write(file, DAYS, SMALL)
            run(folder, "retrain", configure(folder, file, settings))
        write(file, DAYS, many)
        return run(folder, command, configure(folder, file, settings))


def main() -> None:
    """Measure all commands and sizes in turn, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 3_000_000])
    parser.add_argument("--commands", nargs="*", default=["retrain", "predict"])
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="keys of the config")
    given = parser.parse_args()
    settings = dict(one.split("=", 1) for one in given.set)
    print("| command | rows | peak MB | CPU s | s | GB per million rows |\n|---|---|---|---|---|---|")
    for command in given.commands:
        before: tuple[int, float] | None = None
        for many in given.rows:
            used = measure(command, many, settings)
            slope = "" if before is None else f"{(used.peak_mb - before[1]) / (many - before[0]) * 1e6 / 1024:.2f}"
            print(
                f"| `{command}` | {many:,} | {used.peak_mb:,.0f} | {used.cpu_seconds:.0f} | {used.seconds:.0f} "
                f"| {slope} |",
                flush=True,
            )
            before = (many, used.peak_mb)


if __name__ == "__main__":
    main()
