"""The service under load: checks a minute, from the arrival of a file to the decision, and memory over many checks.

    python -m benchmarks.service [--models 1 10 50] [--rounds 3] [--workers 2]
    python -m benchmarks.service --soak 1000

Real checks of small models (2,000 rows a window x 8 features) in one process with Prefect's temporary server, MLflow
on SQLite and the ledger. Each check looks at a window of its own, so that none is an early exit.
Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

A_WINDOW, NUMBERS, WORDS = 2_000, 6, 2
SOON_SECONDS = 1800.0
MEGABYTE = 1 << 20


def rows(hours: int, seed: int = 0) -> pd.DataFrame:
    """A stationary stream, 2,000 rows an hour, that goes on until tomorrow."""
    generator = np.random.default_rng(seed)
    n = hours * A_WINDOW
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=24)
    moments = pd.to_datetime(end) - pd.to_timedelta(np.arange(n, 0, -1) * 3600 / A_WINDOW, unit="s")
    numbers = generator.normal(size=(n, NUMBERS))
    made: dict[str, Any] = {"ts": moments} | {f"n{at}": numbers[:, at] for at in range(NUMBERS)}
    made |= {f"c{at}": generator.choice(["a", "b", "c"], n) for at in range(WORDS)}
    made["y"] = numbers[:, 0] * 3 + (made["c0"] == "a") + generator.normal(size=n)
    return pd.DataFrame(made)


def write(folder: Path, name: str) -> None:
    """One model over the shared rows; a window ends at each whole second."""
    config = {
        "model": name,
        "task": "regression",
        "source": {"path": "rows.parquet"},
        "columns": {
            "time": "ts",
            "target": "y",
            "numeric": [f"n{at}" for at in range(NUMBERS)],
            "categorical": [f"c{at}" for at in range(WORDS)],
        },
        "windows": {"current": "1h", "align": "1s"},
        "policies": {"triggers": [{"policy": "never"}], "guards": []},
        "training": {"window": "6h", "holdout": "1h", "params": {"n_estimators": 20}},
        "schedule": {"on": {"arrival": f"{name}.in/*"}},
    }
    (folder / f"{name}.in").mkdir()
    # Under its own name immediately, as a careful person would: a half-written file would be waited for.
    (folder / f".{name}").write_text(yaml.safe_dump(config))
    (folder / f".{name}").rename(folder / f"{name}.yaml")


class Bench:
    """A service in this process, its loop in the main thread's place, and a view on what has ended."""

    def __init__(self, folder: Path, workers: int) -> None:
        from driftloop.pipelines.service.loop import Service

        self.folder = folder
        self.service = Service([folder], workers=workers)
        self.thread = threading.Thread(target=lambda: self.service.run(SOON_SECONDS))

    def models(self) -> dict[str, dict[str, Any]]:
        return {model["model"]: model for model in self.service.answers.health()[1]["models"]}

    def until(self, true: Callable[[], bool]) -> None:
        last = time.monotonic() + SOON_SECONDS
        while not true():
            if time.monotonic() > last:
                raise TimeoutError("the service did not get so far")
            time.sleep(0.02)

    def until_there(self, models: int) -> None:
        self.until(lambda: len(self.service.answers.models()) == models)

    def until_checked(self, name: str, before: str | None) -> None:
        self.until(lambda: self.ids()[name] != before)

    def ids(self) -> dict[str, str | None]:
        return {name: (model["last_check"] or {}).get("check_id") for name, model in self.models().items()}

    def everyone(self, names: list[str]) -> float:
        """Seconds until each of these models has had one more check."""
        before, begun = self.ids(), time.perf_counter()
        for name in names:
            self.service.answers.check(name)
        self.until(lambda: all(self.ids()[name] not in {None, before[name]} for name in names))
        return time.perf_counter() - begun

    def outcome(self, name: str) -> str:
        return str(self.models()[name]["last_check"]["outcome"])


