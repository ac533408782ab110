"""The scorer next to `mlflow models serve` with the same model, and a soak with a canary and promotions.

    python -m benchmarks.scorer [--rounds 5] [--seconds 4] [--soak 90]

Trains a model with 12 numbers and 5 categories, starts both servers, and sends the same rows to each in turn from one
other process: calls of 1,000 rows on two connections, and calls of one row on one. MLflow gets `dataframe_split`, the
faster of its JSON forms. Prints medians of the rounds as a table in Markdown (none with `--rounds 0`). The soak has two
versions that predict differently: under load one gets a share of the requests as a challenger in shadow, serves six
seconds later, and so on in turn. It counts failed requests, answers with predictions of another version than the one
they name, the seconds until a move serves, and memory.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import yaml

from benchmarks.commands import rows, write

MODEL, SCORE_PORT, MLFLOW_PORT = "trips", 8796, 8797
STEP = 6.0
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


def timed(connection: http.client.HTTPConnection, target: Target, load: Load) -> bytes | None:
    """Call once; note the seconds, or why it failed. Return the answer if its status is 200."""
    begun = time.perf_counter()
    try:
        status, content = call(connection, target)
    except OSError as error:
        load.failed.append(repr(error))
        connection.close()
        return None
    load.seconds.append(time.perf_counter() - begun)
    if status != 200:
        load.failed.append(f"{status} {content[:200]!r}")
        return None
    return content


def keep_calling(target: Target, until: float, load: Load) -> None:
    """Call until a time of the monotonic clock."""
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=30)
    while time.monotonic() < until:
        timed(connection, target, load)


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


def trained(folder: Path, environment: dict[str, str], trees: int = 100) -> pd.DataFrame:
    """Train a version; return rows that it has not learned from. Its config sends a canary a share of the requests."""
    config = write(folder, 500, 40, [{"policy": "never"}], MODEL)
    settings = yaml.safe_load(config.read_text())
    settings["training"]["params"]["n_estimators"] = trees
    config.write_text(yaml.safe_dump({**settings, "promotion": {"shadow": 3, "canary": "25%"}}))
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


def soak(frame: pd.DataFrame, pid: int, seconds: float, client: Any) -> None:
    """Put a challenger into its shadow, promote it six seconds later, and the other one next, in turn under load."""
    bodies = [target.body for target in (targets(frame.iloc[at : at + 20])[1] for at in range(0, 800, 20))]
    expected = [_expected(number, frame, len(bodies)) for number in ("1", "2")]
    load, until, moves = Load(), time.monotonic() + seconds, [(time.monotonic(), "champion", "1")]
    threads = [threading.Thread(target=keep_checking, args=(bodies, expected, until, load, first)) for first in (0, 20)]
    for thread in threads:
        thread.start()
    memory: list[float] = []
    other = "2"
    while time.monotonic() < until - 2 * STEP:
        for role in ("shadow", "champion"):
            client.set_registered_model_alias(MODEL, role, other)
            if role == "champion":
                client.delete_registered_model_alias(MODEL, "shadow")
            moves.append((time.monotonic(), role, other))
            time.sleep(STEP)
        memory.append(resident_mb(pid))
        other = "1" if other == "2" else "2"
    for thread in threads:
        thread.join()
    part = max(1, len(memory) // 4)
    first, last = statistics.median(memory[:part]), statistics.median(memory[-part:])
    print(f"\nsoak of {seconds:.0f} s: {len(moves) - 1} moves, {len(load.seconds):,} calls, {len(load.failed)} failed")
    for role, text in (("shadow", "a challenger got its first request"), ("champion", "a promotion got all requests")):
        waits = list(_waits(load, moves, role))
        print(f"{text} after {statistics.median(waits):.1f} s (median), {max(waits):.1f} s (most) of {len(waits)}")
    cuts = statistics.quantiles(load.seconds, n=100)
    print(f"p50 {cuts[49] * 1e3:.1f} ms, p99 {cuts[98] * 1e3:.1f} ms, slowest {max(load.seconds) * 1e3:.0f} ms")
    print(f"memory: {first:.0f} MB in the first quarter, {last:.0f} MB in the last")
    for failure in load.failed[:3]:
        print(failure)


def keep_checking(bodies: list[bytes], expected: list[list[Any]], until: float, load: Load, first: int) -> None:
    """Send bodies in turn; an answer whose predictions are not those of the version that it names is a failure."""
    import numpy as np

    connection, at = http.client.HTTPConnection("127.0.0.1", SCORE_PORT, timeout=30), first
    while time.monotonic() < until:
        at = (at + 1) % len(bodies)
        content = timed(connection, Target("", SCORE_PORT, f"/predict/{MODEL}", JSON, bodies[at]), load)
        if content is None:
            continue
        answer = json.loads(content)
        found = [row["prediction"] for row in answer["predictions"]]
        if not np.allclose(found, expected[int(answer["version"]) - 1][at], rtol=1e-5):
            load.failed.append(f"not the predictions of version {answer['version']}: {found[:3]}")
        load.versions.append((time.monotonic(), answer["version"]))


def _expected(number: str, frame: pd.DataFrame, count: int) -> list[Any]:
    """What a version predicts for each body."""
    import mlflow.pyfunc
    import numpy as np

    found = mlflow.pyfunc.load_model(f"models:/{MODEL}/{number}").predict(frame.head(20 * count))
    return np.split(np.asarray(found, dtype=float).ravel(), count)


def _waits(load: Load, moves: list[tuple[float, str, str]], role: str) -> Iterator[float]:
    """Seconds from each move until it was served: a step, if it was not."""
    for moved, which, version in moves[1:]:
        within = [(at - moved, found) for at, found in load.versions if moved <= at < moved + STEP]
        if which != role or not within:
            continue
        if role == "shadow":
            yield min((at for at, found in within if found == version), default=STEP)
        else:
            yield max((at for at, found in within if found != version), default=0.0)


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
            if given.rounds:
                with running(serve, MLFLOW_PORT, "/ping", environment) as other:
                    compare(frame, given.rounds, given.seconds, {SCORE_PORT: process.pid, MLFLOW_PORT: other.pid})
            if given.soak:
                soak(frame, process.pid, given.soak, with_two_versions(folder, environment))


def with_two_versions(folder: Path, environment: dict[str, str]) -> Any:
    """Train a second version, which predicts differently, in a separate state folder; return MLflow's client."""
    from mlflow import MlflowClient

    os.environ["MLFLOW_TRACKING_URI"] = environment["MLFLOW_TRACKING_URI"]
    client = MlflowClient(environment["MLFLOW_TRACKING_URI"])
    client.delete_registered_model_alias(MODEL, "champion")
    (folder / "other").mkdir()
    trained(folder / "other", {**environment, "DRIFTLOOP_HOME": str(folder / "state2")}, trees=60)
    client.set_registered_model_alias(MODEL, "champion", "1")
    return client


def _path() -> str:
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"


if __name__ == "__main__":
    main()
