"""A window of parquet files, read, counted and scored by this process and by two workers of Dask.

    python -m benchmarks.engines [--rows 1000000 5000000] [--repeat 2]

A file has 250,000 rows of 10 numbers, 5 categories, a time and a target; the model is xgboost with 100 trees. Each way
is a process of its own, in turn, and does what a check does before it judges: rows are made canonical and hashed,
tallied, predicted and profiled, with a loss for each row. The scheduler and the workers (one thread each) are on this
machine. Counts, digest and losses of both ways are compared; a difference ends the benchmark. CPU seconds of the
workers include their imports. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

NUMBERS, WORDS = 10, (8, 30, 30, 100, 500)
SPAN = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 8, tzinfo=UTC))
A_FILE, TRAINED, TREES = 250_000, 50_000, 100
WAYS = ("this process", "2 workers of Dask")


def fill(folder: Path, rows: int) -> None:
    """Write the files."""
    step = timedelta(days=7) / rows
    for number, start in enumerate(range(0, rows, A_FILE)):
        some = min(A_FILE, rows - start)
        draws = np.random.default_rng(number)
        frame = pd.DataFrame({f"n{at}": draws.normal(size=some) for at in range(NUMBERS)})
        for at, many in enumerate(WORDS):
            frame[f"c{at}"] = np.char.add("level ", draws.integers(0, many, some).astype(str))
        frame["y"] = frame["n0"] + 2 * frame["n1"] * frame["n2"] + draws.normal(size=some)
        seconds = step.total_seconds() * np.arange(start, start + some)
        frame["ts"] = pd.Timestamp(SPAN[0]) + pd.to_timedelta(seconds, unit="s")
        frame.to_parquet(folder / f"{number:04}.parquet", index=False)


def config_of(folder: Path) -> Any:
    """The config of the files."""
    from driftloop.pipelines.config.project import Project

    features = {"numeric": [f"n{at}" for at in range(NUMBERS)], "categorical": [f"c{at}" for at in range(len(WORDS))]}
    columns = {"time": "ts", "target": "y", **features}
    given = {"model": "bench", "task": "regression", "source": {"path": str(folder / "*.parquet")}, "columns": columns}
    training = {"window": "7d", "estimator": "xgboost", "threads": 2, "params": {"n_estimators": TREES}}
    return Project.model_validate({**given, "training": training})


@dataclass(frozen=True)
class Pass:
    """What a check makes of a piece: a tally, profiles with the predictions, and a loss per row."""

    profiles: Any
    reference: Any
    scorer: Any

    def __call__(self, piece: pd.DataFrame) -> Any:
        from driftloop.monitoring.profiles import like
        from driftloop.monitoring.quality.tally import tally
        from driftloop.monitoring.settings.columns import PREDICTION

        predicted = self.scorer.predict(piece)
        made = like(self.profiles, piece.assign(**{PREDICTION: predicted}))
        counted = tally(piece, self.reference, "y", np.ones(len(piece), dtype=bool))
        return made, counted, np.abs(piece["y"].to_numpy() - predicted)


def prepared(config: Any, folder: Path) -> Pass:
    """The model and its reference, of the first rows."""
    from driftloop.monitoring.drift.reference import describe
    from driftloop.monitoring.profiles import first
    from driftloop.monitoring.records import Window
    from driftloop.monitoring.rows.canonical import plain
    from driftloop.monitoring.settings.columns import PREDICTION
    from driftloop.pipelines.data.fresh import read_fresh
    from driftloop.pipelines.data.query import Query
    from driftloop.pipelines.training.fit import fit

    window = Window(start=SPAN[0], end=SPAN[1])
    alone = config.model_copy(update={"source": type(config.source)(path=str(folder / "0000.parquet"))})
    rows = plain(read_fresh(Query(alone, window, folder)).frame.head(TRAINED))
    columns = config.columns
    scorer = fit(rows, rows["y"], columns.numeric, columns.categorical, config.task, config.training)
    rows = rows.assign(**{PREDICTION: scorer.predict(rows)})
    profiles = first(rows, {name: config.kind(name) for name in (*config.columns.features, "y", PREDICTION)})
    reference = describe(rows, config, window=window, source_types={}, loss=1.0, loss_rows=len(rows))
    return Pass(profiles, reference, scorer)


def used() -> tuple[float, float]:
    """CPU seconds and peak MB of a process."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime, own.ru_maxrss / 1024


