"""A model that is silent on a server is reported once, and a sweep goes on whatever is wrong with one model."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import Running

from driftloop.monitoring.ledger import Ledger
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.notify.delivered import NOTIFIED
from driftloop.pipelines.runtime import home
from driftloop.pipelines.server.server import deploy
from driftloop.pipelines.server.silence import may_be_stale, report_silence
from tests.conftest import Model
from tests.outcomes import made
from tests.streams import config

Make = Callable[..., Model]
HOUR = timedelta(hours=1)


@flow(name="driftloop", flow_run_name="looked")
def looked(later: timedelta) -> list[str]:
    """What the sweep will report this much later."""
    with closing(Ledger(home.ledger_url())) as ledger, get_client(sync_client=True) as client:
        return report_silence(client, ledger, datetime.now(UTC) + later)


def events(model: str, kind: str) -> list[Any]:
    with closing(Ledger(home.ledger_url())) as ledger:
        return ledger.events(model, kinds=(kind,))


def test_a_check_that_does_not_run_is_reported_once(model: Make, webhook: tuple[str, list[Any]]) -> None:
    """Within the time that the schedule allows nothing; then one event and one notice, however often it is seen."""
    url, got = webhook
    made = model(schedule={"every": "6h"}, notify={"urls": [url]})
    deploy([load(made.file)], "a pool without workers", HOUR)
    assert made.name not in looked(6.5 * HOUR)
    assert made.name in looked(7.5 * HOUR)
    assert made.name in looked(8 * HOUR)
    (event,) = events(made.name, "check_silent")
    assert "a check is overdue by " in event.payload["reason"]
    assert [one["title"] for one in got] == [f"{made.name}: silence"]
    assert len(events(made.name, NOTIFIED)) == 1


def test_a_check_that_runs_too_long_is_reported_as_hung(model: Make) -> None:
    """A run that goes on is no silence; one that goes on for longer than any should is reported."""
    made = model(schedule={"every": "6h", "longest": "12h"})
    deploy([load(made.file)], "a pool without workers", HOUR)
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(f"monitoring/{made.name}")
        run = client.create_flow_run_from_deployment(deployment.id)
        client.set_flow_run_state(run.id, Running(), force=True)
        assert made.name not in looked(8 * HOUR)
        assert made.name in looked(13 * HOUR)
        client.delete_flow_run(run.id)
    (event,) = events(made.name, "check_hung")
    assert "a check has been running for 13h" in event.payload["reason"]


def test_who_is_paused_or_broken_keeps_nothing_back(model: Make) -> None:
    """A deployment that a user has paused is ignored; a file that cannot be read stops no other model's news."""
    paused, broken, silent = (model(schedule={"every": "1h"}) for _ in range(3))
    deploy([load(one.file) for one in (paused, broken, silent)], "a pool without workers", HOUR)
    with get_client(sync_client=True) as client:
        client.pause_deployment(client.read_deployment_by_name(f"monitoring/{paused.name}").id)
    broken.file.write_text("model: [")
    result = looked(3 * HOUR)
    assert silent.name in result
    assert not {paused.name, broken.name} & set(result)


def test_a_source_is_looked_at_only_where_its_rows_may_be_too_old() -> None:
    """Not while the rows of the last check are new enough, and then every 12 minutes with a limit of 2 hours."""
    now = datetime.now(UTC)
    project = Project.model_validate(config(model="throttled", preflight={"max_silence": "2h"}))
    with closing(Ledger(home.ledger_url())) as ledger:
        ledger.record(made(model="throttled", check_id="throttled", now=now, newest_row=now - HOUR))
        assert [may_be_stale(ledger, project, now + at * HOUR) for at in (0, 0.9)] == [False, False]
        assert [may_be_stale(ledger, project, now + at * HOUR) for at in (1.1, 1.2, 1.35)] == [True, False, True]
        plain = Project.model_validate(config(model="throttled"))
        assert not may_be_stale(ledger, plain, now + 9 * HOUR)
    assert len(events("throttled", "rows_looked_up")) == 2
