"""What dead processes left is finished as it would have been; what cannot be is failed with the reason."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from driftloop.monitoring.ledger import Kind, Ledger, Request, window_key
from driftloop.monitoring.records import Outcome, PromotionWatch, Retrain, Window
from driftloop.pipelines.config.project import load
from driftloop.pipelines.flows.training import carry_out
from driftloop.pipelines.registry import flow_runs
from driftloop.pipelines.requests.advice import why_no_champion
from driftloop.pipelines.requests.recovery import judged_keys, recover, with_result
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.monitoring.ledger.test_ledger import check, retrain
from tests.streams import day

Make = Callable[..., Model]


@pytest.mark.parametrize(
    ("before", "end", "outcome"),
    [
        (Outcome.HELD, retrain(), Outcome.PROMOTED),
        (Outcome.HELD, retrain(promoted=False), Outcome.REJECTED),
        (Outcome.HELD, retrain(promoted=False, code="no_labels"), Outcome.REJECTED),
        (Outcome.HELD, retrain(promoted=False, code="awaiting_approval"), Outcome.AWAITING_APPROVAL),
        (Outcome.HELD, retrain(promoted=False, code="shadowing"), Outcome.SHADOWING),
        (Outcome.HELD, retrain(promoted=False, code="shadow_unproven"), Outcome.SHADOW_DECLINED),
        (Outcome.STEADY, retrain(code="shadow_proven"), Outcome.PROMOTED),
        (Outcome.HELD, retrain(code="switched_back"), Outcome.SWITCHED_BACK),
        (Outcome.STEADY, retrain(code="recalibrated"), Outcome.RECALIBRATED),
        (Outcome.STEADY, retrain(promoted=False, code="not_recalibrated"), Outcome.STEADY),
        (Outcome.BOOTSTRAPPED, retrain(), Outcome.BOOTSTRAPPED),
        (Outcome.BOOTSTRAPPED, retrain(promoted=False), Outcome.REJECTED),
        (Outcome.BOOTSTRAPPED, retrain(promoted=False, code="no_labels"), Outcome.BAD_DATA),
        (Outcome.BOOTSTRAPPED, retrain(promoted=False, code="too_few_rows"), Outcome.TOO_FEW_ROWS),
    ],
)
def test_the_end_of_a_training_is_the_outcome_of_its_check(before: Outcome, end: Retrain, outcome: Outcome) -> None:
    """Anyone who writes the final outcome, the check itself or the one after it, it is the same word."""
    checked = with_result(check(outcome=before, champion="1", champion_after="1"), end)
    assert (checked.outcome, checked.champion_after) == (outcome, "2" if end.promoted else "1")
    first = before is Outcome.BOOTSTRAPPED
    alone = "the first champion is version 2: made" if end.promoted else why_no_champion(end)
    assert checked.reason == (alone if first else "made. made")


def test_another_champion_ends_the_watch_over_the_last_one() -> None:
    """A retrain or a switch that was promoted; a rollback is what the watch itself has led to."""
    watch = PromotionWatch(version="1", previous="0", since=day(0), state="watching", most=4, proof=100, reason="r")
    begun = check(outcome=Outcome.STEADY, champion="1", champion_after="1", watch=watch)
    after = [with_result(begun, retrain(**end)) for end in ({}, {"code": "rolled_back"}, {"promoted": False})]
    assert [one.outcome for one in after] == [Outcome.PROMOTED, Outcome.ROLLED_BACK, Outcome.REJECTED]
    states = [one.watch.state for one in after if one.watch]
    assert states == ["ended", "watching", "watching"]
    assert "version 2 serves now" in str(after[0].watch)


def test_a_check_settles_its_window_for_both_champions(tmp_path: Path) -> None:
    """For the one that it met and the one that it left in place; where there is none there is nothing to settle."""
    observed = check(champion="1", champion_after="2")
    keys = tuple(window_key("taxi", observed.window, number, "d") for number in ("1", "2"))
    with closing(Ledger(f"sqlite:///{tmp_path}/ledger.db")) as ledger:
        assert judged_keys(ledger, observed, "d") == keys
        assert judged_keys(ledger, check(champion=None, champion_after=None), "d") == ()
        for model_id in ("m-1", "m-2"):
            result = {"version": "1", "model_id": model_id, "request_id": "r", "sealed": "s"}
            ledger.note("taxi", Kind.REGISTERED, result, day(0), subject="1")
        assert judged_keys(ledger, observed, "d")[0] != keys[0], "another registry, another version 1"
        assert judged_keys(ledger, observed, "d")[1] == keys[1]


def test_a_request_of_another_config_is_failed_and_its_check_too(trained: Make) -> None:
    """What was asked for cannot be trained any more: the reason reports it, and the next check asks again if due."""
    made = trained(training__seed=6)
    decided = check(1, Outcome.HELD, model=made.name, champion="1", decision="retrain")
    decided = decided.model_copy(update={"check_id": f"{made.name}-1"})
    asked = Request(
        request_id=made.name,
        model=made.name,
        champion="1",
        window=Window(start=day(0), end=day(21)),
        now=day(22),
        reason="drift",
        settings="of another config",
        check=decided,
    )
    result: list[str] = []
    with closing(Ledger(home.ledger_url())) as ledger:
        ledger.request(asked)
        assert recover(load(made.file), ledger, day(23), result.append, carry_out=carry_out) is None
        assert [row["state"] for row in ledger.requests(made.name)][:1] == ["failed"]
        (last,) = ledger.checks(made.name, most=1)
        assert (last.check_id, last.outcome) == (decided.check_id, Outcome.FAILED)
        assert "the config has changed since the retrain was requested: request it again" in last.reason
        assert result == [f"request {made.name} was interrupted: it is resumed"]
        recover(load(made.file), ledger, day(23), result.append, carry_out=carry_out)
        assert len(result) == 1, "a further run changes nothing"


def test_a_request_in_work_is_left_to_its_holder(trained: Make) -> None:
    """A training that goes on elsewhere, manually say, is neither waited for nor taken over."""
    made = trained(training__seed=6)
    asked = Request(
        request_id=f"{made.name}-held",
        model=made.name,
        champion="1",
        window=Window(start=day(0), end=day(21)),
        now=day(22),
        reason="by hand",
    )
    result: list[str] = []
    with closing(Ledger(home.ledger_url())) as ledger:
        ledger.request(asked)
        with ledger.hold_request(asked.request_id, waiting=None):
            recover(load(made.file), ledger, day(23), result.append, carry_out=carry_out)
            assert result == []
            assert asked in ledger.open_requests(made.name)
        ledger.fail(asked.request_id, "given up by the test")


def test_each_flow_run_names_its_owner_from_the_moment_it_is_there(trained: Make) -> None:
    """Check and training carry the owner as a tag, which the request that creates them writes; tasks carry none."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter

    made = trained(training__seed=6)
    with closing(Ledger(home.ledger_url())) as ledger:
        first = ledger.checks(made.name)[-1]
    assert first.retrain is not None
    of_request = FlowRunFilter.model_validate({"tags": {"all_": [flow_runs.request_tag(first.retrain.request_id)]}})
    with get_client(sync_client=True) as client:
        check = client.read_flow_run(UUID(str(first.prefect_flow_run_id)))
        (training,) = client.read_flow_runs(flow_run_filter=of_request)
        tasks = client.read_task_runs(flow_run_filter=FlowRunFilter.model_validate({"id": {"any_": [training.id]}}))
    assert flow_runs.owner_tag() in check.tags
    assert flow_runs.owner_tag() in training.tags
    assert tasks
    assert [task.tags for task in tasks] == [[]] * len(tasks)
