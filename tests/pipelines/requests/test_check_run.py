"""How each end of a check is recorded: in the ledger, MLflow and Prefect, once, and errors never hide each other."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from prefect import flow

from driftloop.monitoring.errors import LeaseLost, ServerUnavailable
from driftloop.monitoring.ledger import Ledger, Request, members
from driftloop.monitoring.records import Check, FindingCode, Outcome, changed
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.requests.check_run import CheckRun
from driftloop.pipelines.runtime import home
from tests import streams
from tests.streams import day

EARLY = FindingCode(name="early", severities=("info",), meaning="m", cause="c", remedy="r")
LATE = FindingCode(name="late", severities=("info",), meaning="m", cause="c", remedy="r")
Within = Callable[..., CheckRun]


@pytest.fixture
def ledger(_home: Path) -> Iterator[Ledger]:
    with closing(Ledger(home.ledger_url())) as opened:
        yield opened


@pytest.fixture
def within(prefect: None, ledger: Ledger, tmp_path: Path) -> Within:
    """Runs a function on a new check inside of a flow, as the monitoring flow does; gives the check's state."""
    config = load(streams.write(tmp_path, model=f"m{uuid.uuid4().hex[:10]}"))

    def run(act: Callable[[CheckRun], Any], **settings: Any) -> CheckRun:
        made: list[CheckRun] = []

        @flow(name="one check")
        def one() -> None:
            made.append(CheckRun(config, day(21), settings.pop("dry_run", False), ledger, **settings))
            act(made[0])

        one()
        return made[0]

    return run


def recorded(run: CheckRun) -> list[Check]:
    return [check for check in run.ledger.checks(run.config.model) if check.check_id == run.check_id]


def mlflow_run(run: CheckRun) -> Any:
    assert run.mlflow_run_id is not None
    return registry.client().get_run(run.mlflow_run_id)


def decision(run: CheckRun) -> None:
    """The check has measured and decided, and trains now."""
    findings = (*run.findings, EARLY.found("before"))
    run.decided = run.check(Outcome.STEADY, "retrain: it pays", decision="retrain", findings=findings, drift_share=0.5)


def test_findings_from_before_and_after_are_listed_once(within: Within) -> None:
    """They keep their order; a notice without a message is none."""

    def act(run: CheckRun) -> None:
        run.notice(EARLY, None)
        assert run.findings == ()
        run.notice(EARLY, "3 rows early")
        run.exit(Outcome.NO_DATA, "no rows", findings=(LATE.found("2 rows late"), EARLY.found("3 rows early")))

    run = within(act)
    (check,) = recorded(run)
    assert [finding.message for finding in check.findings] == ["3 rows early", "2 rows late"]


def test_an_early_end_is_recorded_everywhere(within: Within) -> None:
    """Ledger, a finished MLflow run with the outcome, and the Prefect run, which names it."""
    run = within(lambda run: run.exit(Outcome.NO_DATA, "no rows in the window"))
    (check,) = recorded(run)
    assert (check.outcome, check.reason) == (Outcome.NO_DATA, "no rows in the window")
    assert (check.window.start, check.window.end) == (run.window.start, run.window.end)
    found = mlflow_run(run)
    assert (found.info.status, found.data.tags["driftloop.outcome"]) == ("FINISHED", "no_data")
    assert check.prefect_flow_run_id == run.flow_run_id


def test_a_check_that_was_taken_over_records_nothing(within: Within, ledger: Ledger) -> None:
    """Its process slept for longer than its lease: nothing in the ledger, no news, and its MLflow run has failed."""
    model = f"o{uuid.uuid4().hex[:10]}"
    late = members.take(ledger, [model], lease_seconds=60)[model]
    members.release(ledger, [late])
    now = members.take(ledger, [model], lease_seconds=60)[model]

    def act(run: CheckRun) -> None:
        run.run_id()
        with pytest.raises(LeaseLost, match="the other process finishes the work") as lost:
            run.exit(Outcome.NO_DATA, "no rows in the window")
        run.failed(lost.value)

    run = within(act, claims=(late,))
    assert recorded(run) == []
    assert mlflow_run(run).info.status == "FAILED"
    run = within(lambda run: run.exit(Outcome.NO_DATA, "no rows in the window"), claims=(now,))
    assert [check.outcome for check in recorded(run)] == [Outcome.NO_DATA]


