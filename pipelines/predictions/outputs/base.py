"""Interface of an output of predictions: rows and the manifest are committed together, group by group."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from driftloop.monitoring.records import Window
from driftloop.pipelines.predictions.outputs.manifest import Manifest, Part

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = 1


@dataclass(frozen=True)
class Dropped:
    """Rows of a group that an output with a key did not keep: without an id, and earlier rows of the same id."""

    without_id: int = 0
    duplicates: int = 0

    def __add__(self, other: Dropped) -> Dropped:
        return Dropped(self.without_id + other.without_id, self.duplicates + other.duplicates)


class Output(ABC):
    """Place that predictions are written to by one process at a time; a context that holds its lock.

    The order of calls is `read`, once `create`, and for each group of adjacent spans `begin`, `add` and `commit`. What
    was added since the last commit is lost with the process and is not visible to readers.
    """

    where: str

    def __enter__(self) -> Self:
        return self

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Discard what was not committed, and release the lock."""

    @abstractmethod
    def read(self) -> Manifest | None:
        """Return the state of the output; None if it is new."""

    @abstractmethod
    def create(self, manifest: Manifest, schema: pa.Schema) -> None:
        """Create what is missing for rows of this schema, and store the manifest."""

    @abstractmethod
    def begin(self, spans: Sequence[Window]) -> None:
        """Start a group of adjacent spans; rows that the output has of them will be replaced."""

    @abstractmethod
    def add(self, span: int, rows: pa.Table) -> None:
        """Add rows of one of the spans, by its index."""

    @abstractmethod
    def commit(self, manifest: Manifest, written: Sequence[Part]) -> Dropped:
        """Make the rows of the group and the manifest, which has the parts `written`, visible in one step."""
