"""The phases of a long command, as they are entered. Flows name them; they are not shown unless a command shows them.

What is entered reaches the watcher of the same context only: a service or a server has none, and stays silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Watcher(Protocol):
    """Who is informed: of each phase, and of work whose steps are counted."""

    def enter(self, phase: str) -> None: ...

    def begin(self, work: str, total: int) -> None: ...

    def advance(self) -> None: ...

    def end(self) -> None: ...


_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


def enter(phase: str) -> None:
    """Say what is done from here on, until the next phase."""
    watcher = _watcher.get()
    if watcher is not None:
        watcher.enter(phase)


@contextmanager
def counted(work: str, total: int) -> Iterator[Callable[[], None]]:
    """Inside, work of `total` steps is done; call the value after each of them, from any thread.

    Phases that are entered meanwhile are those of the step.
    """
    watcher = _watcher.get()
    if watcher is None:
        yield _nothing
        return
    watcher.begin(work, total)
    try:
        yield watcher.advance
    finally:
        watcher.end()


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Inside, the watcher is informed of every phase."""
    before = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(before)


def _nothing() -> None:
    """What is called after each step when no command shows them."""
