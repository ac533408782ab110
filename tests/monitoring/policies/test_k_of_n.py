"""The trigger that wants its member to fire more than once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from driftloop.monitoring.policies import DriftShare, KOfN
from driftloop.monitoring.records import History, PastRetrain
from tests.signals import NOW, past, signals

DRIFT = DriftShare(threshold=0.5)


def fired(*checks: bool) -> History:
    """Past checks of the same champion, with whether the rule fired in each."""
    made = past(*[8.0] * len(checks)).checks
    rules = ((DRIFT.rule,) if one else () for one in checks)
    return History(
        checks=tuple(check.model_copy(update={"fired": rule}) for check, rule in zip(made, rules, strict=True))
    )


def test_the_second_time_fires() -> None:
    """Two of three: this check and one of the last two; what is further back is forgotten."""
    rule = KOfN(k=2, n=3, trigger=DRIFT)
    expected = {
        (): ("hold", 1.0),
        (True,): ("fire", 2.0),
        (True, False): ("fire", 2.0),
        (True, False, False): ("hold", 1.0),
    }
    for before, (vote, count) in expected.items():
        judged = rule.judge(signals(drifted=4), fired(*before), NOW)
        assert (judged.vote, judged.observed, judged.threshold) == (vote, count, 2.0)


def test_a_cause_that_has_ended_holds() -> None:
    """A member that holds now is no reason, however often it fired before; one that cannot judge is not counted."""
    rule = KOfN(k=2, n=3, trigger=DRIFT)
    assert rule.judge(signals(), fired(True, True), NOW).vote == "hold"
    assert rule.judge(signals().model_copy(update={"scores": ()}), fired(True, True), NOW).vote == "not_applicable"


def test_a_retrain_starts_the_count_again() -> None:
    """What fired before the last answered request does not count."""
    before = fired(True, True)
    done = History(checks=before.checks, retrains=(PastRetrain(now=NOW - timedelta(days=1), promoted=False),))
    assert KOfN(k=2, n=3, trigger=DRIFT).judge(signals(drifted=4), done, NOW).vote == "hold"


def test_a_changed_rule_has_no_past() -> None:
    """Past votes are found by the rule with its parameters: another threshold is another rule."""
    other = KOfN(k=2, n=3, trigger=DriftShare(threshold=0.25))
    assert other.judge(signals(drifted=4), fired(True, True), NOW).vote == "hold"


def test_more_checks_than_there_are_is_refused() -> None:
    """A `k` above `n` is an error of the config that names the limit."""
    with pytest.raises(ValidationError, match="k up to n, 3"):
        KOfN(k=4, n=3, trigger=DRIFT)
