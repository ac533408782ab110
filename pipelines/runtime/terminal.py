"""Output of all commands. The only place that writes to the terminal: control characters in the data never reach it."""

from __future__ import annotations

import json
import logging
import math
import re
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from driftloop.monitoring.settings.secrets import without_passwords
from driftloop.pipelines.runtime import phases

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LOG_EVERY_SECONDS = 10.0
REDRAWN_PER_SECOND = 5.0
BAR_WIDTH, ROOM_FOR_A_BAR = 24, 80


def say(text: str, *, err: bool = False) -> None:
    """Print a message for a user, line by line. A password in an address of a server is not shown."""
    click.echo(harmless(without_passwords(text)), err=err)


def say_drawn(text: str) -> None:
    """Print a table drawn by `tables`: of all control sequences, only its colors reach a terminal."""
    text = without_passwords(text)
    plain, colours = COLOUR.split(text), COLOUR.findall(text)
    click.echo("".join(harmless(part) + colour for part, colour in zip(plain, [*colours, ""], strict=True)))


def say_json(value: Any) -> None:
    """Print one JSON object, given as a value or as JSON text.

    What a terminal could obey is escaped, so that a reader gets the very same text. A number that JSON does not know,
    such as an infinite loss, is null.
    """
    text = without_passwords(value if isinstance(value, str) else json.dumps(_finite(value), allow_nan=False))
    click.echo("".join(sign if sign.isprintable() else _escaped(sign) for sign in text))


def shows_colours() -> bool:
    """Whether stdout is a terminal with colors, and `NO_COLOR` is not set."""
    from rich.console import Console

    console = Console(file=sys.stdout)
    return sys.stdout.isatty() and console.color_system is not None and not console.no_color


def harmless(text: str) -> str:
    r"""Make every line of a text printable, and keep the line ends.

    >>> harmless("one\n\x1b]0;title\x07two")
    'one\n?]0;title?two'
    """
    return "\n".join(printable(line) for line in text.split("\n"))


def printable(line: str) -> str:
    r"""Replace the control characters of a line: a terminal may obey them.

    >>> printable("a\x1b[2Jb")
    'a?[2Jb'
    """
    return "".join(sign if sign.isprintable() else "?" for sign in line)


class Harmless(logging.Formatter):
    """A log formatter whose lines cannot steer a terminal, and show no password of an address.

    Messages hold names of files and columns, and errors of libraries addresses of servers.
    """

    def format(self, record: logging.LogRecord) -> str:
        return harmless(without_passwords(super().format(record)))


def log_to_stderr() -> None:
    """Log what driftloop does to stderr, line by line, for a process that serves until it is stopped."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Harmless("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("driftloop")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


def guard_logs() -> None:
    """Format messages without a handler of ours, such as warnings of libraries, as `Harmless` does."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(Harmless())
    plain = warnings.formatwarning
    warnings.formatwarning = lambda *about, **more: harmless(plain(*about, **more))


@contextmanager
def shown() -> Iterator[None]:
    """Show on stderr what the command does inside, with the time since its start; gone without a trace at the end.

    On a terminal that is one line, drawn again and again. Elsewhere a short command prints nothing, and one that takes
    longer logs its phase every ten seconds.
    """
    at_present = Present()
    with phases.watched_by(at_present):
        terminal = _terminal()
        if terminal is None:
            with _logged(at_present):
                yield
            return
        from rich.live import Live

        with Live(
            get_renderable=lambda: at_present.drawn(terminal),
            console=terminal,
            refresh_per_second=REDRAWN_PER_SECOND,
            transient=True,
            # Output to a place other than this terminal must arrive there.
            redirect_stdout=sys.stdout.isatty(),
        ):
            yield


class Present:
    """Current state of a command: its phase, and the step of counted work."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.phase, self.work = "starting", ""
        self.done = self.total = 0

    def enter(self, phase: str) -> None:
        self.phase = phase

    def begin(self, work: str, total: int) -> None:
        self.phase, self.work, self.done, self.total = "", work, 0, total

    def advance(self) -> None:
        self.done += 1

    def end(self) -> None:
        self.phase, self.work, self.total = "", "", 0

    def words(self) -> str:
        """Return one line without the time."""
        counted = f"{self.work} {self.done}/{self.total}" if self.total else ""
        return printable(": ".join(part for part in (counted, self.phase) if part) or "working")

    def elapsed(self) -> str:
        """Return minutes and seconds since the start, such as 1:20."""
        minutes, seconds = divmod(int(time.monotonic() - self.begun), 60)
        return f"{minutes}:{seconds:02d}"

    def drawn(self, terminal: Console) -> Table:
        """Return one line for a terminal; a narrow one truncates the text, not the time."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        words, elapsed = Text(self.words()), self.elapsed()
        cells: list[Any] = [words, Text(elapsed, style="cyan")]
        room = terminal.width - len(elapsed) - 1
        if self.total and terminal.width >= ROOM_FOR_A_BAR:
            cells.append(ProgressBar(total=self.total, completed=self.done, width=BAR_WIDTH))
            room -= BAR_WIDTH + 1
        words.truncate(max(room, 1), overflow="ellipsis")
        line = Table.grid(padding=(0, 1), pad_edge=False)
        for _ in cells:
            line.add_column(no_wrap=True)
        line.add_row(*cells)
        return line


def _terminal() -> Console | None:
    """Return the terminal of stderr; None without one, or if it cannot redraw a line."""
    if not sys.stderr.isatty():
        return None
    from rich.console import Console

    class Steady(Console):
        """Does not hide the cursor: a killed process would leave it hidden."""

        def show_cursor(self, show: bool = True) -> bool:
            return False

    console = Steady(file=sys.stderr, markup=False, highlight=False, emoji=False)
    return console if console.is_terminal and console.is_interactive else None


@contextmanager
def _logged(at_present: Present) -> Iterator[None]:
    ended = threading.Event()

    def log() -> None:
        while not ended.wait(LOG_EVERY_SECONDS):
            say(f"driftloop: {at_present.words()} ({at_present.elapsed()})", err=True)

    thread = threading.Thread(target=log, name="phases", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _escaped(sign: str) -> str:
    units = sign.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
