"""The status of a model as the ledger has it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import ColumnScore
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.telemetry.last_recorded import last_recorded, status_of
from tests import streams
from tests.outcomes import made
from tests.signals import performance
from tests.streams import day

FARE = ColumnScore(name="fare", role="feature", kind="numeric", method="ks", score=0.3, threshold=0.1, drifted=True)


def test_values_stay_after_a_check_of_bad_data(tmp_path: Path) -> None:
    """Drift, columns and loss are the last that were measured, and outcomes are counted."""
    project = Project.model_validate(streams.config(model="m"))
    with closing(Ledger(f"sqlite:///{tmp_path}/ledger.db")) as ledger:
        assert last_recorded(ledger, "m") == (None, None)
        ledger.record(made(check_id="1", drift_share=0.4, columns=(FARE,), performance=performance(12.0), now=day(7)))
        ledger.record(made(check_id="2", outcome="bad_data", decision=None, reason="no price", now=day(8)))
        ledger.record(made(check_id="3", outcome="bad_data", decision=None, reason="no price", now=day(9)))
        status = status_of(project, ledger, day(9), seconds=2.0, champion_newest=day(3))
    assert status.last is not None
    assert (status.last.check_id, status.last.seconds) == ("3", 2.0)
    assert (status.last.drift_share, status.last.columns, status.last.drift_at) == (0.4, (FARE,), day(7))
    assert (status.last.loss, status.problem) == (12.0, "no price")
    assert dict(status.ends) == {"steady": 1, "bad_data": 2}
