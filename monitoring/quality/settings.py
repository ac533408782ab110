"""Section `preflight` of a model's YAML: limits of the checks that come before any statistics."""

from __future__ import annotations

from pydantic import Field

from driftloop.monitoring.settings.limits import MOST_ROWS, Share
from driftloop.monitoring.settings.section import Section


class Preflight(Section):
    """Limits of the checks that come before any statistics."""

    min_rows: int = Field(200, ge=1, le=MOST_ROWS, description="fewer current rows end the check as too_few_rows")
    max_new_null_share: Share = Field(0.3, description="share of nulls above the reference's own that is fatal")
    warn_new_null_share: Share = Field(0.05, description="the same, told as a warning")
    max_unseen_share: Share = Field(
        0.05, description="share of rows with a category the reference does not have: warning"
    )
    max_duplicate_share: Share = Field(0.2, description="share of rows that repeat another one exactly: warning")
    max_out_of_range_share: Share = Field(0.05, description="share of values beyond the reference's extremes: warning")
