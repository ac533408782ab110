"""The temporary server comes when it is needed, ends with its owner, and says why it cannot start."""

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

from pipelines.temporary_server import NoServer, TemporaryServer
from tests.pipelines.conftest import ROOT

OWNER = """
import sys, time
from pipelines import home
home.prepare()
from pipelines.temporary_server import TemporaryServer
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
from pipelines.warmup import _server, prefect_ready
from prefect import flow

@flow
def noop():
    return 1

urls = set()
for turn in range(2):
    with prefect_ready():
        assert noop() == 1
        urls.add(_server().url)
        if turn == 0:
            _server().process.kill()
            _server().process.wait()
print(len(urls))
"""


def test_a_server_that_dies_comes_back_for_the_next_flow(
    process: Callable[..., Any], seeded: Callable[[Path], Path], tmp_path: Path
) -> None:
    """A process that lives for long is not lost with its server: the next flow finds it again, at the same address."""
    seeded(tmp_path / "state")
    done = process("-c", REVIVED, python=True)
    assert done.stdout.split() == ["1"], done.stderr


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


def test_a_server_that_cannot_start_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken database of Prefect is told with what the server said last, and nothing is left running."""
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    (tmp_path / "prefect.db").write_text("no database " * 100)
    server = TemporaryServer()
    with pytest.raises(NoServer, match=r"(?s)ended with code \d+, saying .*(not a database|startup failed).*expected"):
        server.wait()
    assert server.process.poll() is not None


def test_the_command_says_it_in_three_lines(process: Callable[..., Any], tmp_path: Path) -> None:
    """What a user sees of it is our error and no traceback."""
    from tests.streams import stream, write

    (tmp_path / "file").write_text("no folder")
    done = process("check", write(tmp_path / "m", stream(8)), PREFECT_HOME=str(tmp_path / "file" / "prefect"))
    assert done.returncode == 1
    assert done.stderr.startswith("driftloop: Prefect's temporary server did not start")
    assert len(done.stderr.strip().split("\n")) == 3
