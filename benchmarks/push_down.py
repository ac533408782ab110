"""A window of a PostgreSQL table, profiled where it is and after its rows were read: bytes, CPU seconds, peak memory.

    python -m benchmarks.push_down [--rows 5000000] [--repeat 2]

A server of its own is started (PostgreSQL's programs must be installed), with a table of 10 numbers, 5 categories, a
time and a target. Each way is a process of its own, behind a proxy that counts bytes, in turn:

- rows: all rows are read and made canonical, hashed, tallied and profiled, as a check does it before it predicts;
- counted: the server counts profiles, tallies, digest and repetitions, and sends a sample of 20,000 rows;
- counts alone: the same without the sample.

The counts of all ways are compared; a difference ends the benchmark. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

from tests.servers.postgres import Postgres, programs

NUMBERS, WORDS = 10, (8, 30, 30, 100, 500)
SPAN = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 8, tzinfo=UTC))
WAYS = {"rows": None, "counted": 20_000, "counts alone": 0}


def fill(server: Postgres, rows: int) -> None:
    """Make the table."""
    step = 7 * 86_400_000_000 // rows
    numbers = [f"sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS n{at}" for at in range(NUMBERS)]
    words = [f"'level ' || floor(random() * {many})::int AS c{at}" for at, many in enumerate(WORDS)]
    server.execute(
        f"CREATE TABLE trips AS SELECT '2026-01-01 00:00+00'::timestamptz + i * interval '{step} microseconds' AS ts, "
        f"{', '.join([*numbers, *words])}, random() AS y FROM generate_series(0, {rows - 1}) AS i"
    )
    server.execute("VACUUM ANALYZE trips")


class Proxy:
    """Passes connections on to a server, and counts the bytes that come from it."""

    def __init__(self, port: int) -> None:
        self.received, self._to = 0, port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listening.accept()
            server = socket.create_connection(("127.0.0.1", self._to))
            threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        while data := source.recv(1 << 18):
            self.received += len(data) if counted else 0
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def server_cpu(pid: int) -> float:
    """CPU seconds of the server and of all of its processes that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def config_of(url: str) -> Any:
    """The config of the table."""
    from driftloop.monitoring.config import Monitored

    features = {"numeric": [f"n{at}" for at in range(NUMBERS)], "categorical": [f"c{at}" for at in range(len(WORDS))]}
    columns = {"time": "ts", "target": "y", **features}
    source = {"url": url, "table": "trips"}
    return Monitored.model_validate({"model": "bench", "task": "regression", "source": source, "columns": columns})


def measure(way: str, url: str) -> None:
    """Profile the window in one way; print CPU seconds, seconds, peak MB and the counts."""
    from driftloop.monitoring.counting.plan import Plan
    from driftloop.monitoring.counting.window import count_window
    from driftloop.monitoring.drift.reference import describe
    from driftloop.monitoring.profiles import first, like, merge
    from driftloop.monitoring.quality.tally import tally
    from driftloop.monitoring.records import Window
    from driftloop.monitoring.rows.canonical import plain
    from driftloop.monitoring.settings.columns import PREDICTION
    from driftloop.pipelines.data.fresh import read_fresh
    from driftloop.pipelines.data.query import Query
    from driftloop.pipelines.data.spread import spread

    config, folder = config_of(url), Path()
    window = Window(start=SPAN[0], end=SPAN[1])
    hour = Window(start=SPAN[0], end=datetime(2026, 1, 1, 1, tzinfo=UTC))
    rows = plain(read_fresh(Query(config, hour, folder)).frame).assign(**{PREDICTION: 0.0})
    kinds = {name: config.kind(name) for name in (*config.columns.features, "y")}
    profiles = first(rows, kinds)
    reference = describe(rows, config, window=hour, source_types={}, loss=1.0, loss_rows=len(rows))
    del rows
    print("ready", flush=True)
    sys.stdin.readline()
    begun, used = time.perf_counter(), time.process_time()
    sample = WAYS[way]
    if sample is None:
        fresh = read_fresh(Query(config, window, folder))

        def sum_up(piece: Any) -> Any:
            due = (piece["ts"] < window.end).to_numpy()
            return like(profiles, piece), tally(piece, reference, "y", due)

        made, tallies = zip(*spread(sum_up, fresh.pieces()), strict=True)
        found, counted = merge(*made), reduce(add, tallies)
        facts = fresh.repeated_share(window), len(fresh.digest)
    else:
        plan = Plan(reference, profiles, window, window, window.end, sample=sample, labels=False, forced=True)
        with count_window(config, plan, folder, 1 << 16) as (counts, _):
            found, counted = counts.profiles, counts.tally
        facts = counts.repeated_share, 32
    seconds, cpu = time.perf_counter() - begun, time.process_time() - used
    answer = {name: (one.cells.tolist(), one.nulls, one.finite) for name, one in found.items()}
    least = {name: (one.nulls, one.outside, one.unseen) for name, one in counted.columns.items()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([cpu, seconds, peak, [answer, least, facts]]), flush=True)


def run(way: str, server: Postgres, proxy: Proxy) -> tuple[dict[str, float], Any]:
    """Measure one way in a process of its own."""
    url = server.url().replace(f":{server.port}/", f":{proxy.port}/").replace(server.password, "${SHOP_PASSWORD}")
    pid = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    with tempfile.TemporaryDirectory() as home:
        more = {"SHOP_PASSWORD": server.password, "DRIFTLOOP_HOME": home}
        child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.push_down", "--way", way, "--url", url],
            env=os.environ | more,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(1)
        before, received = server_cpu(pid), proxy.received
        child.stdin.write("\n")
        child.stdin.flush()
        cpu, seconds, peak, answer = json.loads(child.stdout.readline())
        child.wait()
        time.sleep(1)
        server_used = server_cpu(pid) - before
    mb = (proxy.received - received) / 1e6
    return {"server": server_used, "client": cpu, "mb": mb, "seconds": seconds, "peak": peak}, answer


def main() -> None:
    """Measure all ways in turn, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        measure(given.way, given.url)
        return
    bin_ = programs()
    if bin_ is None:
        sys.exit("PostgreSQL's programs are not installed: apt-get install postgresql")
    server = Postgres(bin_)
    try:
        server.start()
        fill(server, given.rows)
        proxy = Proxy(server.port)
        found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
        answers: list[Any] = []
        for _ in range(given.repeat):
            for way in WAYS:
                facts, answer = run(way, server, proxy)
                found[way].append(facts)
                answers.append(answer)
                print(way, {name: round(value, 2) for name, value in facts.items()}, file=sys.stderr, flush=True)
        if any(answer != answers[0] for answer in answers):
            sys.exit("the counts differ")
    finally:
        server.remove()
    print(f"{given.rows:,} rows, counts equal\n")
    print("| | server CPU s | client CPU s | both | MB to the client | seconds | peak MB of the client |")
    print("|---|---|---|---|---|---|---|")
    for way, runs in found.items():
        best = {name: min(one[name] for one in runs) for name in runs[0]}
        both = min(one["server"] + one["client"] for one in runs)
        print(
            f"| {way} | {best['server']:.1f} | {best['client']:.2f} | {both:.1f} | {best['mb']:,.2f} | "
            f"{best['seconds']:.1f} | {best['peak']:,.0f} |"
        )


if __name__ == "__main__":
    main()
