"""What the drift of a check is measured against, and at which false-alarm rate."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.drift.reference import profiled
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines.config.project import load
from driftloop.pipelines.flows.comparing import own_reference
from driftloop.pipelines.requests.check_run import CheckRun
from tests import judged
from tests.streams import day, stream, write

pytestmark = pytest.mark.usefixtures("_home")
YEAR = 365.25


@pytest.mark.parametrize(
    ("drift", "rates"),
    [
        ({}, [0.01, 0.01, 0.01]),
        ({"false_alarms": {"per_year": 1}}, [0.01, 1 / YEAR, 0.5 / YEAR]),
        ({"false_alarms": {"per_year": 200}, "false_alarm_rate": 0.02}, [0.02, 0.02, 0.02]),
    ],
)
def test_the_rate_of_a_check_follows_the_time_since_the_last_judged_one(
    tmp_path: Path, drift: dict[str, Any], rates: list[float]
) -> None:
    """A promise over a year is spent by elapsed time; checks that judged nothing spend nothing."""
    config = load(write(tmp_path, stream(28, 20), drift=drift))
    rows = judged.rows(config).assign(prediction=0.0)
    reference = judged.reference(config, judged.rows(config))
    profiles = profiled(rows, config, day(7))
    with closing(Ledger(f"sqlite:///{tmp_path}/ledger.db")) as ledger:

        def at(now: float, outcome: Outcome) -> float:
            run = CheckRun(config, day(now), False, ledger, "here")
            compared = own_reference(run, reference, profiles, rows)
            assert compared.lead == pytest.approx((run.window.end - day(7)).days / 7)
            ledger.record(run.check(outcome, "a reason", decision="wait" if outcome is Outcome.STEADY else None))
            return compared.rate

        found = [at(21, Outcome.STEADY), at(22, Outcome.STEADY), at(22.25, Outcome.BAD_DATA), at(22.5, Outcome.STEADY)]
    assert [found[0], found[1], found[3]] == pytest.approx(rates)
