"""A check that asks and a training that takes up, in processes of their own: server mode without its servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client

from driftloop.monitoring.errors import RequestClosed, UnknownRequest
from driftloop.monitoring.ledger import Kind, Ledger, Request
from driftloop.monitoring.records import Check, Learned, Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.flows.training import training_flow
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.streams import day, flow_config, stream

Trained = Callable[..., Model]
KNOWN = Learned(batch_loss=1.0, age_gap=(0.0, 1.0), batches=4)
DRIFTS = {
    "drift__report_columns": 1,
    "training__window": "14d",
    "training__holdout": "4d",
    "policies__triggers": [{"policy": "always"}],
}


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with closing(Ledger(home.ledger_url())) as opened:
        yield opened


@pytest.fixture
def made(trained: Trained) -> Model:
    """A model whose champion is wrong from day 28 on."""
    return trained(stream(56, concept_shift_at=28), **DRIFTS)


def ask(made: Model, now: float = 49) -> Check:
    return made.check(day(now), train="request")


def only(ledger: Ledger, model: str) -> Request:
    (request,) = ledger.open_requests(model)
    return request


def test_a_check_that_asks_trains_nothing_and_its_final_outcome_follows(made: Model, ledger: Ledger) -> None:
    """It ends as requested; who takes the request up trains it once, and gives the check the end that it came to."""
    ledger.learn(made.name, KNOWN, day(28))
    asking = ask(made)
    request = only(ledger, made.name)
    assert (asking.outcome, asking.decision, asking.retrain) == (Outcome.REQUESTED, "retrain", None)
    assert request.request_id in asking.reason
    assert (made.champion(), asking.check_id in {one.check_id for one in ledger.checks(made.name)}) == ("1", False)
    mlflow_run = registry.client().get_run(str(asking.mlflow_run_id))
    assert (mlflow_run.info.status, mlflow_run.data.tags["driftloop.outcome"]) == ("FINISHED", "requested")
    # The same rows are not judged again, and later rows are asked about once this is at its end.
    again, later = ask(made), ask(made, 56)
    assert (again.outcome, request.request_id in again.reason) == (Outcome.ALREADY_CHECKED, True)
    assert (later.outcome, "no new request while request" in later.reason) == (Outcome.HELD, True)
    done = training_flow(config=flow_config(made.file), request_id=request.request_id)
    assert (done.promoted, made.champion()) == (True, "2")
    (judged,) = (one for one in ledger.checks(made.name) if one.check_id == asking.check_id)
    assert (judged.outcome, judged.retrain, judged.champion_after) == (Outcome.PROMOTED, done, "2")
    mlflow_run = registry.client().get_run(str(asking.mlflow_run_id))
    assert (mlflow_run.info.status, mlflow_run.data.tags["driftloop.outcome"]) == ("FINISHED", "promoted")
    assert training_flow(config=flow_config(made.file), request_id=request.request_id) == done
    assert len(ledger.events(made.name, kinds=(Kind.CLAIMED,), subject=request.request_id)) == 1
    _linked(asking, request.request_id)
    assert ledger.learned(made.name) != KNOWN, "a promotion teaches the live policies, whoever trained"


def _linked(asking: Check, request_id: str) -> None:
    """Prefect finds the check and its training by one tag, and the training states who asked."""
    from tests.pipelines.test_prefect import flow_runs

    found = flow_runs(tags={"all_": [f"request:{request_id}"]})
    with get_client(sync_client=True) as client:
        check = client.read_flow_run(UUID(asking.prefect_flow_run_id))
    trainings = [run for run in found if run.id != check.id]
    assert len(found) == len(trainings) + 1 == 3
    assert {run.labels["driftloop.asked_by"] for run in trainings} == {str(check.id)}


def test_a_request_whose_config_has_changed_is_closed(made: Model, ledger: Ledger) -> None:
    """Nothing is trained by settings that no one asked for; the check fails with the reason, and may ask again."""
    asking, request = ask(made), only(ledger, made.name)
    made.given(training__params={"n_estimators": 11})
    for _ in range(2):
        with pytest.raises(RequestClosed, match="the config has changed"):
            training_flow(config=flow_config(made.file), request_id=request.request_id)
    (judged,) = (one for one in ledger.checks(made.name) if one.check_id == asking.check_id)
    assert (judged.outcome, made.champion()) == (Outcome.FAILED, "1")
    assert ask(made).outcome is Outcome.REQUESTED


def test_a_request_of_another_ledger_is_reported(made: Model) -> None:
    """A worker on another ledger than the check reports it, and does not train at random."""
    with pytest.raises(UnknownRequest, match="DRIFTLOOP_LEDGER_URL"):
        training_flow(config=flow_config(made.file), request_id="r9")
