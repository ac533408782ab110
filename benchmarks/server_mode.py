"""Server mode: seconds from the event of a retrain to its training, on a real Prefect server with a process worker.

    python -m benchmarks.server_mode [--rounds 3] [--query-seconds 2]
    python -m benchmarks.server_mode --checks 8

The second one measures CPU seconds of a steady check instead: called in a warm process, run by `driftloop worker`, and
run by Prefect's process worker, each with the child processes that it started; the server's own are not counted.

Each round is a check that asks for a retrain. The clock is the server's own: when the event occurred, when the
automation made the run, when the worker's process began it, when it ended. Server, worker, MLflow on SQLite and the
ledger are this machine's, in a folder that is thrown away. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from benchmarks.commands import rows
from tests.streams import flow_config

SOON_SECONDS = 300.0
DAYS, A_DAY = 60, 500
PARTS = ("event to run", "run to its start in the worker", "event to start", "start to end")


def write(folder: Path, trigger: str = "always") -> Path:
    """One model that always asks, or another one."""
    rows(DAYS, A_DAY).to_parquet(folder / "asks.parquet", index=False)
    config = {
        "model": "asks",
        "task": "regression",
        "source": {"path": "asks.parquet"},
        "columns": {"time": "ts", "target": "y", "numeric": ["n0", "n1", "n2"], "categorical": ["c0"]},
        "windows": {"current": "7d"},
        "policies": {"triggers": [{"policy": trigger}], "guards": []},
        "training": {"window": "14d", "holdout": "4d", "params": {"n_estimators": 20}},
    }
    file = folder / "asks.yaml"
    file.write_text(yaml.safe_dump(config))
    return file


@contextmanager
def process(*command: str, module: str = "prefect") -> Iterator[int]:
    """A process next to us, ended with the block; gives its pid."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    made = subprocess.Popen([sys.executable, "-m", module, *command], **quiet)  # type: ignore[call-overload]
    try:
        yield made.pid
    finally:
        made.terminate()
        made.wait(60)


def until(true: Callable[[], Any]) -> Any:
    """Wait for something that others do; gives it."""
    last = time.monotonic() + SOON_SECONDS
    while not (found := true()):
        if time.monotonic() > last:
            raise TimeoutError("the server did not get so far")
        time.sleep(0.2)
    return found


def answers(url: str) -> bool:
    """Whether the server is up."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5):
            return True
    except OSError:
        return False


def once(client: Any, file: Path, now: datetime) -> tuple[float, ...]:
    """One check that asks, and the seconds of its training by the server's clock, in the order of PARTS."""
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.events.filters import EventFilter, EventNameFilter, EventOccurredFilter

    from driftloop.pipelines.flows.monitoring import monitoring_flow

    begun = datetime.now(UTC)
    check = monitoring_flow(config=flow_config(file), now=now, train="request")
    since = EventOccurredFilter.model_validate({"since": begun})
    asked = EventFilter(event=EventNameFilter(name=["driftloop.retrain.requested"]), occurred=since)

    def events() -> Any:
        return client.request("POST", "/events/filter", json={"filter": asked.model_dump(mode="json")}).json()["events"]

    event = until(events)[0]
    wanted = {"tags": {"all_": [f"request:{event['payload']['request_id']}"]}}

    def ended() -> Any:
        runs = client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(wanted))
        return next((run for run in runs if run.deployment_id and run.end_time and run.start_time), None)

    run = until(ended)
    occurred = datetime.fromisoformat(event["occurred"])
    assert check.outcome == "requested"
    moments = (run.created - occurred, run.start_time - run.created, run.start_time - occurred)
    return tuple(one.total_seconds() for one in (*moments, run.end_time - run.start_time))


