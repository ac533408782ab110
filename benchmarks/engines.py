"""A window of parquet files, checked and trained on by this process, two workers of Dask, and Spark.

    python -m benchmarks.engines [--rows 1000000 5000000] [--repeat 2] [--work check train] [--engines dask spark]

A file has 250,000 rows of 10 numbers, 5 categories, a time and a target; the model is xgboost with 100 trees. Each way
is a separate process, in turn. `check` does what a check does before it judges: rows are made canonical and hashed,
tallied, predicted and profiled, with a loss for each row. `train` does what a retrain does before its gate: rows are
read and cut, the model is fitted, and scores the held-out rows. The scheduler and the workers (one thread each) are on
this machine. Counts, digest and losses of a check are compared, of training the loss, to 2%; a difference ends the
benchmark. CPU seconds of the workers include their imports. Spark is `local[2]`, and its workers are a process of Java
and two of Python; what they used is also printed for each. Prints a table in Markdown.
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
from collections.abc import Callable
from contextlib import suppress
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
WAYS = {"here": "this process", "dask": "2 workers of Dask", "spark": "Spark, local[2]"}
TICK = os.sysconf("SC_CLK_TCK")


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


def descendants() -> list[tuple[str, float, float]]:
    """Name, CPU seconds and peak MB of the processes that this one started, and that they started."""
    parents: dict[int, tuple[int, str, float]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, rest = place.read_text().partition("(")[2].rpartition(")")
            values = rest.split()
            parents[int(place.parent.name)] = int(values[1]), name, sum(map(int, values[11:15])) / TICK
    found = []
    for process, (parent, name, cpu) in parents.items():
        above = parent
        while above not in (0, os.getpid()):
            above = parents[above][0] if above in parents else 0
        if above:
            with suppress(OSError, IndexError):  # a process that has ended has no memory
                status = Path(f"/proc/{process}/status").read_text()
                found.append((name, cpu, int(status.partition("VmHWM:")[2].split()[0]) / 1024))
    return found


def engine_at(address: str) -> Any:
    """The engine behind an address, or this process."""
    from driftloop.pipelines.engines import Local
    from driftloop.pipelines.engines.dask import Dask
    from driftloop.pipelines.engines.spark import Spark

    if not address:
        return Local()
    kind = Dask if address.startswith("tcp://") else Spark
    return kind(address, address, timedelta(minutes=5))


def measure(folder: Path, address: str, work: str) -> None:
    """Work on the window in one way; print CPU seconds, seconds, peak MB of this process and the workers, and facts."""
    from driftloop.monitoring.records import Window
    from driftloop.pipelines.data.query import Query
    from driftloop.pipelines.engines.dask import Dask

    config, window = config_of(folder), Window(start=SPAN[0], end=SPAN[1])
    done = checked(prepared(config, folder)) if work == "check" else trained(config, window, folder)
    engine = engine_at(address)
    engine.ready()
    client = engine.cluster.connect() if isinstance(engine, Dask) else None
    idle = sum(cpu for cpu, _ in client.run(used).values()) if client else sum(cpu for _, cpu, _ in descendants())
    begun, before = time.perf_counter(), time.process_time()
    fresh = engine.read(Query(config, window, folder))
    facts, loss = done(fresh)
    cpu, seconds, peak = time.process_time() - before, time.perf_counter() - begun, used()[1]
    there = list(client.run(used).values()) if client else [(cpu, memory) for _, cpu, memory in descendants()]
    names = ", ".join(f"{name} {cpu:.1f} CPU s {memory:,.0f} MB" for name, cpu, memory in descendants())
    print(f"started {idle:.1f} CPU s; {names}", file=sys.stderr)
    workers = [sum(each for each, _ in there) - idle, max((memory for _, memory in there), default=0.0)]
    print(json.dumps([cpu, seconds, peak, *workers, facts, loss]), flush=True)


def checked(work: Pass) -> Callable[[Any], tuple[str, float]]:
    """What a check does before it judges; return a digest of what it found, and the mean loss."""
    from driftloop.monitoring.profiles import merge

    def done(fresh: Any) -> tuple[str, float]:
        tallies, losses, profiles = [], [], None
        for made, counted, lost in fresh.map(work):
            profiles = made if profiles is None else merge(profiles, made)
            tallies.append(counted)
            losses.append(lost)
        digest, total = fresh.digest, reduce(add, tallies)
        counts = {name: (one.cells.tolist(), one.nulls) for name, one in (profiles or {}).items()}
        least = {name: (one.nulls, one.outside, one.unseen) for name, one in total.columns.items()}
        facts = hashlib.sha256(json.dumps([counts, least, digest]).encode()).hexdigest()
        all_losses = np.concatenate(losses)
        return facts + hashlib.sha256(all_losses.tobytes()).hexdigest(), float(all_losses.mean())

    return done


def trained(config: Any, window: Any, folder: Path) -> Callable[[Any], tuple[str, float]]:
    """What a retrain does before its gate; return the digest of the training rows, and the loss on held-out rows."""
    from driftloop.pipelines.data.fresh import content_digest
    from driftloop.pipelines.runtime import memory
    from driftloop.pipelines.training.capacity import Way, way_for
    from driftloop.pipelines.training.large import large_parts
    from driftloop.pipelines.training.steps import divide, learn, losses

    def done(fresh: Any) -> tuple[str, float]:
        way = Way.APART if fresh.apart else way_for(config, len(fresh), memory.free())
        if way is Way.FRAME:
            parts = divide(config, fresh.frame, window)
        else:
            _, parts = large_parts(config, fresh, window, way, folder / "cache")
        digest = parts.whole_train.digest if parts.whole_train is not None else content_digest(parts.train)
        scorer = learn(config, parts.train, {}, on_disk=parts.on_disk)
        return digest, float(losses(config, scorer, parts.holdout).mean())

    return done


def run(folder: Path, address: str, work: str) -> list[Any]:
    """Measure one way in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.engines", "--folder", str(folder), "--address", address]
    command += ["--work", work]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr[-3000:]
    print(*(line for line in done.stderr.splitlines() if line.startswith("started ")), file=sys.stderr, flush=True)
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(rows: int, repeat: int, work: str, engines: list[str]) -> None:
    """Print the lines of one size: the best of some repetitions, which take turns."""
    from tests.servers.dask import DaskCluster

    best: dict[str, list[Any]] = {}
    with tempfile.TemporaryDirectory() as place:
        fill(Path(place), rows)
        for _ in range(repeat):
            for way in engines:
                cluster = DaskCluster(Path(place)) if way == "dask" else None
                try:
                    if cluster is not None:
                        cluster.start()
                    address = "local[2]" if way == "spark" else ""
                    found = run(Path(place), cluster.address if cluster is not None else address, work)
                finally:
                    if cluster is not None:
                        cluster.stop()
                best[way] = min(best.get(way, found), found)
    assert len({found[-2] for found in best.values()}) == 1, "counts, digest or losses differ"
    (own, *others), most = (found[-1] for found in best.values()), 0.02
    assert all(abs(own - other) <= most * own for other in others), f"losses differ by more than 2%: {own}, {others}"
    for way, (cpu, seconds, peak, cpu_there, peak_there, _, loss) in best.items():
        workers = f"{cpu_there:.1f} | {peak_there:,.0f}" if cpu_there else "- | -"
        numbers = f"{cpu:.1f} | {peak:,.0f} | {workers} | {seconds:.0f} | {loss:.5f}"
        print(f"| {work} | {rows:,} | {WAYS[way]} | {numbers} |", flush=True)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--work", nargs="+", choices=("check", "train"), default=["check", "train"])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--address", default="")
    parser.add_argument("--engines", nargs="+", choices=("dask", "spark"), default=["dask"])
    given = parser.parse_args()
    if given.folder is not None:
        measure(given.folder, given.address, given.work[0])
        return
    columns = ("work", "rows", "by", "CPU s, driver", "peak MB, driver", "CPU s, workers", "peak MB, each worker")
    print(f"| {' | '.join((*columns, 'seconds', 'loss'))} |")
    print("|---|---|---|---|---|---|---|---|---|")
    for rows in given.rows:
        for work in given.work:
            compare(rows, given.repeat, work, ["here", *given.engines])


if __name__ == "__main__":
    main()
