"""Note of a validation on how far the history reaches back."""

from __future__ import annotations

from typing import Any

import pytest

from driftloop.pipelines.config.project import Project
from driftloop.pipelines.operations.reference_note import reach
from tests import streams

YEARLY: dict[str, Any] = {"drift": {"reference": {"same_period": "1y"}}}


@pytest.mark.parametrize(("at", "reached"), [(398, False), (399, True), (600, True)])
def test_the_note_names_the_rows_or_the_day_from_which_on_there_are_some(at: int, reached: bool) -> None:
    """52 weeks and five windows after the first row the whole period is in the history."""
    project = Project.model_validate(streams.config(**YEARLY))
    found = reach(project, streams.day(0), streams.day(at))
    assert found is not None
    assert found[0] == reached
    assert ("2027-02-04" in found[1]) == (not reached)
    assert reach(Project.model_validate(streams.config()), streams.day(0), streams.day(at)) is None
