"""A rule that counts time, rows or checks does not repeat a request that was answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from driftloop.monitoring.policies import MaxAge, NewRows, Periodic, Schedule, Trigger
from driftloop.monitoring.records import History, PastCheck, PastRetrain, Window
from tests.signals import signals


@pytest.mark.parametrize(
    "rule", [MaxAge(max_age_days=35), Schedule(every="month"), Periodic(every=4), NewRows(rows=2000)]
)
def test_a_request_that_was_answered_is_not_repeated(rule: Trigger) -> None:
    """Weekly checks of a champion that no challenger beats: each rule asks again as late as it asked the first time."""
    begun, asked = datetime(2026, 1, 1, tzinfo=UTC), []
    checks: tuple[PastCheck, ...] = ()
    retrains: tuple[PastRetrain, ...] = ()
    for week in range(1, 21):
        now = begun + timedelta(weeks=week)
        observed = signals(age=7.0 * week, batches=float(week))
        observed = observed.model_copy(update={"window": Window(start=now - timedelta(weeks=1), end=now)})
        if rule.judge(observed, History(checks=checks, retrains=retrains), now).vote == "fire":
            asked.append(week)
            retrains += (PastRetrain(now=now, promoted=False),)
        past_check = {"now": now, "outcome": "steady", "champion": "1", "age_batches": float(week), "rows": 500}
        checks += (PastCheck.model_validate(past_check),)
    assert len(asked) in {4, 5}
    assert min(b - a for a, b in pairwise(asked)) >= 4
