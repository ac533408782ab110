"""Work on pieces by threads gives what the work alone gives, without holding all pieces."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from driftloop.pipelines.data.spread import THREADS, spread


def test_results_come_in_the_order_of_the_pieces() -> None:
    """A slow piece lets no later one pass by."""

    def work(at: int) -> int:
        time.sleep(0.02 if at % 3 == 0 else 0)
        return at

    assert list(spread(work, range(12))) == list(range(12))
    assert list(spread(work, [])) == []


def test_pieces_are_taken_by_the_caller_while_others_are_worked_on() -> None:
    """The caller's thread takes the pieces, as a SQLite connection demands, and only a few ahead of the results."""
    taken: list[int] = []
    threads: set[int] = set()

    def pieces() -> Iterator[int]:
        for at in range(20):
            taken.append(at)
            threads.add(threading.get_ident())
            yield at

    workers = set()
    for at, worker in enumerate(spread(lambda _: threading.get_ident(), pieces())):
        workers.add(worker)
        assert len(taken) <= at + 1 + THREADS
    assert threads == {threading.get_ident()}
    assert threading.get_ident() not in workers


def test_an_error_reaches_the_caller() -> None:
    """What goes wrong with one piece is raised, and what went wrong in taking one too."""

    def broken() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    with pytest.raises(ZeroDivisionError):
        list(spread(lambda at: 1 // at, [1, 0, 1, 1, 1]))
    with pytest.raises(OSError, match="the disk is gone"):
        list(spread(lambda at: at, broken()))
