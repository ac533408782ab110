"""The version of a table in files that a check read."""

from __future__ import annotations

from typing import Literal

from driftloop.monitoring.records.base import Record


def title_of(table_format: str, version: int) -> str:
    """Return a version as text, in the words of its format.

    >>> title_of("delta", 12), title_of("iceberg", 34)
    ('version 12', 'snapshot 34')
    """
    return f"{'version' if table_format == 'delta' else 'snapshot'} {version}"


class TableVersion(Record):
    """Version of a Delta Lake table, or snapshot of an Iceberg table; `section` of the YAML names the table."""

    section: str
    format: Literal["delta", "iceberg"]
    version: int

    @property
    def title(self) -> str:
        """The version as text, such as `version 12`."""
        return title_of(self.format, self.version)

    def sentence(self) -> str:
        """The same as text.

        >>> TableVersion(section="source", format="delta", version=12).sentence()
        'source: version 12'
        """
        return f"{self.section}: {self.title}"
