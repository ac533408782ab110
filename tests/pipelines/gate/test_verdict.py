"""The verdict of the gate on one evaluation."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.pipelines.gate import Gate
from driftloop.pipelines.gate.leak import Leak
from driftloop.pipelines.gate.verdict import judge
from tests.pipelines.gate.examples import clear, evaluation, losses


def test_a_verdict_has_the_numbers_of_its_comparison() -> None:
    """Passed with the means of both sides and the interval of the difference; the baseline is no opponent here."""
    champion = losses()
    verdict = judge(evaluation(0.5 * champion, champion), Gate())
    assert (verdict.passed, verdict.code, verdict.opponent, verdict.rows) == (True, "better", "champion", 1000)
    assert verdict.challenger_loss == pytest.approx(0.5 * champion.mean())
    assert (verdict.champion_loss, verdict.baseline_loss) == (champion.mean(), None)
    assert verdict.low is not None
    assert verdict.high is not None
    assert verdict.low < 0.5 * champion.mean() < verdict.high


def test_a_refusal_without_a_comparison_has_no_interval() -> None:
    """A leak is refused before anything is compared; the losses are recorded all the same."""
    verdict = judge(clear(leaks=("paid",)), Gate())
    assert (verdict.passed, verdict.code) == (False, "leak")
    assert (verdict.difference, verdict.low, verdict.high) == (None, None, None)
    assert verdict.champion_loss is not None


def test_a_loss_that_is_not_a_number_is_recorded_as_none() -> None:
    """A record can be written as JSON whatever the losses were."""
    bad = losses()
    bad[0] = np.nan
    verdict = judge(evaluation(bad, losses()), Gate())
    assert (verdict.code, verdict.challenger_loss) == ("not_finite", None)
    assert "NaN" not in verdict.model_dump_json()


def test_a_gate_that_compares_nothing_is_a_mistake() -> None:
    """What no rule has approved does not pass, in silence or otherwise."""
    with pytest.raises(ValueError, match="Leak compared nothing"):
        judge(clear(), Leak())
