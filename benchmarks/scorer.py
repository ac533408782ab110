"""The scorer next to `mlflow models serve` with the same model, and a soak with a promotion every few seconds.

    python -m benchmarks.scorer [--rounds 5] [--seconds 4] [--soak 90]

Trains a model with 12 numbers and 5 categories, starts both servers, and sends the same rows to each in turn from one
other process: calls of 1,000 rows on two connections, and calls of one row on one. MLflow gets `dataframe_split`, the
faster of its JSON forms. Prints medians of the rounds as a table in Markdown. The soak moves the alias `champion`
between two versions of the model every three seconds under load, and counts failed requests, the seconds until a move
serves, and memory.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from benchmarks.commands import rows, write

MODEL, SCORE_PORT, MLFLOW_PORT = "trips", 8796, 8797
JSON, ARROW = "application/json", "application/vnd.apache.arrow.stream"


@dataclass(frozen=True)
class Target:
    """One server, and the body that it gets."""

    name: str
    port: int
    path: str
    kind: str
    body: bytes


@dataclass
class Load:
    """Seconds of each call, and the answers that were not 200."""

    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    versions: list[tuple[float, str]] = field(default_factory=list)


def call(connection: http.client.HTTPConnection, target: Target) -> tuple[int, bytes]:
    """Send one request."""
    connection.request("POST", target.path, target.body, {"Content-Type": target.kind})
    answer = connection.getresponse()
    return answer.status, answer.read()


def keep_calling(target: Target, until: float, load: Load, *, parse: bool = False) -> None:
    """Call until a time of the monotonic clock."""
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
    while time.monotonic() < until:
        begun = time.perf_counter()
        try:
            status, content = call(connection, target)
        except OSError as error:
            load.failed.append(repr(error))
            connection.close()
            continue
        load.seconds.append(time.perf_counter() - begun)
        if status != 200:
            load.failed.append(f"{status} {content[:200]!r}")
        elif parse:
            load.versions.append((time.monotonic(), json.loads(content)["version"]))


def measured(target: Target, seconds: float, connections: int) -> Load:
    """Load a server from some connections."""
    load, until = Load(), time.monotonic() + seconds
    threads = [threading.Thread(target=keep_calling, args=(target, until, load)) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return load


@contextmanager
def running(command: list[str], port: int, path: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the end of the block, from when it is ready."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        last = time.monotonic() + 180
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", path)
                if connection.getresponse().status == 200:
                    break
            except OSError:
                pass
            if process.poll() is not None or time.monotonic() > last:
                raise SystemExit(f"{command[:4]} did not start")
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.wait(60)


def trained(folder: Path, environment: dict[str, str]) -> pd.DataFrame:
    """Train a version; return rows that it has not learned from."""
    config = write(folder, 500, 40, [{"policy": "never"}], MODEL)
    command = [sys.executable, "-m", "driftloop.pipelines.cli", "check", str(config), "--now", "2026-02-09"]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    features = [f"n{at}" for at in range(12)] + [f"c{at}" for at in range(5)]
    return rows(40, 500, seed=1)[["ts", *features]]


def targets(frame: pd.DataFrame) -> list[Target]:
    """The same rows as each server takes them."""
    features = frame.drop(columns="ts")
    timed = frame.assign(ts=frame["ts"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pandas(frame, preserve_index=False)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    split = json.dumps({"dataframe_split": json.loads(features.to_json(orient="split", index=False))}).encode()
    records, path = timed.to_json(orient="records").encode(), f"/predict/{MODEL}"
    return [
        Target("mlflow models serve, JSON", MLFLOW_PORT, "/invocations", JSON, split),
        Target("driftloop score, JSON", SCORE_PORT, path, JSON, records),
        Target("driftloop score, Arrow", SCORE_PORT, path, ARROW, sink.getvalue().to_pybytes()),
    ]


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and its children so far: other load on the machine hardly changes those of a call."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(cpu_seconds(int(child)) for child in children)


def compare(frame: pd.DataFrame, rounds: int, seconds: float, pids: dict[int, int]) -> None:
    """Alternate between the servers, and print the table; `pids` are those of the servers by port."""
    print("| rows per call, connections | server | calls/s | ratio | CPU ms per call | ratio | p50 ms | p99 ms |")
    print("|---|---|---|---|---|---|---|---|")
    for count, connections in ((1000, 2), (1, 1)):
        each = targets(frame.head(count))
        rates: dict[str, list[float]] = {target.name: [] for target in each}
        times: dict[str, list[float]] = {target.name: [] for target in each}
        costs: dict[str, list[float]] = {target.name: [] for target in each}
        for target in each:
            measured(target, 1.0, connections)
        for _ in range(rounds):
            for target in each:
                before = cpu_seconds(pids[target.port])
                load = measured(target, seconds, connections)
                if load.failed:
                    raise SystemExit(f"{target.name}: {load.failed[0]}")
                costs[target.name].append((cpu_seconds(pids[target.port]) - before) / len(load.seconds))
                rates[target.name].append(len(load.seconds) / seconds)
                times[target.name] += load.seconds
        base = rates[each[0].name]
        for target in each:
            rate = statistics.median(rates[target.name])
            ratio = statistics.median(own / other for own, other in zip(rates[target.name], base, strict=True))
            cost = statistics.median(costs[target.name])
            cheaper = statistics.median(
                other / own for own, other in zip(costs[target.name], costs[each[0].name], strict=True)
            )
            cuts = statistics.quantiles(times[target.name], n=100)
            print(
                f"| {count:,}, {connections} | {target.name} | {rate:,.1f} | {ratio:.1f} | {cost * 1e3:.1f} | "
                f"{cheaper:.1f} | {cuts[49] * 1e3:.1f} | {cuts[98] * 1e3:.1f} |",
                flush=True,
            )


def resident_mb(pid: int) -> float:
    """Memory of a process in MB."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1e3


