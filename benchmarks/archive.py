"""CPU seconds of a check with archived models and without, alternating in one process.

    python -m benchmarks.archive [--rows 100000] [--repeat 5] [--keep 8] [--tasks regression binary multiclass]

A champion is trained on four weeks with 50,000 rows, and a backtest keeps models of their history. Then the next week,
with all of its labels, is checked as a dry run without an archive and with `--keep` models. Estimators have their
default parameters. The window is read, predicted and judged each time: no step is taken from a cache. Prints a table
in Markdown; the ratio is that of the medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from datetime import timedelta
from pathlib import Path

import yaml

from benchmarks.slices import NUMBERS, START, TARGETS, WORDS, in_turns, write
from driftloop.monitoring.records import Check


def config(folder: Path, task: str, keep: int, seed: int) -> Path:
    """Write the config; another seed of the samples makes a check that no cache knows."""
    numeric, categorical = [f"n{at}" for at in range(NUMBERS)], [f"c{at}" for at in range(WORDS)]
    values = {
        "model": f"archive-{task}",
        "task": task,
        "source": {"path": "*.parquet"},
        "columns": {"time": "ts", "target": "y", "numeric": numeric, "categorical": categorical},
        "windows": {"current": "7d"},
        "drift": {"seed": seed},
        "training": {"window": "14d", "estimator": "xgboost"},
        "policies": {"triggers": [{"policy": "never"}]},
        "archive": {"keep": keep},
    }
    file = folder / "bench.yaml"
    file.write_text(yaml.safe_dump(values))
    return file


def measured(folder: Path, task: str, keep: int, repeat: int) -> dict[int, list[float]]:
    """Return CPU seconds of checks by the number of archived models."""
    import driftloop

    def is_right(number: int, check: Check) -> bool:
        return (len(check.archive.scores) if check.archive else 1) == number + 1

    then = START + timedelta(days=28)
    file = config(folder, task, keep, 0)
    driftloop.check(file, now=then)
    driftloop.backtest(file, now=then, batch=timedelta(days=2), policies=["never"], keep_models=True)
    return in_turns([0, keep], repeat, lambda number, seed: config(folder, task, number, seed), is_right)


def main() -> None:
    """Write the rows, check them in turns, print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--keep", type=int, default=8)
    parser.add_argument("--tasks", nargs="*", default=list(TARGETS), choices=list(TARGETS))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["DRIFTLOOP_HOME"] = f"{scratch}/home"
        print(f"| a check of {asked.rows:,} rows | archived models | CPU s | ratio |\n|---|---|---|---|")
        for task in asked.tasks:
            folder = Path(scratch) / task
            folder.mkdir()
            write(folder, asked.rows, task)
            found = measured(folder, task, asked.keep, asked.repeat)
            medians = {number: statistics.median(used) for number, used in found.items()}
            for number, used in medians.items():
                print(f"| {task} | {number} | {used:.2f} | {used / medians[0]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
