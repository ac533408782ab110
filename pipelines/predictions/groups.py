"""Adjacent spans that are read, scored and committed together: about as many rows as a target, learned on the way."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from driftloop.monitoring.records import Window

# Rows and spans of a group. The rows are more where reading takes most of the time.
ROWS, SPANS = 1 << 22, 366
MOST_ROWS = 1 << 26
GROWTH = 8


class Groups:
    """Groups of adjacent spans, the first of one span; `measured` sets the size of the next.

    >>> day = [Window(start=f"2026-01-0{n}", end=f"2026-01-0{n + 1}") for n in (1, 2, 3, 5)]
    >>> groups = Groups(day)
    >>> sizes = []
    >>> for group in groups:
    ...     sizes.append(len(group))
    ...     groups.measured(len(group), rows=1000, waiting=1.0, working=1.0)
    >>> sizes
    [1, 2, 1]
    """

    def __init__(self, spans: Iterable[Window]) -> None:
        self._spans = deque(spans)
        self._size, self._rows = 1, ROWS

    def __iter__(self) -> Iterator[list[Window]]:
        while self._spans:
            group = [self._spans.popleft()]
            while self._spans and len(group) < self._size and self._spans[0].start == group[-1].end:
                group.append(self._spans.popleft())
            yield group

    @property
    def last(self) -> bool:
        """Whether no group is left."""
        return not self._spans

    def measured(self, spans: int, rows: int, waiting: float, working: float) -> None:
        """Take the numbers of a group into account: its rows, seconds spent on waiting for rows and on all else.

        A source without an index or statistics is scanned whole for each group: fewer and larger ones cost less.
        """
        if waiting > 2 * working:
            self._rows = min(2 * self._rows, MOST_ROWS)
        wanted = spans * self._rows // max(rows, 1)
        self._size = max(1, min(wanted, spans * GROWTH, SPANS))