def throughput(bench: Bench, counts: list[int], rounds: int) -> None:
    """Checks a minute with growing numbers of models, and the latency of an arrival with the first number."""
    print("| models | first checks, each trains, a minute | steady checks a minute | median s of a check |")
    print("|---|---|---|---|")
    names: list[str] = []
    for count in counts:
        new = [f"m{at}" for at in range(len(names), count)]
        for name in new:
            write(bench.folder, name)
        names += new
        bench.until_there(count)
        trained = bench.everyone(new)
        taken = [bench.everyone(names) for _ in range(rounds)]
        seconds = [model["last_check"]["seconds"] for model in bench.models().values()]
        assert all(bench.outcome(name) == "steady" for name in names)
        cells = f"{len(new) * 60 / trained:.0f} | {count * 60 / statistics.median(taken):.0f}"
        print(f"| {count} | {cells} | {statistics.median(seconds):.2f} |", flush=True)


def latency(bench: Bench, times: int) -> None:
    """Seconds from the rename of a whole file into its folder to the recorded decision."""
    taken, checks = [], []
    for at in range(times):
        before = bench.ids()["m0"]
        whole = bench.folder / f".part{at}"
        whole.write_text("rows")
        begun = time.perf_counter()
        whole.rename(bench.folder / "m0.in" / f"{at}.csv")
        bench.until_checked("m0", before)
        taken.append(time.perf_counter() - begun)
        checks.append(bench.models()["m0"]["last_check"]["seconds"])
    print("\n| from arrival to decision, `settle` 2 s | median s | worst s |\n|---|---|---|")
    print(f"| total | {statistics.median(taken):.2f} | {max(taken):.2f} |")
    print(f"| thereof the check | {statistics.median(checks):.2f} | {max(checks):.2f} |")


def soak(bench: Bench, checks: int) -> None:
    """Memory, threads and file handles of this process over many checks of one model."""
    write(bench.folder, "m0")
    bench.until(lambda: bench.service.answers.models() == ("m0",))
    bench.everyone(["m0"])
    memory = []
    for at in range(checks):
        bench.everyone(["m0"])
        memory.append(resident())
        if (at + 1) % max(1, checks // 10) == 0:
            print(f"<!-- check {at + 1}: {memory[-1] / MEGABYTE:.0f} MB, {handles()} -->", flush=True)
    settled = np.array(memory[len(memory) // 5 :]) / MEGABYTE
    slope = float(np.polyfit(np.arange(len(settled)), settled, 1)[0])
    begun = time.perf_counter()
    from driftloop.pipelines.operations.status import collect

    collect("m0")
    print("\n| checks | MB after a fifth | MB at the end | MB per 100 checks | threads, handles | `status` s |")
    print("|---|---|---|---|---|---|")
    ends = f"{settled[0]:.0f} | {settled[-1]:.0f} | {slope * 100:+.2f}"
    print(f"| {checks} | {ends} | {handles()} | {time.perf_counter() - begun:.2f} |")


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def handles() -> str:
    """How many threads and open files this process has."""
    return f"{threading.active_count()}, {len(os.listdir('/proc/self/fd'))}"


def main() -> None:
    """Run what was asked for in a state folder that is thrown away."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--soak", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DRIFTLOOP_HOME"] = f"{folder}/state"
        configs = Path(folder, "configs")
        configs.mkdir()
        rows(48).to_parquet(configs / "rows.parquet", index=False)
        from driftloop.pipelines.flows.warmup import prefect_ready
        from driftloop.pipelines.service.checks import preload

        with prefect_ready():
            preload([])
            bench = Bench(configs, asked.workers)
            bench.thread.start()
            try:
                if asked.soak:
                    soak(bench, asked.soak)
                else:
                    throughput(bench, sorted(asked.models), asked.rounds)
                    latency(bench, 5)
                print(f"\nload average {os.getloadavg()[1]:.1f} on {os.cpu_count()} cores")
            finally:
                bench.service.stop()
                bench.thread.join()


if __name__ == "__main__":
    main()
