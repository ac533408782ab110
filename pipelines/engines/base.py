"""Interface of an engine: it reads the rows of a span as shards, and works on them where they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import ClassVar, TypeVar

import pandas as pd

from driftloop.monitoring.sources import stream_rows
from driftloop.pipelines.data.fresh import Fresh, read_fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.data.spread import spread

R = TypeVar("R")


class Engine(ABC):
    """What reads rows. The `Fresh` that it returns profiles and scores them by `map`, and trains by `boost`.

    `place` names it, with its address without secrets, in messages.
    """

    name: ClassVar[str]
    place: str

    @abstractmethod
    def read(self, query: Query) -> Fresh:
        """Read the rows of a query in canonical form, as `read_fresh` does."""

    @abstractmethod
    def ready(self) -> str:
        """Return what the engine works with, as text; raise the error of `read` if it cannot be used."""

    @abstractmethod
    def stream(self, query: Query, work: Callable[[pd.DataFrame], R], piece: int) -> Iterator[R]:
        """Yield the result of `work` for each piece of rows, in order, as they are in the source; keep no rows."""

    @abstractmethod
    def sentence(self, fresh: Fresh) -> str:
        """Return where the rows were read, for the record of a check."""


class Local(Engine):
    """The process that runs the check, which does all work by itself."""

    name = "local"
    place = "this process"

    def read(self, query: Query) -> Fresh:
        return read_fresh(query)

    def ready(self) -> str:
        return self.place

    def stream(self, query: Query, work: Callable[[pd.DataFrame], R], piece: int) -> Iterator[R]:
        config, reading = query.config, query.reading
        with stream_rows(config.source, reading, query.window, query.folder, piece, query.now) as stream:
            yield from spread(work, stream.frames)

    def sentence(self, fresh: Fresh) -> str:
        return "all rows were read by this process"
