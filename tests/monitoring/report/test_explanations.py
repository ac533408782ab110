"""A report explains every code that a check can have."""

from __future__ import annotations

import pytest

from docs.generate import finding_codes
from driftloop.monitoring.records import FindingCode, Outcome
from driftloop.monitoring.report.explanations import explained
from driftloop.pipelines.requests.ends import ENDS, End


@pytest.mark.parametrize("code", finding_codes(), ids=lambda code: code.name)
def test_every_finding_is_explained(code: FindingCode) -> None:
    """With the texts of its declaration."""
    entry = {"meaning": code.meaning, "cause": code.cause, "remedy": code.remedy}
    assert explained("findings", code.name) == entry, "run: python -m docs.generate"


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_explained(outcome: Outcome) -> None:
    """With the texts of the page about outcomes, without its links."""
    entry = explained("outcomes", outcome.value)
    assert entry is not None
    assert all(entry[key] for key in ("meaning", "cause", "remedy"))
    assert not any("](" in text for text in entry.values())


@pytest.mark.parametrize(("code", "end"), ENDS.items())
def test_every_end_of_a_retrain_is_explained(code: str, end: End) -> None:
    """With the texts of its declaration."""
    assert explained("retrains", code) == {"meaning": end.meaning, "cause": "", "remedy": end.remedy}


def test_a_code_of_another_version_is_not_explained() -> None:
    """It is no error: the report shows the code and its message alone."""
    assert explained("findings", "a_code_of_another_version") is None
