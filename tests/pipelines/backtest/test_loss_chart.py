"""The loss over time with a mark for every retrain and probe."""

from __future__ import annotations

import pytest

from driftloop.pipelines.backtest.loss_chart import timeline
from driftloop.pipelines.backtest.study import Study
from tests.aging import aging, done


@pytest.fixture(scope="module")
def study() -> Study:
    return done(aging(seed=1))


def test_every_policy_has_its_line_of_marks(study: Study) -> None:
    """Wide and narrow, the oracle first."""
    drawn = timeline(study)
    assert drawn.count("<svg") == 2
    assert drawn.count("<title>") == 2 * (len(study.standings) + 1)
    assert drawn.index("oracle: ") < drawn.index(f"{study.standings[0].name}: ")


def test_there_is_a_mark_for_each_retrain_and_probe(study: Study) -> None:
    """Triangles and rings in the wide drawing are as many as the study reports, and again in the narrow one."""
    drawn = timeline(study)
    everyone = (study.oracle, *study.standings)
    assert drawn.count('class="retrain"') == 2 * sum(one.retrains for one in everyone) > 0
    assert drawn.count('class="probe"') == 2 * sum(one.probes for one in everyone) > 0
