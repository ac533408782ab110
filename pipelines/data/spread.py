"""Concurrent work on pieces, a few at a time, with results in the order of the pieces."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

THREADS = 2


def spread(work: Callable[[T], R], pieces: Iterable[T]) -> Iterator[R]:
    """Yield the result of `work` for each piece, in order. The caller's thread takes the next pieces meanwhile.

    No more than two pieces wait, so memory does not grow with their number. The first error ends it all.

    >>> list(spread(len, ["a", "bcd", "ef", ""]))
    [1, 3, 2, 0]
    """
    under_way: deque[Future[R]] = deque()
    with ThreadPoolExecutor(THREADS) as pool:
        for piece in pieces:
            under_way.append(pool.submit(work, piece))
            if len(under_way) > THREADS:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
