"""Causes of a rise of the loss through whole checks: each with its cause, shown wherever a check is shown."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.notify.notices import of_check
from driftloop.pipelines.operations.history import render
from driftloop.pipelines.operations.status import as_table, collect
from driftloop.pipelines.operations.words import format_check
from driftloop.pipelines.registry import holdout
from driftloop.pipelines.runtime import home
from tests.streams import day, stream

Make = Callable[..., Any]
FAST = {"training__params": {"n_estimators": 20}, "policies__triggers": [{"policy": "never"}]}


def test_a_changed_relation_is_the_cause_and_shown_everywhere(model: Make) -> None:
    """The answer changes: the split, the cause and the action are in the record, MLflow, ledger, report and pages."""
    made = model(stream(42, a_day=120, concept_shift_at=35), slices=["city"], **FAST)
    assert made.check(day(28)).outcome is Outcome.BOOTSTRAPPED
    assert made.check(day(35)).causes is None, "no rise, no causes"
    check = made.check(day(42))
    causes = check.causes
    assert causes is not None
    assert (causes.cause, causes.reason) == ("changed_relation", None)
    assert causes.split is not None
    assert causes.split.changed.low > 0
    assert causes.split.harder.value + causes.split.changed.value == pytest.approx(causes.split.rise.value)
    held = holdout.read(registry.champion(made.name))
    assert held is not None
    assert len(held) == causes.reference_rows
    assert {each.name for each in causes.slices} >= {"city = rome", "city = berlin"}
    assert causes.advice is not None
    assert causes.advice.action in ("retrain", "recalibrate")
    assert causes.advice.number > 0

    with closing(Ledger(home.ledger_url())) as ledger:
        assert ledger.checks(made.name, most=1)[0].causes == causes
        history = render(ledger.events(made.name))
    run = registry.client().get_run(str(check.mlflow_run_id))
    assert run.data.metrics["loss_rise/changed"] == causes.split.changed.value
    assert run.data.tags["driftloop.cause"] == "changed_relation"
    assert run.data.tags["driftloop.advice"] == causes.advice.action
    (row,) = collect(made.name)
    notices = [each.body for each in of_check(check, load(made.file).notify) if each.kind == "loss"]
    page = (home.home() / "site" / "models" / f"{made.name}.html").read_text()
    for place in (history, format_check(check, made.file), as_table([row]), *notices, page):
        assert "a changed relation to the target" in " ".join(place.split()), place[:400]
    report = Path(check.report).read_text()
    assert "Why it got worse" in report
    assert "by this column alone" in report


def test_a_broken_column_is_to_be_fixed(model: Make) -> None:
    """A column in another unit is named with what it costs."""
    rows = stream(42, a_day=120)
    late = rows["ts"] >= pd.Timestamp(day(35))
    rows.loc[late, "amount"] *= 100
    made = model(rows, **FAST)
    assert made.check(day(28)).outcome is Outcome.BOOTSTRAPPED
    causes = made.check(day(42), dry_run=True).causes
    assert causes is not None
    assert causes.cause == "broken_column"
    assert (causes.broken[0].column, causes.broken[0].kind) == ("amount", "unit")
    assert causes.advice is not None
    assert causes.advice.action == "fix_data"
    assert causes.advice.number == causes.broken[0].rise.value > 0