def main() -> None:
    """Start the server, deploy, start the worker, ask."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--checks", type=int, help="measure this many steady checks instead")
    parser.add_argument("--query-seconds", type=float, default=2.0, help="how often the worker asks for work")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        url = f"http://127.0.0.1:{port}/api"
        state = Path(place, "state")
        os.environ |= {
            "DRIFTLOOP_HOME": str(state),
            "PREFECT_HOME": f"{place}/prefect",
            "PREFECT_API_URL": url,
            "PREFECT_SERVER_UI_ENABLED": "false",
            "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
            "PREFECT_WORKER_QUERY_SECONDS": str(asked.query_seconds),
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        file = write(Path(place), "performance_drop" if asked.checks else "always")
        with process("server", "start", "--host", "127.0.0.1", "--port", str(port)):
            until(lambda: answers(url))
            if asked.checks:
                measure_checks(file, asked.checks)
            else:
                measure(file, asked.rounds)


def measure(file: Path, rounds: int) -> None:
    """The table, over rounds that each ask once."""
    from prefect.client.orchestration import get_client

    from benchmarks.commands import START
    from driftloop.pipelines.config.project import load
    from driftloop.pipelines.flows.monitoring import monitoring_flow
    from driftloop.pipelines.flows.warmup import prefect_ready
    from driftloop.pipelines.server.server import deploy

    project = load(file)
    with prefect_ready(project):
        monitoring_flow(config=flow_config(file), now=START + timedelta(days=21))
        deploy([project], "bench", timedelta(hours=1))
        with process("worker", "start", "--pool", "bench"), get_client(sync_client=True) as client:
            taken = [once(client, file, START + timedelta(days=28 + 7 * at)) for at in range(rounds)]
    print("| seconds | median | worst |\n|---|---|---|")
    for part, seconds in zip(PARTS, zip(*taken, strict=True), strict=True):
        print(f"| {part} | {statistics.median(seconds):.2f} | {max(seconds):.2f} |")
    print(f"\n{rounds} rounds; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and of those of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def measure_checks(file: Path, checks: int) -> None:
    """CPU seconds per steady check, after one that is not counted, in each of the three ways."""
    from driftloop.pipelines.config.project import load
    from driftloop.pipelines.flows.monitoring import monitoring_flow
    from driftloop.pipelines.flows.warmup import prefect_ready
    from driftloop.pipelines.server.server import deploy

    project = load(file)
    with prefect_ready(project):
        from benchmarks.commands import START

        monitoring_flow(config=flow_config(file), now=START + timedelta(days=21))
        deploy([project], "bench", timedelta(hours=1))
        days = iter(range(28, 60))

        def now() -> datetime:
            return START + timedelta(days=next(days))

        def here(_: int) -> None:
            check = monitoring_flow(config=flow_config(file), now=now(), train="request")
            assert check.outcome == "steady", check.reason

        print("| steady check | CPU s | ratio |\n|---|---|---|", flush=True)
        warm = of_checks(os.getpid(), here, checks)
        print(f"| called in a warm process | {warm:.2f} | 1.00 |", flush=True)
        for name, words in (
            ("`driftloop worker`", ("worker", "--pool", "bench", "--limit", "1")),
            ("`prefect worker start`", ("worker", "start", "--pool", "bench", "--limit", "1")),
        ):
            module = "driftloop.pipelines.cli" if "driftloop" in name else "prefect"
            with process(*words, module=module) as pid:
                seconds = of_checks(pid, lambda _: deployed(now()), checks)
            print(f"| {name} | {seconds:.2f} | {seconds / warm:.2f} |", flush=True)
    print(f"\n{checks} checks each; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def deployed(now: datetime) -> None:
    """Have one check of the deployment run by any worker; wait for its end."""
    from prefect.deployments import run_deployment

    run: Any = run_deployment("monitoring/asks", parameters={"now": now.isoformat()}, poll_interval=0.5)
    assert run.state.is_completed(), run.state
    assert str(run.state.message).startswith("steady"), run.state.message


def of_checks(pid: int, check: Callable[[int], None], checks: int) -> float:
    """CPU seconds of a process per check; the first one, with all imports, does not count."""
    check(0)
    begun = cpu_seconds(pid)
    for at in range(checks):
        check(at)
    return (cpu_seconds(pid) - begun) / checks


if __name__ == "__main__":
    main()