def test_a_dry_run_leaves_no_record(within: Within) -> None:
    """Nothing in the ledger, no MLflow run, also when it fails."""
    run = within(lambda run: run.exit(Outcome.NO_DATA, "no rows"), dry_run=True)
    assert (recorded(run), run.mlflow_run_id) == ([], None)
    run = within(lambda run: run.failed(ValueError("odd")), dry_run=True)
    assert (recorded(run), run.mlflow_run_id) == ([], None)


def test_a_failure_after_the_decision_keeps_what_was_measured(within: Within) -> None:
    """Outcome and reason are those of the error; drift, decision and findings of the measurement stay."""

    def act(run: CheckRun) -> None:
        decision(run)
        run.failed(ValueError("an odd value"))

    run = within(act)
    (check,) = recorded(run)
    assert (check.outcome, check.reason) == (Outcome.FAILED, "ValueError: an odd value")
    assert (check.decision, check.drift_share) == ("retrain", 0.5)
    assert [finding.code for finding in check.findings] == ["early"]
    assert mlflow_run(run).info.status == "FAILED"


def test_an_outage_of_mlflow_is_recorded_in_the_ledger(within: Within) -> None:
    """A server that does not answer is not asked again: the ledger has the failed check, and no run is opened."""
    run = within(
        lambda run: run.failed(ServerUnavailable("http://mlflow", "connection refused", "MLFLOW_TRACKING_URI"))
    )
    (check,) = recorded(run)
    assert (check.outcome, run.mlflow_run_id) == (Outcome.FAILED, None)
    assert "connection refused" in check.reason


def test_a_check_whose_request_is_resumed_is_left_to_it(within: Within, ledger: Ledger) -> None:
    """After an outage the next check finishes the request and this check with it, so it is not recorded as failed."""

    def act(run: CheckRun) -> None:
        decision(run)
        assert run.decided is not None
        asked = Request(
            request_id=f"r-{run.check_id}",
            model=run.config.model,
            champion="1",
            window=run.window,
            now=run.now,
            reason="drift",
            check=changed(run.decided, prefect_flow_run_id=None),
        )
        run.ledger.request(asked)
        run.failed(ServerUnavailable("http://mlflow", "connection refused", "MLFLOW_TRACKING_URI"))
        assert recorded(run) == []
        run.failed(ValueError("no outage"))

    run = within(act)
    (check,) = recorded(run)
    assert check.reason == "ValueError: no outage", "only what cannot be resumed is this check's own end"


def test_who_lost_the_lease_records_nothing(within: Within) -> None:
    """The process that took over finishes the check."""
    run = within(lambda run: run.failed(LeaseLost("request/r", 1, "other-host 7")))
    assert (recorded(run), run.mlflow_run_id) == ([], None)


def test_a_second_check_of_a_settled_window_is_not_recorded(within: Within) -> None:
    """The ledger admits one check for a key; the other's run is closed all the same."""
    key = f"key-{uuid.uuid4().hex}"
    first = within(lambda run: run.exit(Outcome.STEADY, "well", keys=(key,)))
    second = within(lambda run: run.exit(Outcome.STEADY, "well too", keys=(key,)))
    assert (len(recorded(first)), recorded(second)) == (1, [])
    assert mlflow_run(second).info.status == "FINISHED"


def test_the_report_has_a_path_of_its_own(within: Within) -> None:
    """Below the model's reports, by the window's end, and different for two checks of one window."""
    first, second = (within(lambda run: run.exit(Outcome.NO_DATA, "no rows")) for _ in range(2))
    assert first.report_file.parent == second.report_file.parent == home.reports(first.config.model)
    assert first.report_file != second.report_file
    assert first.report_file.name.startswith(f"{first.window.end:%Y%m%dT%H%M}_")
