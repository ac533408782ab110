"""Interface of an engine: it reads the rows of a span as shards, and works on them where they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from driftloop.pipelines.data.fresh import Fresh, read_fresh
from driftloop.pipelines.data.query import Query


class Engine(ABC):
    """What reads rows. The `Fresh` that it returns profiles and scores them by `map`, wherever they are."""

    name: ClassVar[str]

    @abstractmethod
    def read(self, query: Query) -> Fresh:
        """Read the rows of a query in canonical form, as `read_fresh` does."""

    @abstractmethod
    def sentence(self, fresh: Fresh) -> str:
        """Return where the rows were read, for the record of a check."""


class Local(Engine):
    """The process that runs the check, which does all work by itself."""

    name = "local"

    def read(self, query: Query) -> Fresh:
        return read_fresh(query)

    def sentence(self, fresh: Fresh) -> str:
        return "all rows were read by this process"
