"""A model is taken up where the last process left it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from driftloop.monitoring.ledger import Ledger
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.service.watched import Watched
from driftloop.pipelines.telemetry.last_recorded import NEAR
from tests import streams
from tests.outcomes import made
from tests.signals import performance
from tests.streams import day


def test_the_numbers_survive_a_long_run_of_windows_without_rows(tmp_path: Path) -> None:
    """Drift and loss are those of the newest check that measured them, however many came after it."""
    project = Project.model_validate(streams.config(model="m"))
    with closing(Ledger(f"sqlite:///{tmp_path}/ledger.db")) as ledger:
        ledger.record(made(check_id="judged", drift_share=0.4, performance=performance(12.0), now=day(7)))
        for at in range(NEAR + 5):
            ledger.record(made(check_id=f"c{at}", outcome="no_data", decision=None, reason="no rows", now=day(8 + at)))
        last = Watched.of(project, ledger, day(60)).last
    assert last is not None
    assert (last.outcome, last.scarce) == ("no_data", NEAR + 5)
    assert (last.drift_share, last.loss, last.loss_at, last.standing) == (0.4, 12.0, day(7), "worse")
    assert last.not_well == f"{NEAR + 5} checks in a row without enough rows: no rows"
