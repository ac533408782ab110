"""Stories of the whole loop on streams whose drift is known, through real Prefect, MLflow, Evidently and XGBoost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from driftloop.monitoring.records import Check, Outcome
from tests.streams import day, stream

Make = Callable[..., Any]
ALWAYS = {"policies__triggers": [{"policy": "always"}]}


def test_no_drift_is_steady(model: Make) -> None:
    """A stationary stream is bootstrapped once and then left unchanged."""
    made = model(stream())
    assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
    for at in (28, 35, 42):
        check = made.check(day(at))
        assert check.outcome is Outcome.STEADY, check.reason
        assert check.drift_share == 0
    assert made.champion() == "1"


def test_sudden_concept_drift_is_retrained_and_promoted(model: Make) -> None:
    """When the target answers otherwise the loss fires, and a challenger that has learned the new answer takes over."""
    made = model(stream(56, concept_shift_at=28), training__window="7d", training__holdout="2d")
    made.check(day(21))
    assert made.check(day(28)).outcome is Outcome.STEADY
    struck = made.check(day(35))
    assert struck.decision == "retrain"
    later = [made.check(day(at)) for at in (42, 49)]
    assert Outcome.PROMOTED in {check.outcome for check in (struck, *later)}
    healed = made.check(day(56))
    assert healed.performance is not None
    assert healed.performance.loss < struck.performance.loss / 3


def test_gradual_drift_is_caught_by_the_loss(model: Make) -> None:
    """A slow move fires once the loss has risen enough, not before."""
    made = model(stream(70, gradual=0.05), training__window="14d", training__holdout="4d")
    outcomes = [made.check(day(at)).outcome for at in range(14, 71, 7)]
    assert outcomes[0] is Outcome.BOOTSTRAPPED
    assert outcomes.count(Outcome.PROMOTED) >= 1
    assert Outcome.STEADY in outcomes


def test_input_drift_alone_need_not_retrain(sibling: Make) -> None:
    """Inputs that move are reported as drift; where no trigger asks for more, nothing is trained."""
    old = {"policies__triggers": [{"policy": "max_age", "max_age_days": 99}]}
    made = sibling(stream(42, input_shift_at=33), later=old)
    check = made.check(day(42))
    assert check.outcome is Outcome.STEADY
    assert {score.name for score in check.columns if score.drifted} >= {"amount", "speed"}


def test_a_seasonal_return_of_the_inputs_is_no_drift_for_a_reference_that_has_seen_it(model: Make) -> None:
    """Values that go up and down within the reference do not count as drift when they do so again."""
    frame = stream(63)
    age = (frame["ts"] - frame["ts"].iloc[0]).dt.total_seconds() / 86400
    frame["amount"] += 3 * np.sin(2 * np.pi * age / 7)
    made = model(frame)
    made.check(day(21))
    assert [made.check(day(at)).drift_share for at in (28, 42, 63)] == [0, 0, 0]


def test_a_broken_schema_blocks_the_retrain_until_it_is_repaired(model: Make) -> None:
    """A lost feature is bad data, whatever the triggers say; when it is back the check is right again."""
    frame = stream()
    made = model(frame, policies__triggers=[{"policy": "always"}])
    made.check(day(21))
    made.given(frame.drop(columns="speed"))
    broken = made.check(day(35))
    assert broken.outcome is Outcome.BAD_DATA
    assert "'speed'" in broken.reason
    assert broken.retrain is None
    made.given(frame)
    assert made.check(day(35)).outcome in {Outcome.PROMOTED, Outcome.REJECTED}


def test_late_labels_are_judged_when_they_are_due(model: Make) -> None:
    """With a delay the loss is that of the newest window whose labels are complete; no later label is used."""
    frame = stream(56)
    frame.loc[frame["ts"] >= day(49), "y"] = np.nan
    made = model(frame, columns__label_delay="7d")
    assert made.check(day(35)).outcome is Outcome.BOOTSTRAPPED
    check = made.check(day(56))
    assert check.outcome is Outcome.STEADY, check.reason
    assert check.performance is not None
    assert (check.performance.window.start, check.performance.window.end) == (day(42), day(49))
    assert "y" not in {score.name for score in check.columns}


def test_labels_that_come_later_than_promised_are_bad_data(sibling: Make) -> None:
    """Labels that are due and missing would leave a training without its newest rows: nothing is trained."""
    frame = stream()
    frame.loc[frame["ts"] >= day(35), "y"] = np.nan
    made = sibling(frame, later=ALWAYS)
    check = made.check(day(42))
    assert check.outcome is Outcome.BAD_DATA
    assert [finding.code for finding in check.findings if finding.severity == "fatal"] == ["target_missing"]


def test_a_worse_challenger_is_rejected_and_the_champion_stays(model: Make) -> None:
    """A challenger that learned from noise loses on rows that neither has seen."""
    made = model(stream(56))
    made.check(day(21))
    made.given(training__params={"n_estimators": 1, "learning_rate": 0.01}, policies__triggers=[{"policy": "always"}])
    check = made.check(day(35))
    assert check.outcome is Outcome.REJECTED
    assert check.retrain is not None
    assert check.retrain.challenger_loss > check.retrain.champion_loss
    assert made.champion() == "1"


def test_a_rerun_is_already_checked_and_the_source_is_never_written_to(model: Make) -> None:
    """The same window, champion and rows are checked once, whether the check retrained or not, which changes no row."""
    from driftloop.pipelines import registry

    made = model(stream(56, concept_shift_at=30), policies__triggers=[{"policy": "always"}])
    source = (made.folder / "rows.parquet").read_bytes()
    made.check(day(21))
    assert made.check(day(21)).outcome is Outcome.ALREADY_CHECKED
    first = made.check(day(42))
    assert first.outcome is Outcome.PROMOTED
    again = made.check(day(42))
    assert again.outcome is Outcome.ALREADY_CHECKED
    assert first.check_id in again.reason
    assert len(registry.versions(made.name)) == 2
    assert (made.folder / "rows.parquet").read_bytes() == source


def test_cooldown_is_remembered(model: Make) -> None:
    """After a retrain the guard holds the next one, by the ledger and not by memory."""
    made = model(
        stream(56), policies__triggers=[{"policy": "always"}], policies__guards=[{"policy": "cooldown", "days": 14}]
    )
    made.check(day(21))
    outcomes = [made.check(day(at)).outcome for at in (28, 35, 42)]
    assert outcomes[0] in {Outcome.PROMOTED, Outcome.REJECTED}
    assert outcomes[1] is Outcome.HELD
    assert outcomes[2] in {Outcome.PROMOTED, Outcome.REJECTED}


def test_the_reference_moves_with_the_champion_and_comes_back(model: Make) -> None:
    """Promotion moves model and reference together, rollback brings both back."""
    from contextlib import closing

    from driftloop.monitoring.ledger import Ledger
    from driftloop.pipelines import registry
    from driftloop.pipelines.registry import promotion
    from driftloop.pipelines.runtime import home

    made = model(
        stream(56, concept_shift_at=28, input_shift_at=28),
        training__window="14d",
        training__holdout="4d",
        policies__triggers=[{"policy": "always"}],
    )
    made.check(day(21))
    before = registry.reference(registry.champion(made.name))
    assert made.check(day(42)).outcome is Outcome.PROMOTED
    after = registry.reference(registry.champion(made.name))
    assert after.window.start > before.window.start
    with closing(Ledger(home.ledger_url())) as ledger:
        left, serves = promotion.rollback(ledger, made.name, day(42))
    assert (left.number, serves.number) == ("2", "1")
    assert registry.reference(registry.champion(made.name)) == before
    drifted = made.check(day(49), dry_run=True)
    assert drifted.drift_share is not None
    assert drifted.drift_share >= 0.5


def test_the_gate_sees_only_rows_that_neither_model_was_trained_on(model: Make) -> None:
    """Where the champion was refitted on the holdout, those rows are left out, and with too few left it reports it."""
    made = model(stream(56), training__refit=True, policies__triggers=[{"policy": "always"}])
    made.check(day(21))
    check = made.check(
        day(22),
    )
    assert check.retrain is not None
    assert check.retrain.code in {"too_few_rows", "not_better", "better"}
    from driftloop.pipelines import registry

    assert registry.champion(made.name).tags["driftloop.refit"] == "true"


def test_a_dry_run_changes_nothing(sibling: Make) -> None:
    """It judges and writes the report; ledger, registry and MLflow stay as they were."""
    from driftloop.monitoring.ledger import Ledger
    from driftloop.pipelines import registry
    from driftloop.pipelines.runtime import home

    made = sibling(stream(), later={**ALWAYS, "drift__report_columns": 20})
    experiment = registry.experiment(made.name)
    ledger = Ledger(home.ledger_url())
    before = (len(registry.client().search_runs([experiment])), len(ledger.checks(made.name)), made.champion())
    check = made.check(day(35), dry_run=True)
    assert (check.decision, check.outcome, check.retrain) == ("retrain", Outcome.HELD, None)
    assert Path(str(check.report)).stat().st_size > 100_000
    assert before == (len(registry.client().search_runs([experiment])), len(ledger.checks(made.name)), made.champion())


def test_every_task_goes_through_the_loop(model: Make) -> None:
    """Binary and multiclass models are bootstrapped, checked and retrained as regressions are."""
    for task in ("binary", "multiclass"):
        made = model(stream(42, task=task), task=task, policies__triggers=[{"policy": "always"}])
        assert made.check(day(21)).outcome is Outcome.BOOTSTRAPPED
        check = made.check(day(35))
        assert check.outcome in {Outcome.PROMOTED, Outcome.REJECTED}
        assert {"prediction", "y"} <= {score.name for score in check.columns}


def test_the_json_holds_the_contract(sibling: Make) -> None:
    """Every key of the documented JSON is there and reads back; numbers that do not exist are null."""
    check = sibling(stream(seed=7), later={"policies__triggers": [{"policy": "performance_drop"}]}).check(day(35))
    output = json.loads(check.model_dump_json())
    promised = {
        "model",
        "check_id",
        "outcome",
        "reason",
        "window",
        "columns",
        "drift_share",
        "findings",
        "votes",
        "decision",
        "retrain",
        "report",
        "mlflow_run_id",
        "prefect_flow_run_id",
    }
    assert promised <= set(output)
    assert set(output["window"]) == {"start", "end", "rows"}
    assert {"name", "method", "score", "threshold", "drifted"} <= set(output["columns"][0])
    assert {"policy", "vote", "observed", "threshold", "reason"} <= set(output["votes"][0])
    assert Check.model_validate(output) == check
