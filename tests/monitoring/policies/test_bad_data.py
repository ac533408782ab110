"""The guard against training on broken data."""

from __future__ import annotations

from driftloop.monitoring.policies import BadData
from driftloop.monitoring.records import Finding, History
from tests.signals import NOW, signals


def test_bad_data_vetoes_errors_and_lets_warnings_pass() -> None:
    """Findings of severity error veto and are named; a warning is reported elsewhere and vetoes nothing."""
    warning = Finding(code="late", severity="warning", message="late rows")
    error = Finding(code="all_null", severity="error", message="no value", column="n1")
    observed = signals().model_copy(update={"findings": (warning,)})
    assert BadData().judge(observed, History(), NOW).vote == "allow"
    broken = BadData().judge(observed.model_copy(update={"findings": (warning, error)}), History(), NOW)
    assert broken.vote == "veto"
    assert "all_null" in broken.reason
    assert BadData(errors=2).judge(observed.model_copy(update={"findings": (error,)}), History(), NOW).vote == "allow"
