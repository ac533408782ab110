"""What judgement needs of a config: `monitoring.config.Monitored` has all of it, and no judgement imports that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from driftloop.monitoring.records import Kind
    from driftloop.monitoring.settings.columns import Columns


class HasColumns(Protocol):
    """The columns of a model, and how each is scored."""

    @property
    def columns(self) -> Columns:
        """The meaning of the columns."""

    def kind(self, column: str) -> Kind:
        """Return how a column is scored."""
