"""Concurrent work on pieces, a few at a time, with results in the order of the pieces."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from queue import Full, Queue
from typing import Any, TypeVar

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


def ahead(pieces: Callable[[], Generator[T]], most: int = 2) -> Iterator[T]:
    """Yield the pieces, which a thread of their own reads while the caller works; at most `most` of them wait.

    The reading happens in one thread from its start to its end, also when the caller stops early. Its error is raised
    in its place.

    >>> list(ahead(lambda: (letter for letter in "abc")))
    ['a', 'b', 'c']
    """
    waiting: Queue[tuple[bool, Any]] = Queue(most)
    stopped = threading.Event()

    def put(more: bool, value: Any) -> bool:
        while not stopped.is_set():
            try:
                waiting.put((more, value), timeout=0.1)
            except Full:
                continue
            return True
        return False

    def read() -> None:
        try:
            with closing(pieces()) as opened:
                for piece in opened:
                    if not put(True, piece):
                        return
            put(False, None)
        except BaseException as error:
            put(False, error)

    thread = threading.Thread(target=read, name="reading ahead", daemon=True)
    thread.start()
    try:
        while (found := waiting.get())[0]:
            yield found[1]
        if found[1] is not None:
            raise found[1]
    finally:
        stopped.set()
        thread.join()
