"""Slices through the whole loop: trained with a reference, worse in one part, shown wherever a check is shown."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Outcome, worst
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.notify.notices import of_check
from driftloop.pipelines.operations.status import as_table, collect
from driftloop.pipelines.operations.words import format_check
from driftloop.pipelines.runtime import home
from tests.streams import day, stream

Make = Callable[..., Any]
SLICES: list[Any] = [
    "city",
    {"column": "speed", "bins": [-9, 0, 9]},
    {"name": "low", "where": "amount < 10 and kind = 'a'"},
    {"name": "nowhere", "where": "city = 'oslo'"},
]
FAST = {"training__params": {"n_estimators": 10}, "policies__triggers": [{"policy": "never"}]}


def changed_in_rome(days: int, since: float) -> pd.DataFrame:
    """A stream whose answer is noisy for one city only, from a day on."""
    rows = stream(days, a_day=240)
    noisy = (rows["city"] == "rome") & (rows["ts"] >= pd.Timestamp(day(since)))
    return rows.assign(y=rows["y"] + noisy * np.random.default_rng(7).normal(0, 25, len(rows)))


def test_one_worse_part_is_found_and_shown_everywhere(model: Make) -> None:
    """The loss of one city rises: it is worse in the record, the report, the ledger, status, site and notification."""
    made = model(changed_in_rome(42, since=35), slices=SLICES, **FAST)
    assert made.check(day(28)).outcome is Outcome.BOOTSTRAPPED
    known = registry.reference(registry.champion(made.name)).slices
    assert {each.name for each in known} >= {"city = rome", "city = berlin", "speed -9 to 0", "low"}
    before, after = made.check(day(35)), made.check(day(42))
    assert worst(before.slices) == ()
    assert {each.name: each.standing for each in after.slices}["city = rome"] == "worse"
    assert {each.name: each.standing for each in after.slices}["city = berlin"] == "well"
    assert worst(after.slices)[0].name == "city = rome"
    assert sum(each.rows for each in after.slices if each.name.startswith("city")) == after.performance.rows
    assert ("slice_empty", 0.0) in {(one.code, one.observed) for one in after.findings if "'nowhere'" in one.message}

    with closing(Ledger(home.ledger_url())) as ledger:
        assert ledger.checks(made.name, most=1)[0].slices == after.slices
    assert "city = rome" in Path(after.report).read_text()
    assert "city = rome: " in format_check(after, made.file)
    (row,) = collect(made.name)
    assert row["slices_worse"][0] == "city = rome"
    assert "city = rome" in as_table([row])
    page = home.home() / "site" / "models" / f"{made.name}.html"
    assert "city = rome" in page.read_text()
    assert any("city = rome" in each.body for each in of_check(after, load(made.file).notify) if each.kind == "loss")


def test_a_column_that_no_model_uses_is_a_slice_and_its_loss_a_finding(model: Make) -> None:
    """A slice on `columns.extra`: with reference, metrics, drift and history; once the source lost it, a finding."""
    rows = changed_in_rome(49, since=35)
    rows = rows.assign(sex=np.where(rows["city"] == "rome", "f", "m"), kind=rows["kind"])
    late = rows["ts"] >= pd.Timestamp(day(35))
    rows.loc[late & (rows["sex"] == "f"), "speed"] += 3
    made = model(rows, columns__numeric=["amount", "speed"], columns__categorical=["kind"], slices=["sex"], **FAST)
    made.given(columns__extra=["sex"])
    assert made.check(day(28)).outcome is Outcome.BOOTSTRAPPED
    assert made.check(day(35)).slices[0].p_value is not None
    check = made.check(day(42))
    assert {each.name: each.standing for each in check.slices} == {"sex = f": "worse", "sex = m": "well"}
    assert {each.name: (each.drifted, each.column) for each in check.slice_drift}["sex = f"] == (True, "speed")
    assert {one.metric for one in check.slices[0].metrics} >= {"rmse"}
    assert all(one.reference is not None for each in check.slices for one in each.metrics)
    logged = registry.client().get_run(str(check.mlflow_run_id)).data.metrics
    for kind in ("slice_loss/", "slice_reference_loss/", "slice_metric/", "slice_drift/"):
        assert sum(key.startswith(kind) for key in logged) >= 2, kind
    page = (home.home() / "site" / "models" / f"{made.name}.html").read_text()
    assert "Loss of 2 slices at 2 checks" in page
    assert "sex = f, 2026-" in page
    assert "Drift on slices" in Path(check.report).read_text()

    made.given(rows.drop(columns="sex"))
    lost = made.check(day(49))
    assert lost.decision is not None, lost.reason
    assert lost.slices == ()
    assert {one.code for one in lost.findings} >= {"extra_column_lost", "slice_not_read"}


def test_a_gap_between_groups_is_a_finding_a_metric_and_a_refusal(model: Make) -> None:
    """Labels of one group become random: its error is a finding everywhere, and no challenger with it passes."""
    rng = np.random.default_rng(5)
    rows = stream(42, a_day=240, task="binary")
    rows = rows.assign(sex=np.array(["f", "m", None])[rng.choice(3, len(rows), p=[0.5, 0.48, 0.02])])
    late = (rows["ts"] >= pd.Timestamp(day(28))) & (rows["sex"] == "f")
    rows.loc[late, "y"] = rng.choice(["no", "yes"], int(late.sum()))
    made = model(rows, task="binary", columns__extra=["sex"], fairness={"by": ["sex"], "max_gap": 0.1}, **FAST)
    assert made.check(day(28)).outcome is Outcome.BOOTSTRAPPED
    check = made.check(day(35))
    gaps = {each.rate: each for each in check.fairness}
    assert set(gaps) == {"selection", "error", "false_negative"}
    assert (gaps["error"].exceeded, gaps["error"].highest) == (True, "sex = f")
    assert {one.group: one.reason for one in gaps["error"].groups}["sex missing"] is not None
    assert {one.code for one in check.findings} >= {"fairness_gap", "group_not_compared"}
    assert "error by sex" in Path(check.report).read_text()
    assert "fairness" in format_check(check, made.file)
    logged = registry.client().get_run(str(check.mlflow_run_id)).data.metrics
    assert logged["fairness_gap/sex/error"] == gaps["error"].gap
    with closing(Ledger(home.ledger_url())) as ledger:
        assert ledger.checks(made.name, most=1)[0].fairness == check.fairness
    made.given(policies__triggers=[{"policy": "always"}])
    retrain = made.check(day(42)).retrain
    assert retrain is not None
    assert (retrain.code, retrain.promoted) == ("unfair", False)
    assert "by sex" in retrain.reason


def test_a_slice_that_is_new_in_the_config_has_no_reference_yet(model: Make) -> None:
    """Slices added after training are measured, not judged; one on a new feature is not read. A retrain ends both."""
    made = model(changed_in_rome(36, since=28), **FAST)
    made.given(columns__categorical=["kind"])
    assert made.check(day(28)).outcome is Outcome.BOOTSTRAPPED
    made.given(columns__categorical=["kind", "city"], slices=["kind", "city"])
    check = made.check(day(35))
    assert {each.name: each.standing for each in check.slices} == dict.fromkeys(
        ("kind = a", "kind = b"), "no_reference"
    )
    assert [one.code for one in check.findings if "slice" in one.code] == ["slice_not_read"]
    assert "2 have no reference yet" in format_check(check, made.file)
