"""A real terminal of a given width for a process: what it is sent, byte by byte."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DRAWN_AGAIN = "\r\x1b[2K"


def without_phases(stderr: str) -> str:
    """Leave out the log lines of phases, of which a slow machine makes more than a fast one."""
    return re.sub(r"^driftloop: [^\n]* \(\d+:\d\d\)\n", "", stderr, flags=re.MULTILINE)


@dataclass(frozen=True)
class Shown:
    """What came out: on the terminal, and on stdout where that was a pipe."""

    code: int
    terminal: str
    stdout: str

    @property
    def frames(self) -> list[str]:
        """Each form of a line that is drawn again and again, without repetitions."""
        return list(dict.fromkeys(self.terminal.split(DRAWN_AGAIN)))


def on_terminal(
    *words: object,
    width: int = 100,
    home: Path,
    interrupt_at: str | None = None,
    piped_stdout: bool = False,
    seconds: float = 200,
    **environment: str,
) -> Shown:
    """Run Python with these arguments on a terminal; Ctrl-C is pressed once `interrupt_at` has been shown."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    kept = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR"}}
    own = {"TERM": "xterm-256color", "DRIFTLOOP_HOME": str(home), "PYTHONPATH": str(ROOT), **environment}
    process = subprocess.Popen(
        # As after a login: tests that run in the background may ignore Ctrl-C, which their children inherit.
        ["env", "--default-signal=INT", sys.executable, *map(str, words)],
        stdin=theirs,
        stdout=subprocess.PIPE if piped_stdout else theirs,
        stderr=theirs,
        env={**kept, **own},
        cwd=home,
    )
    os.close(theirs)
    out, deadline = b"", time.monotonic() + seconds
    while time.monotonic() < deadline:
        ready, _, _ = select.select([ours], [], [], 0.1)
        try:
            part = os.read(ours, 65_536) if ready else b""
        except OSError:  # the other end is closed
            break
        out += part
        if interrupt_at is not None and interrupt_at.encode() in out:
            process.send_signal(signal.SIGINT)
            interrupt_at = None
    output = process.stdout.read().decode() if process.stdout else ""
    code = process.wait(timeout=30)
    os.close(ours)
    return Shown(code, out.decode(), output)
