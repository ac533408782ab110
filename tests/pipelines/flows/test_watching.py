"""Which windows of earlier checks count in the comparison of former champions, and how it is reported."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from driftloop.monitoring.records import ArchiveScore, ArchiveScores, Window, changed
from driftloop.pipelines.flows.watching import compare, describe

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def scores(ago: float, gain: float, *, newest: str = "2", error: float = 0.0) -> ArchiveScores:
    """A week that ended this many days ago, on which version 1 is better than the champion by `gain`."""
    end = NOW - timedelta(days=ago)
    made = (
        ArchiveScore(version="2", loss=2.0, waves=(0.0,)),
        ArchiveScore(version="1", loss=2.0 - gain, waves=(error,)),
    )
    return ArchiveScores(window=Window(start=end - timedelta(days=7), end=end), rows=500, newest=newest, scores=made)


def test_windows_that_overlap_count_once() -> None:
    """Daily checks of the last seven days are one week of evidence, not seven."""
    past = [scores(ago, 0.0) for ago in (1, 2, 6.5, 7, 8, 14)]
    found = compare(scores(0, 1.0), past, {"1": 3.0})
    assert found.lead is not None
    assert (found.leader, found.lead.windows, found.lead.age_batches) == ("1", 3, 3.0)
    assert found.lead.difference == 1.0 / (1 + 0.25 + 0.0625)


def test_windows_before_the_newest_training_do_not_count() -> None:
    """They may hold rows that the newest version was trained on."""
    found = compare(scores(0, 1.0), [scores(7, -9.0, newest="1")], {})
    assert found.lead is not None
    assert (found.lead.windows, found.lead.difference) == (1, 1.0)


def test_windows_under_another_loss_or_weight_do_not_count() -> None:
    """Their losses are in another unit, or of other rows."""
    now = changed(scores(0, 1.0), loss_name="mae", weight="w")
    past = [
        scores(7, -9.0),
        changed(scores(14, -9.0), loss_name="mae"),
        changed(scores(21, 1.0), loss_name="mae", weight="w"),
    ]
    found = compare(now, past, {})
    assert found.lead is not None
    assert (found.lead.windows, found.lead.difference) == (2, 1.0)


def test_a_lead_within_its_error_has_no_leader() -> None:
    """It is in the record, and nothing follows from it."""
    found = compare(scores(0, 0.1, error=0.2), [], {})
    assert (found.leader, found.lead) == (None, None)
    assert [lead.version for lead in found.leads] == ["1"]


def test_the_sentence_names_number_unit_and_evidence() -> None:
    """It is in the verdict, the ledger and the notification."""
    text = describe(compare(scores(0, 0.5), [scores(7, 0.5)], {}))
    assert "version 1 is better" in text
    assert "loss lower by 0.5, standard error 0 (2 windows)" in text
