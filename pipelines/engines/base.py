"""Interface of an engine: it reads the rows of a span as shards, and works on them where they are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from driftloop.monitoring.records import Window
from driftloop.pipelines.data.fresh import Fresh, read_fresh

if TYPE_CHECKING:
    from driftloop.monitoring.config import Monitored


class Engine(ABC):
    """What reads rows. The `Fresh` that it returns profiles and scores them by `map`, wherever they are."""

    name: ClassVar[str]

    @abstractmethod
    def read(
        self,
        config: Monitored,
        window: Window,
        folder: Path,
        now: datetime | None,
        scored_by: str | None,
        judged: Window | None,
    ) -> Fresh:
        """Read the rows of a span in canonical form, as `read_fresh` does."""

    @abstractmethod
    def sentence(self, fresh: Fresh) -> str:
        """Return where the rows were read, for the record of a check."""


class Local(Engine):
    """The process that runs the check, which does all work by itself."""

    name = "local"

    def read(
        self,
        config: Monitored,
        window: Window,
        folder: Path,
        now: datetime | None,
        scored_by: str | None,
        judged: Window | None,
    ) -> Fresh:
        return read_fresh(config, window, folder, now=now, scored_by=scored_by, judged=judged)

    def sentence(self, fresh: Fresh) -> str:
        return "all rows were read by this process"
