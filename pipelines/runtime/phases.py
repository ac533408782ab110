"""Phases of a long command. Flows report them; they are shown only if a command shows them.

A phase reaches only the watchers of the same context: a service or a server has none, and stays silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, Protocol


class Watcher(Protocol):
    """Receiver of phases and of counted work."""

    def enter(self, phase: str) -> None: ...

    def begin(self, work: str, total: int) -> None: ...

    def advance(self) -> None: ...

    def end(self) -> None: ...


Purpose = Literal["terminal", "trace"]
_watchers: ContextVar[Mapping[Purpose, Watcher]] = ContextVar("watchers")


def enter(phase: str) -> None:
    """Report the phase from here on, until the next one."""
    for watcher in _watching():
        watcher.enter(phase)


@contextmanager
def counted(work: str, total: int) -> Iterator[Callable[[], None]]:
    """Report work of `total` steps within the block; call the value after each step, from any thread.

    Phases within the block belong to the current step.
    """
    watching = _watching()

    def advance() -> None:
        for watcher in watching:
            watcher.advance()

    for watcher in watching:
        watcher.begin(work, total)
    try:
        yield advance
    finally:
        for watcher in watching:
            watcher.end()


@contextmanager
def watched_by(watcher: Watcher, purpose: Purpose = "terminal") -> Iterator[None]:
    """Report every phase within the block to the watcher, instead of an earlier one of the same purpose."""
    before = _watchers.set({**_watchers.get({}), purpose: watcher})
    try:
        yield
    finally:
        _watchers.reset(before)


def _watching() -> tuple[Watcher, ...]:
    return tuple(_watchers.get({}).values())
