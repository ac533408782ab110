"""Call in a separate process, with limits of time and memory: the caller continues after any end of that process.

`in_child` is the code of that process. The choice of the function and the use of its result are elsewhere.
"""

from __future__ import annotations

import json
import math
import os
import pickle
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

from driftloop.monitoring.settings.durations import format_duration

BEAT_SECONDS = 0.5
# The child's own alarm is later than ours: it ends a child whose parent is gone.
ALARM_AFTER_SECONDS = 5
# Not `-m`: that would put the working folder first, and a json.py may lie there.
START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from driftloop.pipelines.training.in_child import serve; serve()"
)


@dataclass(frozen=True)
class Limits:
    """Limits of time and of memory of the process; None means no limit."""

    timeout: timedelta
    max_memory_mb: int | None = None


@dataclass(frozen=True)
class Answered:
    """The function returned a value."""

    value: Any


@dataclass(frozen=True)
class Raised:
    """The function raised: the type's name, the text, the traceback as text, and the error if it can be pickled."""

    name: str
    text: str
    traceback: str
    error: BaseException | None


@dataclass(frozen=True)
class Stopped:
    """The process was ended, by a limit or from outside, or it died."""

    code: Literal["timed_out", "out_of_memory", "died"]
    why: str


def call_apart(path: str, *given: Any, limits: Limits, **named: Any) -> Answered | Raised | Stopped:
    """Call `module:function`, which this process has imported, with these arguments in a fresh one; wait for its end.

    Arguments and answer travel as pickles between the two processes, which are one user's and trust each other. What
    the function prints goes to our stderr. When this returns or raises, that process and its children are gone.
    """
    ours, theirs = Pipe()
    words = {
        "fd": theirs.fileno(),
        "seconds": math.ceil(limits.timeout.total_seconds()) + ALARM_AFTER_SECONDS,
        "max_memory_mb": limits.max_memory_mb,
    }
    places = json.dumps([place or str(Path.cwd()) for place in sys.path])
    command = [sys.executable, "-P", "-c", START, places, json.dumps(words)]
    until = time.monotonic() + limits.timeout.total_seconds()
    with ours:
        # A separate session: its children are ended with it, and Ctrl-C reaches only the parent.
        process = subprocess.Popen(  # noqa: S603
            command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=2, start_new_session=True
        )
        try:
            theirs.close()
            with suppress(BrokenPipeError, ConnectionResetError):  # a dead child is reported below
                ours.send((path, _origin(path), given, named))
            return _end_of(process, ours, until, limits)
        finally:
            _kill(process)


def _end_of(
    process: subprocess.Popen[bytes], ours: Connection, until: float, limits: Limits
) -> Answered | Raised | Stopped:
    answer = _answer(process, ours, until)
    if answer is None:
        # A child that still runs has exceeded its time.
        return _died(process, limits) if process.poll() is not None or not _over(until) else _late(limits)
    try:
        kind, *values = pickle.loads(answer)  # noqa: S301  (our own child, which has run the user's own code already)
    except Exception as error:
        return Raised(type(error).__name__, f"its result cannot be passed to the caller: {error}", "", error)
    if kind == "memory":
        return Stopped("out_of_memory", f"it ran out of memory{_under(limits)}: {values[0]}")
    return Answered(*values) if kind == "answered" else Raised(*values)


def _answer(process: subprocess.Popen[bytes], ours: Connection, until: float) -> bytes | None:
    """Return the content of the pipe; None if the time or the process ended first."""
    try:
        while not ours.poll(min(BEAT_SECONDS, max(0.0, until - time.monotonic()))):
            # A child of the child may hold the pipe open.
            if _over(until) or (process.poll() is not None and not ours.poll(0)):
                return None
        return ours.recv_bytes()
    except (EOFError, OSError):
        return None


def _over(until: float) -> bool:
    return time.monotonic() >= until


def _late(limits: Limits) -> Stopped:
    return Stopped("timed_out", f"it was still running after {format_duration(limits.timeout)}")


def _died(process: subprocess.Popen[bytes], limits: Limits) -> Stopped:
    code = process.wait(10)
    if code == -signal.SIGALRM:
        return _late(limits)
    if code >= 0:
        return Stopped("died", f"its process ended with exit code {code} and returned nothing")
    name = signal.Signals(-code).name
    if name == "SIGKILL":
        return Stopped("died", "its process was killed (SIGKILL), by a user or by the system for lack of memory")
    if limits.max_memory_mb is not None and name in {"SIGABRT", "SIGSEGV", "SIGBUS"}:
        return Stopped("out_of_memory", f"its process died of {name}{_under(limits)}, most likely of that limit")
    return Stopped("died", f"its process died of {name}")


def _under(limits: Limits) -> str:
    return "" if limits.max_memory_mb is None else f" with {limits.max_memory_mb:,} MB"


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _origin(path: str) -> str | None:
    """The file of the outermost package: the child must not take another one of the same name."""
    spec = getattr(sys.modules.get(path.partition(":")[0].partition(".")[0]), "__spec__", None)
    return str(Path(spec.origin).resolve()) if spec is not None and spec.has_location else None
