"""The version of a table in files that a check read."""

from __future__ import annotations

from typing import Literal

from driftloop.monitoring.records.base import Record


class TableVersion(Record):
    """Version of a Delta Lake table, or snapshot of an Iceberg table; `section` of the YAML names the table."""

    section: str
    format: Literal["delta", "iceberg"]
    version: int

    @property
    def title(self) -> str:
        """The version as text, such as `version 12`."""
        return f"{'version' if self.format == 'delta' else 'snapshot'} {self.version}"

    def sentence(self) -> str:
        """The same as text.

        >>> TableVersion(section="source", format="delta", version=12).sentence()
        'source: version 12'
        """
        return f"{self.section}: {self.title}"
