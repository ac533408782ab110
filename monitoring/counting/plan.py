"""What a database is asked to count of a window, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from driftloop.monitoring.profiles import Profile, Profiles
from driftloop.monitoring.quality.joined import Joined
from driftloop.monitoring.quality.lateness import Lateness
from driftloop.monitoring.quality.tally import Counted, Tally
from driftloop.monitoring.records import Kind, Reference, Window
from driftloop.monitoring.rows.coerced import Coerced

if TYPE_CHECKING:
    import pandas as pd

    from driftloop.monitoring.settings.columns import Columns
    from driftloop.monitoring.settings.reading import Reading
    from driftloop.monitoring.settings.source import Source


Part = tuple[Profile, Counted, Coerced]
"""The counts of a column: its profile, what preflight reads, and how its values came."""


class Countable(Protocol):
    """What counting needs of a config."""

    @property
    def source(self) -> Source:
        """The place of the rows."""

    @property
    def columns(self) -> Columns:
        """The meaning of the columns."""

    @property
    def reading(self) -> Reading:
        """How the source is read."""

    def kind(self, column: str) -> Kind:
        """Return how a column is scored."""


class NotCounted(Exception):
    """The database cannot count these rows; the message is the reason, for the record of the check."""


@dataclass(frozen=True)
class Plan:
    """What is counted of which rows, in the cells of the champion's profiles.

    `window` is the current one; labels are due before `due`. With `labels` the labeled rows of the window `labelled`
    come over too, for the loss. `sample` rows are drawn. Rows of a window that would come over almost all the same are
    not counted unless it is `forced`.
    """

    reference: Reference
    profiles: Profiles
    window: Window
    labelled: Window
    due: datetime
    sample: int
    labels: bool
    forced: bool = False

    @property
    def span(self) -> Window:
        """The time from the first row that is looked at to the last one."""
        return Window(start=min(self.labelled.start, self.window.start), end=max(self.labelled.end, self.window.end))


@dataclass(frozen=True)
class WindowCounts:
    """What the database counted: the same numbers as those of all rows of the window, canonical.

    `profiles` have the features and the target, which is null where it is not due. `by_row` are the columns that were
    read row by row after all, with the reason. `sample` are some rows as the source has them. `labeled` counts the rows
    of the labeled window that have a label, `ids` the ids of all rows that were looked at, None without ids.
    """

    rows: int
    digest: str
    repeated_share: float
    profiles: Profiles
    tally: Tally
    coerced: tuple[Coerced, ...]
    late: Lateness
    labeled: int
    sample: pd.DataFrame
    by_row: dict[str, str] = field(default_factory=dict)
    ids: Joined | None = None


@dataclass(frozen=True)
class Labeled:
    """The labeled rows, in pieces, to be taken inside the context; the schema is that of the source."""

    frames: Iterator[pd.DataFrame]
    schema: dict[str, str]
