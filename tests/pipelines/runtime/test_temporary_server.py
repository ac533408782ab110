"""The temporary server comes when it is needed, ends with its owner, and gives the reason it cannot start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from driftloop.pipelines.runtime.temporary_server import NoServer, TemporaryServer
from tests.pipelines.conftest import ROOT

OWNER = """
import sys, time
from driftloop.pipelines.runtime import home
home.prepare()
from driftloop.pipelines.runtime.temporary_server import TemporaryServer
server = TemporaryServer()
print(server.wait(), server.process.pid, flush=True)
time.sleep(600)
"""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False


def gone(pid: int, within: float = 20) -> bool:
    end = time.monotonic() + within
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.1)
    return not alive(pid)


REVIVED = """
import time
from driftloop.pipelines.registry import evidence, flow_runs
from driftloop.pipelines.flows.warmup import _server, prefect_ready
from prefect import flow, task

@flow
def noop():
    return 1

@task
def step():
    return 1

@flow
def long():
    with flow_runs.own_flow_run():
        first = _server().process
        first.kill()
        end = time.monotonic() + 120
        while _server().process is first and time.monotonic() < end:
            time.sleep(0.05)
        assert _server().process is not first, "nobody has started it again"
        return step() + step()

with prefect_ready():
    urls = {_server().url}
    assert long() == 2
    urls.add(_server().url)
    print("ended")
    _server().process.kill()
    _server().process.wait()
with prefect_ready():
    assert noop() == 1
    urls.add(_server().url)
print(len(urls))
"""


def test_a_server_that_dies_is_started_again_immediately_and_for_the_next_flow(
    process: Callable[..., Any], seeded: Callable[[Path], Path], tmp_path: Path
) -> None:
    """A flow that is under way finds it at the same address without asking for it, and so does the next flow."""
    seeded(tmp_path / "state")
    done = process("-c", REVIVED, python=True)
    assert done.stdout.split() == ["ended", "1"], done.stderr
    assert "ended with code -9: it is started again" in done.stderr


FLOW = """
from driftloop.pipelines.flows.warmup import prefect_ready
from prefect import flow

@flow
def noop():
    return 1

with prefect_ready():
    assert noop() == 1
print("ended")
"""


NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    "proxies",
    [
        pytest.param({"http_proxy": NOWHERE, "https_proxy": NOWHERE}, marks=pytest.mark.faults),
        pytest.param(
            {"HTTP_PROXY": NOWHERE, "ALL_PROXY": NOWHERE, "no_proxy": "corp.example"}, marks=pytest.mark.faults
        ),
        {"all_proxy": "socks://ann:hush@127.0.0.1:9", "HTTPS_PROXY": "socks5h://127.0.0.1:9"},
    ],
)
def test_a_proxy_in_the_environment_stops_no_flow(
    process: Callable[..., Any], seeded: Callable[[Path], Path], tmp_path: Path, proxies: dict[str, str]
) -> None:
    """Our own server is asked without a proxy, also where none of this machine's names is excepted."""
    seeded(tmp_path / "state")
    done = process("-c", FLOW, python=True, **proxies)
    assert done.stdout.split() == ["ended"], done.stderr
    assert ("all_proxy is ignored: Prefect's client cannot use socks://***@" in done.stderr) == ("all_proxy" in proxies)
    assert "hush" not in done.stderr


STATE = """
from contextlib import closing
from driftloop.monitoring.ledger import Ledger
from driftloop.pipelines.runtime import home; from driftloop.pipelines import registry
from driftloop.pipelines.flows.warmup import prefect_ready

with prefect_ready():
    assert registry.experiment("made") == "1"
    registry.client().create_run("1")
with closing(Ledger(home.ledger_url())) as ledger:
    print(ledger.where)
"""


def test_all_state_is_in_the_folder_whatever_its_name(process: Callable[..., Any], tmp_path: Path) -> None:
    """What URLs give a meaning to has none in the names of folders: databases and artifacts are in it alone.

    Its databases are made there by the product, not copied: migrations read the names as well.
    """
    outer, inner = tmp_path / "states" / "p%2Fx", "q?x #1 ü"
    place = outer / inner
    done = process("-c", STATE, python=True, DRIFTLOOP_HOME=str(place))
    assert done.stdout.strip() == f"sqlite:///{place}/ledger.db", done.stderr
    assert [one.name for one in outer.parent.iterdir()] == [outer.name]
    assert [one.name for one in outer.iterdir()] == [inner]
    assert {"ledger.db", "mlflow.db", "prefect"} <= {one.name for one in place.iterdir()}
    assert (place / "prefect" / "prefect.db").is_file()


@pytest.mark.faults
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at /proc")
def test_no_server_outlives_its_owner(seeded: Callable[[Path], Path], tmp_path: Path) -> None:
    """Killed without a chance to say goodbye, the owner still takes its server along; a second one starts afresh."""
    env = {**os.environ, "DRIFTLOOP_HOME": str(seeded(tmp_path)), "PYTHONPATH": str(ROOT)}
    for name in ("PREFECT_HOME", "PREFECT_API_URL", "MLFLOW_TRACKING_URI"):
        env.pop(name, None)
    for end in (signal.SIGKILL, signal.SIGTERM):
        owner = subprocess.Popen([sys.executable, "-c", OWNER], env=env, stdout=subprocess.PIPE, text=True)
        assert owner.stdout is not None
        url, pid = owner.stdout.readline().split()
        with urllib.request.urlopen(f"{url}/health", timeout=10) as answer:
            assert json.load(answer) is True
        os.kill(owner.pid, end)
        owner.wait()
        assert gone(int(pid))


def test_a_server_that_cannot_start_gives_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken database of Prefect is reported with what the server stated last, and nothing is left running."""
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    (tmp_path / "prefect.db").write_text("no database " * 100)
    server = TemporaryServer()
    ended = r"(?s)ended with code \d+; last output: .*(not a database|startup failed).*expected"
    with pytest.raises(NoServer, match=ended):
        server.wait()
    assert server.process.poll() is not None


def test_the_command_prints_it_in_three_lines(process: Callable[..., Any], tmp_path: Path) -> None:
    """What a user sees of it is our error and no traceback."""
    from tests.streams import stream, write
    from tests.terminals import without_phases

    (tmp_path / "file").write_text("no folder")
    done = process("check", write(tmp_path / "m", stream(8)), PREFECT_HOME=str(tmp_path / "file" / "prefect"))
    assert done.returncode == 1
    output = without_phases(done.stderr)
    assert output.startswith("driftloop: Prefect's temporary server did not start")
    assert len(output.strip().split("\n")) == 3
