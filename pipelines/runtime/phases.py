"""Phases of a long command. Flows report them; they are shown only if a command shows them.

A phase reaches only the watcher of the same context: a service or a server has none, and stays silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Watcher(Protocol):
    """Receiver of phases and of counted work."""

    def enter(self, phase: str) -> None: ...

    def begin(self, work: str, total: int) -> None: ...

    def advance(self) -> None: ...

    def end(self) -> None: ...


_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


def enter(phase: str) -> None:
    """Report the phase from here on, until the next one."""
    watcher = _watcher.get()
    if watcher is not None:
        watcher.enter(phase)


@contextmanager
def counted(work: str, total: int) -> Iterator[Callable[[], None]]:
    """Report work of `total` steps within the block; call the value after each step, from any thread.

    Phases within the block belong to the current step.
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
    """Report every phase within the block to the watcher."""
    before = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(before)


def _nothing() -> None:
    """Do nothing after a step when no command shows them."""
