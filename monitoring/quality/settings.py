"""Section `preflight` of a model's YAML: limits of the data quality checks before any statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Protocol

from pydantic import BeforeValidator, Field

from driftloop.monitoring.settings.judged import HasColumns
from driftloop.monitoring.settings.limits import MOST_ROWS, Share
from driftloop.monitoring.settings.rules import Silence, short_silence
from driftloop.monitoring.settings.section import Section

if TYPE_CHECKING:
    from driftloop.monitoring.losses.base import Loss
    from driftloop.monitoring.settings.labels import Labels
    from driftloop.monitoring.tasks import TaskType


class Preflight(Section):
    """Limits of the data quality checks before any statistics."""

    min_rows: int = Field(
        200, ge=1, le=MOST_ROWS, description="minimum number of current rows; with fewer the check ends as too_few_rows"
    )
    max_new_null_share: Share = Field(
        0.3, description="maximum increase of the share of nulls; above it the finding is fatal"
    )
    warn_new_null_share: Share = Field(0.05, description="increase of the share of nulls that is reported as a warning")
    max_unseen_share: Share = Field(
        0.05, description="maximum share of rows with an unseen category; above it a warning"
    )
    max_duplicate_share: Share = Field(0.2, description="maximum share of exact duplicate rows; above it a warning")
    max_out_of_range_share: Share = Field(
        0.05, description="maximum share of values outside of the reference's range; above it a warning"
    )
    max_silence: Annotated[
        Silence | None, BeforeValidator(short_silence, json_schema_input_type=str | Silence | None)
    ] = Field(
        None,
        description="maximum age of the newest row, such as `2h` or `{after: 2h, severity: fatal}`; also without any "
        "row, and compared by the service between checks",
    )


class Inspected(HasColumns, Protocol):
    """What the data quality checks need of a config."""

    @property
    def preflight(self) -> Preflight:
        """Limits of the checks."""

    @property
    def labels(self) -> Labels | None:
        """The table of the labels, if they are not among the rows."""

    @property
    def loss(self) -> Loss:
        """The loss that counts for this model."""

    @property
    def type(self) -> TaskType:
        """What follows from the task."""
