"""What follows the record of a check."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path

import pytest

from driftloop.monitoring.ledger import Ledger
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.requests.recorded import check_recorded
from driftloop.pipelines.runtime import home
from tests import streams
from tests.outcomes import made


@pytest.mark.usefixtures("_home", "prefect")
def test_a_check_is_announced_and_published(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The file has the check; a folder that is missing is a warning with the model, and nothing is raised."""
    check = made(model="recorded", check_id="recorded-1", outcome="no_data", decision=None, reason="no rows")

    def project(folder: str) -> Project:
        given = streams.config(model="recorded", prometheus={"textfile": folder})
        return Project.model_validate(given | {"file": tmp_path / "m.yaml"})

    with closing(Ledger(home.ledger_url())) as ledger, caplog.at_level(logging.WARNING, "driftloop.recorded"):
        ledger.record(check)
        check_recorded(project("."), check, ledger, 2.0, outage=True)
        check_recorded(project("gone"), check, ledger)
    assert (
        'driftloop_checks_total{model="recorded",outcome="no_data"} 1.0'
        in (tmp_path / "driftloop_recorded.prom").read_text()
    )
    assert [record.message.split(":")[0] for record in caplog.records] == ["recorded"]
