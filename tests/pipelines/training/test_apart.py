"""A call in a process of its own: its answer, its errors, its limits, and that nothing of it is left behind."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from driftloop.pipelines.training.apart import Answered, Limits, Raised, Stopped, call_apart

ROOT = Path(__file__).resolve().parents[3]
CODE = """
import os, pathlib, signal, subprocess, sys, time

def add(one, other=0):
    print("adding")
    return one + other, os.getpid()

def broken():
    return {}["here"]

class Fussy(Exception):
    def __init__(self, one, other):
        super().__init__(f"{one} and {other}")

def fussy():
    raise Fussy(1, 2)

def unhandy():
    return lambda: 1

def leaves():
    sys.exit(3)

def dies(number):
    os.kill(os.getpid(), number)

def eats():
    return len(bytearray(2 * 1024**3))

def hangs(place):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    pathlib.Path(place).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(600)
"""
LIMITS = Limits(timedelta(seconds=60))


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "ownapart.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "ownapart", raising=False)
    importlib.import_module("ownapart")  # as a caller has imported what it calls

    return tmp_path


def there(pid: int) -> bool:
    """Whether a process lives; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def soon(true: Callable[[], bool]) -> bool:
    last = time.monotonic() + 30
    while not true() and time.monotonic() < last:
        time.sleep(0.02)
    return true()


def test_the_answer_is_that_of_another_process(own: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It gets its arguments and gives its answer; what it prints is on stderr, where it spoils no JSON."""
    end = call_apart("ownapart:add", 1, limits=LIMITS, other=2)
    assert isinstance(end, Answered)
    assert end.value[0] == 3
    assert end.value[1] != os.getpid()
    assert capfd.readouterr() == ("", "adding\n")


def test_an_error_comes_with_its_traceback(own: Path) -> None:
    """The error itself where it can travel, else its name and text; `sys.exit` is an error too."""
    end = call_apart("ownapart:broken", limits=LIMITS)
    assert isinstance(end, Raised)
    assert (end.name, end.text, type(end.error)) == ("KeyError", "'here'", KeyError)
    assert "in broken" in end.traceback
    assert "in_child" not in end.traceback
    end = call_apart("ownapart:fussy", limits=LIMITS)
    assert isinstance(end, Raised)
    assert (end.name, end.text, end.error) == ("Fussy", "1 and 2", None)
    assert "in fussy" in end.traceback
    left = call_apart("ownapart:leaves", limits=LIMITS)
    assert isinstance(left, Raised)
    assert (left.name, left.text) == ("SystemExit", "3")


def test_what_cannot_be_handed_over_is_an_error(own: Path) -> None:
    """The answer must be picklable; what is not is named."""
    end = call_apart("ownapart:unhandy", limits=LIMITS)
    assert isinstance(end, Raised)
    assert end.text.startswith("it returned function, which cannot be passed to the caller")


def test_a_call_that_hangs_is_ended_with_its_children(own: Path) -> None:
    """At its limit; neither its process nor one that it started is left."""
    end = call_apart("ownapart:hangs", str(own / "pids"), limits=Limits(timedelta(seconds=3)))
    assert end == Stopped("timed_out", "it was still running after 3s")
    pids = [int(pid) for pid in (own / "pids").read_text().split()]
    assert len(pids) == 2
    assert soon(lambda: not any(map(there, pids)))


def test_a_call_that_eats_memory_is_stopped_at_its_limit(own: Path) -> None:
    """It runs out of memory, and this process does not notice; with more leave the same call comes through."""
    end = call_apart("ownapart:eats", limits=Limits(LIMITS.timeout, max_memory_mb=300))
    assert isinstance(end, Stopped)
    assert end.code == "out_of_memory"
    assert end.why.startswith("it ran out of memory with 300 MB")
    assert call_apart("ownapart:add", 1, limits=Limits(LIMITS.timeout, max_memory_mb=300)) != end


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (signal.SIGTERM, "died", "its process died of SIGTERM"),
        (signal.SIGKILL, "died", "killed (SIGKILL), by a user or by the system for lack of memory"),
        (signal.SIGSEGV, "out_of_memory", "its process died of SIGSEGV with 900 MB, most likely of that limit"),
        (signal.SIGALRM, "timed_out", "it was still running after 1m"),
    ],
)
def test_a_process_that_dies_is_reported_by_its_signal(own: Path, number: int, code: str, words: str) -> None:
    """A crash in C, a SIGTERM, the system short of memory: each is an end with a reason, never a hang."""
    end = call_apart("ownapart:dies", number, limits=Limits(LIMITS.timeout, max_memory_mb=900))
    assert isinstance(end, Stopped)
    assert end.code == code
    assert words in end.why


def test_no_one_is_left_when_the_caller_is_killed(own: Path) -> None:
    """A dead worker leaves no training behind: the child sees the pipe close."""
    code = (
        "from datetime import timedelta\nimport ownapart\n"
        "from driftloop.pipelines.training.apart import Limits, call_apart\n"
        "call_apart('ownapart:hangs', 'pids', limits=Limits(timedelta(hours=1)))\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{own}"}
    caller = subprocess.Popen([sys.executable, "-c", code], cwd=own, env=environment)
    try:
        assert soon(lambda: (own / "pids").exists() and len((own / "pids").read_text().split()) == 2)
    finally:
        caller.kill()
        caller.wait()
    pids = [int(pid) for pid in (own / "pids").read_text().split()]
    assert soon(lambda: not any(map(there, pids)))


def test_a_module_of_the_same_name_elsewhere_is_not_taken(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two models may call their modules the same: the child imports the file that the caller has imported."""
    (own / "first").mkdir()
    (own / "first" / "ownapart.py").write_text("def add(one, other=0): return 'another'")
    monkeypatch.syspath_prepend(own / "first")
    end = call_apart("ownapart:add", 1, limits=LIMITS)
    assert isinstance(end, Answered)
    assert end.value[0] == 1
