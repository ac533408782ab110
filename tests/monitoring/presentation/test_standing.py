"""How a champion does is written the same everywhere, and of the champion that serves."""

from __future__ import annotations

import math

import pytest

from driftloop.monitoring.presentation.standing import format_loss, format_new_champion, newest_of, remains_worse
from tests.outcomes import made
from tests.signals import performance


@pytest.mark.parametrize("outcome", ["steady", "held", "rejected", "awaiting_approval", "promoted", "bootstrapped"])
def test_a_worse_champion_is_shown_whatever_was_decided(outcome: str) -> None:
    """Unless another version has replaced it in the same check."""
    check = made(outcome=outcome, performance=performance(12.0))
    assert check.standing == "worse"
    assert remains_worse(check) == (outcome not in {"promoted", "bootstrapped"})


def test_a_loss_beyond_all_numbers_is_written() -> None:
    """A loss that overflowed, or one over a reference loss of nothing, has no rise in percent."""
    huge = performance(8.0).model_copy(update={"loss": math.inf, "low": 0.0, "high": math.inf})
    assert format_loss(huge) == "mae inf (95% CI 0 to inf) is significantly worse: above the reference loss 8"
    one = performance(9.0).model_copy(update={"low": 0.0, "high": math.inf})
    assert format_loss(one).endswith("; too few labeled rows to judge")


def test_a_new_champion_is_shown_with_its_own_loss() -> None:
    """That of the gate, next to the loss of the version before; the loss of another version is not its own."""
    before = made(champion="1", champion_after="2", outcome="promoted", performance=performance(45.97))
    assert newest_of("2", [made(champion="2", champion_after="2"), before]) is None
    assert newest_of("1", [made(champion="1", champion_after="1"), before]) is None
    early = made(outcome="no_data", decision=None, champion=None, champion_after=None)
    well = made(champion="2", champion_after="2", performance=performance(8.0))
    assert newest_of("2", [early, well, before]) == well
    back = made(champion="2", champion_after="1", outcome="rolled_back", performance=performance(12.0))
    assert newest_of("1", [back, well, before]) is None
    assert newest_of("2", [back, well, before]) is None
    assert format_new_champion("2", 28.62, before) == "version 2 at the gate: mae 28.6 (loss of version 1: 46)"
    assert format_new_champion("1", 28.62, before).startswith(
        "version 1 serves again and is not measured since: mae 46"
    )
    assert format_new_champion("1", 28.62, None) == "version 1 at the gate: 28.6"
