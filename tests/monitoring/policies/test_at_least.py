"""The trigger over triggers that fires at a majority."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from driftloop.monitoring.policies import AtLeast, DriftShare, Never, PerformanceDrop
from driftloop.monitoring.records import History
from tests.signals import NOW, signals

MEMBERS = (DriftShare(threshold=0.5), PerformanceDrop(max_rise=0.25), Never())


@pytest.mark.parametrize(("k", "votes"), [(1, "hold fire fire"), (2, "hold hold fire"), (3, "hold hold hold")])
def test_it_fires_at_k_members(k: int, votes: str) -> None:
    """With none, one and two of three members firing, it fires from `k` on."""
    observed = [signals(), signals(drifted=4), signals(drifted=4, loss=12.0)]
    rule = AtLeast(k=k, triggers=MEMBERS)
    assert [rule.judge(one, History(), NOW).vote for one in observed] == votes.split()


def test_more_than_its_members_is_refused() -> None:
    """A `k` that no vote can reach is an error of the config that names the limit."""
    with pytest.raises(ValidationError, match="k up to the number of triggers, 3"):
        AtLeast(k=4, triggers=MEMBERS)
