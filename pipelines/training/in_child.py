"""Code of the separate process: apply the limits, call the function, pass the result on, end.

Only `apart` starts it. Nothing of ours but pandas' rows is needed here, so nothing of ours is imported.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import pickle
import signal
import sys
import threading
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any


def serve() -> None:
    """Answer the one call that comes through the pipe."""
    words = json.loads(sys.argv[2])
    # Kept by the kernel, even while code in C holds the interpreter and nobody is there any more to end it.
    signal.alarm(words["seconds"])
    _first_to_go()
    if words["max_memory_mb"] is not None:
        _limit_memory(words["max_memory_mb"] * 1024 * 1024)
    connection = Connection(words["fd"])
    try:
        path, origin, given, named = connection.recv()
        threading.Thread(target=_end_with_parent, args=(connection,), daemon=True).start()
        answer = _answered(_function(path, origin)(*given, **named))
    except MemoryError as error:
        answer = pickle.dumps(("memory", str(error) or "MemoryError"))
    except BaseException as error:
        answer = _raised(error)
    # The parent ends this process once it has the answer.
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    connection.send_bytes(answer)


def _answered(value: Any) -> bytes:
    try:
        return pickle.dumps(("answered", value), protocol=5)
    except MemoryError:
        raise
    except Exception as error:
        result = f"it returned {type(value).__name__}, which cannot be passed to the caller: {error}"
        raise TypeError(result) from error


def _raised(error: BaseException) -> bytes:
    result = ("raised", type(error).__name__, str(error), _traceback(error))
    try:
        carried = pickle.dumps((*result, error))
        pickle.loads(carried)  # noqa: S301  (many an exception is pickled, and cannot be made again)
    except Exception:
        return pickle.dumps((*result, None))
    return carried


def _traceback(error: BaseException) -> str:
    """The traceback from the user's own function on."""
    first = error.__traceback__
    while first is not None and first.tb_frame.f_code.co_filename == __file__:
        first = first.tb_next
    return "".join(traceback.format_exception(type(error), error, first or error.__traceback__))


def _function(path: str, origin: str | None) -> Any:
    """Return the function of the parent: a module next to the YAML may share its name with one on the path."""
    module, _, name = path.partition(":")
    spec = importlib.util.find_spec(module.partition(".")[0])
    if origin is None or (spec is not None and str(Path(spec.origin or "").resolve()) == origin):
        return getattr(importlib.import_module(module), name)
    place = Path(origin)
    folder = str(place.parent.parent if place.name == "__init__.py" else place.parent)
    # First during this import alone, as in the parent: no other file of that folder hides a module of anybody's.
    sys.path.insert(0, folder)
    found = importlib.import_module(module)
    sys.path.remove(folder)
    sys.path.append(folder)
    return getattr(found, name)


def _limit_memory(limit: int) -> None:
    """Limit the allocated memory, libraries' own data included. Address space itself is not limited."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _first_to_go() -> None:
    """Let the system kill this process, not the waiting service, when it runs out of memory."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def _end_with_parent(connection: Connection) -> None:
    """Exit when the parent's end of the pipe closes, at any end of the parent."""
    with suppress(OSError, EOFError):
        connection.poll(None)
    os.killpg(os.getpgrp(), signal.SIGKILL)
