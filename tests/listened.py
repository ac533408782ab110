"""A command that runs until a signal, with its log as it is written."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


class Listened:
    """A process of the command line, the lines of its log, and a wait for what they or it will show."""

    def __init__(self, words: list[str], environment: Mapping[str, str], folder: Path, soon: float) -> None:
        """Start `driftloop` with these words in a folder; a wait ends after `soon` seconds."""
        command = [sys.executable, "-m", "driftloop.pipelines.cli", *words]
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=folder
        )
        self.soon, self.log = soon, list[str]()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)

    def until(self, true: Callable[[], Any]) -> Any:
        """Wait until something is true and return it; fail with the log if the process ends before."""
        last = time.monotonic() + self.soon
        while time.monotonic() < last:
            found = true()
            if found:
                return found
            assert self.process.poll() is None, "".join(self.log)
            time.sleep(0.05)
        raise AssertionError("it never came to be:\n" + "".join(self.log))
