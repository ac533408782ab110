"""Section `preflight` of a model's YAML: limits of the data quality checks before any statistics."""

from __future__ import annotations

from pydantic import Field

from driftloop.monitoring.settings.limits import MOST_ROWS, Share
from driftloop.monitoring.settings.section import Section


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