def soak(frame: pd.DataFrame, pid: int, seconds: float, move: Callable[[str], Any]) -> None:
    """Move the champion every three seconds under load."""
    target, load, moves = targets(frame.head(20))[1], Load(), [(time.monotonic(), "")]
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=keep_calling, args=(target, until, load), kwargs={"parse": True}) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    memory: list[float] = []
    number = 0
    while time.monotonic() < until:
        number = 1 - number
        move(str(number + 1))
        moves.append((time.monotonic(), str(number + 1)))
        time.sleep(3)
        memory.append(resident_mb(pid))
    for thread in threads:
        thread.join()
    waits = [
        min((at - moved for at, version in load.versions if at >= moved and version == which), default=float("nan"))
        for moved, which in moves[1:-1]
    ]
    part = max(1, len(memory) // 4)
    first, last = statistics.median(memory[:part]), statistics.median(memory[-part:])
    print(f"\nsoak of {seconds:.0f} s: {len(moves) - 1} moves, {len(load.seconds):,} calls, {len(load.failed)} failed")
    print(f"a move served after {statistics.median(waits):.1f} s (median), {max(waits):.1f} s (most)")
    print(f"memory: {first:.0f} MB in the first quarter, {last:.0f} MB in the last")
    for failure in load.failed[:3]:
        print(failure)


def main() -> None:
    """Parse, train, serve, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--soak", type=float, default=90.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        environment = {**os.environ, "DRIFTLOOP_HOME": str(folder / "state"), "PATH": _path()}
        environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder / 'state' / 'mlflow.db'}"
        (folder / "state").mkdir()
        frame = trained(folder, environment)
        score = [sys.executable, "-m", "driftloop.pipelines.cli", "score", str(folder), "--port", str(SCORE_PORT)]
        serve = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", f"models:/{MODEL}@champion"]
        serve += ["--env-manager", "local", "--port", str(MLFLOW_PORT), "--workers", "1"]
        with running(score, SCORE_PORT, "/ready", environment) as process:
            with running(serve, MLFLOW_PORT, "/ping", environment) as other:
                compare(frame, given.rounds, given.seconds, {SCORE_PORT: process.pid, MLFLOW_PORT: other.pid})
            if given.soak:
                soak(frame, process.pid, given.soak, mover(environment["MLFLOW_TRACKING_URI"]))


def mover(uri: str) -> Callable[[str], Any]:
    """Register the champion a second time; return what moves the alias to a version."""
    from mlflow import MlflowClient

    os.environ["MLFLOW_TRACKING_URI"] = uri
    client = MlflowClient(uri)
    first = client.get_model_version_by_alias(MODEL, "champion")
    client.create_model_version(MODEL, str(first.source), tags=dict(first.tags), model_id=first.model_id)
    return lambda number: client.set_registered_model_alias(MODEL, "champion", number)


def _path() -> str:
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"


if __name__ == "__main__":
    main()