def measure(folder: Path, address: str) -> None:
    """Work on the window in one way; print CPU seconds, seconds, peak MB of this process and the workers, and facts."""
    from driftloop.monitoring.profiles import merge
    from driftloop.monitoring.records import Window
    from driftloop.pipelines.data.query import Query
    from driftloop.pipelines.engines import Local
    from driftloop.pipelines.engines.dask import Dask

    config, window = config_of(folder), Window(start=SPAN[0], end=SPAN[1])
    work = prepared(config, folder)
    engine = Dask(address, address, timedelta(minutes=2)) if address else Local()
    client = engine.cluster.connect() if isinstance(engine, Dask) else None
    idle = sum(cpu for cpu, _ in client.run(used).values()) if client else 0.0
    begun, before = time.perf_counter(), time.process_time()
    fresh = engine.read(Query(config, window, folder))
    tallies, losses, profiles = [], [], None
    for made, counted, lost in fresh.map(work):
        profiles = made if profiles is None else merge(profiles, made)
        tallies.append(counted)
        losses.append(lost)
    digest, total = fresh.digest, reduce(add, tallies)
    cpu, seconds, peak = time.process_time() - before, time.perf_counter() - begun, used()[1]
    there = list(client.run(used).values()) if client else []
    counts = {name: (one.cells.tolist(), one.nulls) for name, one in (profiles or {}).items()}
    least = {name: (one.nulls, one.outside, one.unseen) for name, one in total.columns.items()}
    facts = hashlib.sha256(json.dumps([counts, least, digest]).encode()).hexdigest()
    facts += hashlib.sha256(np.concatenate(losses).tobytes()).hexdigest()
    workers = [sum(each for each, _ in there) - idle, max((memory for _, memory in there), default=0.0)]
    print(json.dumps([cpu, seconds, peak, *workers, facts]), flush=True)


def run(folder: Path, address: str) -> list[Any]:
    """Measure one way in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.engines", "--folder", str(folder), "--address", address]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(rows: int, repeat: int) -> None:
    """Print the lines of one size: the best of some repetitions, which take turns."""
    from tests.servers.dask import DaskCluster

    best: dict[str, list[Any]] = {}
    with tempfile.TemporaryDirectory() as place:
        fill(Path(place), rows)
        for _ in range(repeat):
            for way in WAYS:
                cluster = DaskCluster(Path(place)) if way != WAYS[0] else None
                try:
                    if cluster is not None:
                        cluster.start()
                    found = run(Path(place), cluster.address if cluster is not None else "")
                finally:
                    if cluster is not None:
                        cluster.stop()
                best[way] = min(best.get(way, found), found)
    assert len({found[-1] for found in best.values()}) == 1, "counts, digest or losses differ"
    for way, (cpu, seconds, peak, cpu_there, peak_there, _) in best.items():
        workers = f"{cpu_there:.1f} | {peak_there:,.0f}" if cpu_there else "- | -"
        print(f"| {rows:,} | {way} | {cpu:.1f} | {peak:,.0f} | {workers} | {seconds:.0f} |", flush=True)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--address", default="")
    given = parser.parse_args()
    if given.folder is not None:
        measure(given.folder, given.address)
        return
    print("| rows | by | CPU s, driver | peak MB, driver | CPU s, workers | peak MB, each worker | seconds |")
    print("|---|---|---|---|---|---|---|")
    for rows in given.rows:
        compare(rows, given.repeat)


if __name__ == "__main__":
    main()
