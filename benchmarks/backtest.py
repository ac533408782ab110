"""Seconds of a backtest, from the file to the page: 50 batches, 20 policies, 300,000 rows x 10 columns.

    python -m benchmarks.backtest [--rows 300000] [--batches 50] [--loss mse] [--table]

Prints a table in Markdown. The first run trains and scores all, the second one reads what the first has kept. The
seconds of the processor are reported next to those of the clock: on a machine with other work they say more.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

START = datetime(2025, 1, 1, tzinfo=UTC)
NUMBERS, WORDS = 8, 2
# Twenty rules next to never, always and the config's own.
POLICIES = (
    "recoverable_loss,gated_probe_debt,cara,loss_cusum,loss_ztest,performance_drop,periodic,schedule,auto_quantile,"
    "drift_share,prediction_drift,target_drift,estimated_loss,config"
)


def rows(count: int, days: int, seed: int = 0) -> pd.DataFrame:
    """A stream of 8 numbers and 2 categories whose target turns slowly."""
    generator = np.random.default_rng(seed)
    numbers = generator.normal(size=(count, NUMBERS))
    at = np.linspace(0, days, count, endpoint=False)
    made: dict[str, Any] = {"ts": pd.to_datetime(START) + pd.to_timedelta(at * 86400, unit="s")}
    made |= {f"n{place}": numbers[:, place] for place in range(NUMBERS)}
    made |= {f"c{place}": generator.choice([f"level {k}" for k in range(10)], count) for place in range(WORDS)}
    turn = at / days * np.pi / 2
    made["y"] = 3 * (numbers[:, 0] * np.cos(turn) + numbers[:, 1] * np.sin(turn)) + numbers[:, 2] ** 2
    made["y"] += (made["c0"] == "level 1") + generator.normal(size=count)
    return pd.DataFrame(made)


def write(folder: Path, count: int, batches: int, window: int, loss: str) -> Path:
    """Rows and config of the model: batches of a day, this many of them in a training window."""
    # Those before the first full window, and the last day that is not whole, are no batches to score.
    rows(count, batches + window).to_parquet(folder / "rows.parquet", index=False)
    config = {
        "model": "bench",
        "task": "regression",
        "source": {"path": "rows.parquet"},
        "columns": {
            "time": "ts",
            "target": "y",
            "numeric": [f"n{place}" for place in range(NUMBERS)],
            "categorical": [f"c{place}" for place in range(WORDS)],
        },
        "windows": {"current": "1d"},
        "performance": {"loss": loss},
        "training": {"window": f"{window}d", "holdout": "1d"},
    }
    file = folder / "bench.yaml"
    file.write_text(yaml.safe_dump(config))
    return file


def processor() -> float:
    """Seconds of processor time of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Parse, run twice in a folder of its own, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--batches", type=int, default=50)
    parser.add_argument("--window", type=int, default=6, help="batches in a training window")
    parser.add_argument("--loss", default="mse", help="mse, or mae, whose trees take longer")
    parser.add_argument("--table", action="store_true", help="print what the command prints, too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["DRIFTLOOP_HOME"] = f"{scratch}/home"
        from driftloop.pipelines.runtime import home

        home.prepare()
        from driftloop.pipelines.backtest.page import render
        from driftloop.pipelines.backtest.run import backtest
        from driftloop.pipelines.backtest.words import as_table
        from driftloop.pipelines.config.project import load

        file = write(Path(scratch), given.rows, given.batches, given.window, given.loss)
        project, now = load(file), START + timedelta(days=given.batches + given.window)
        size = f"{given.rows:,} rows x {NUMBERS + WORDS} columns, {given.loss}"
        print(f"| {size} | batches | policies | seconds | of the processor | MB |\n|---|---|---|---|---|---|")
        for name in ("trained and scored", "read from the cache"):
            begun, used = time.perf_counter(), processor()
            found = backtest(project, now, policies=POLICIES.split(","))
            render(found)
            took, spent = time.perf_counter() - begun, processor() - used
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"| {name} | {len(found.windows)} | {len(found.standings)} | {took:.1f} | {spent:.1f} | {peak:.0f} |",
                flush=True,
            )
        if given.table:
            print(f"\n{as_table(found)}")


if __name__ == "__main__":
    main()
