"""Stories of checks whose rows a real PostgreSQL server counts: the verdict of read rows, without the rows."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psycopg
import pytest

from driftloop.monitoring.counting import DIALECTS
from driftloop.monitoring.counting.plan import Plan
from driftloop.monitoring.errors import ConfigError
from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Check, Outcome
from driftloop.monitoring.windows import labelled_window
from driftloop.pipelines import registry
from driftloop.pipelines.config.project import load
from driftloop.pipelines.data.counted import read_counted
from driftloop.pipelines.data.fresh import Fresh
from driftloop.pipelines.flows.counting import planned
from driftloop.pipelines.requests.check_run import CheckRun
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.servers.postgres import Postgres
from tests.streams import day, stream, write

SMALL: dict[str, Any] = {"training__params": {"n_estimators": 10}}
DRIFT = [{"policy": "drift_share"}]


@pytest.fixture(scope="module")
def shop(postgres: Postgres) -> Any:
    """A table of six weeks whose numbers are higher in the last three, with a few hard values among them."""
    place = postgres.place()
    rows = stream(42, a_day=300, input_shift_at=21)
    draws = np.random.default_rng(1)
    rows.loc[draws.choice(len(rows), 400, replace=False), "speed"] = np.nan
    rows.loc[draws.choice(len(rows), 60, replace=False), "city"] = None
    rows.loc[rows["ts"] > day(26), "y"] = np.nan
    text = io.StringIO()
    rows.to_csv(text, index=False, header=False)
    with psycopg.connect(postgres.url(place), autocommit=True) as con:
        con.execute(
            "CREATE TABLE trips (ts timestamptz, amount numeric, speed float8, city text, kind char(2), y float8)"
        )
        with con.cursor().copy("COPY trips FROM STDIN (FORMAT csv)") as copy:
            copy.write(text.getvalue())
        con.execute("UPDATE trips SET speed = 'NaN' WHERE speed > 3.5")
        con.execute("UPDATE trips SET speed = 'Infinity' WHERE speed < 0.5 AND ts > '2026-01-23'")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHOP_PASSWORD", postgres.password)
        yield {"url": postgres.url(place, password="${SHOP_PASSWORD}"), "table": "trips"}


@pytest.fixture(scope="module")
def made(trained: Callable[..., Model], shop: dict[str, str]) -> Model:
    """A champion of the first three weeks."""
    return trained(stream(2), source=shop, policies__triggers=DRIFT, drift__sample_rows=200)


def checked(made: Model, shop: dict[str, str], profile: str, **changes: Any) -> Check:
    """A dry check of the fourth week under other settings."""
    return under(made, {**shop, "profile": profile}, **changes).check(day(28), dry_run=True)


def under(made: Model, source: dict[str, str], **changes: Any) -> Model:
    """The model with other settings than those of its training."""
    guards = [{"policy": "enough_labels"}]
    usual = {**SMALL, "policies__triggers": DRIFT, "policies__guards": guards, "drift__sample_rows": 200}
    made.changes = {**usual, "source": source, **changes}
    return made.given()


def facts(check: Check) -> Any:
    """What is equal wherever rows are counted: rows, findings, and the score of each feature and of the target.

    A table that is only counted has no order, and without a loss nothing is found of one.
    """
    scores = [(one.name, one.score, one.threshold, one.drifted) for one in check.columns if one.role != "prediction"]
    found = sorted(one.message for one in check.findings if one.code not in ("time_not_in_order", "refit_below_gate"))
    return check.window.rows, found, scores, check.drift_share


def test_a_policy_that_reads_drift_gets_it_without_rows(made: Model, shop: dict[str, str]) -> None:
    """Scores, findings and decision are those of rows that were read; the record has that no loss was measured."""
    read, counted = checked(made, shop, "stream"), checked(made, shop, "database")
    assert read.counting is not None
    assert read.counting.sentence() == "all rows were read: source.profile is stream"
    assert counted.counting is not None
    assert counted.counting.by == "database"
    assert "no policy reads it" in counted.counting.reason
    assert 100 < (counted.counting.sampled or 0) < 400 < counted.window.rows
    assert set(facts(counted)[1]) == set(facts(read)[1])
    assert facts(counted)[:2] == facts(read)[:2]
    names, expected = facts(counted)[2], facts(read)[2]
    assert [one[0] for one in names] == [one[0] for one in expected]
    assert [one[1] for one in names] == pytest.approx([one[1] for one in expected], rel=1e-9)
    assert [one[3] for one in names] == [one[3] for one in expected]
    assert (counted.outcome, counted.decision, counted.drift_share) == (read.outcome, read.decision, read.drift_share)
    assert counted.decision == "retrain"
    assert [vote.observed for vote in counted.votes] == pytest.approx([vote.observed for vote in read.votes])
    assert {one.code for one in counted.findings} >= {"infinite"}
    assert read.performance is not None
    assert counted.performance is None
    # the prediction is judged by the sampled rows
    scores = {one.name: one for one in counted.columns}
    assert scores["prediction"].drifted == {one.name: one for one in read.columns}["prediction"].drifted


def test_the_loss_takes_the_labeled_rows_alone(made: Model, shop: dict[str, str]) -> None:
    """With late labels the loss is that of all rows that are labeled, and the window of the drift is only counted."""
    late = {"columns__label_delay": "7d", "policies__triggers": [{"policy": "performance_drop"}]}
    read, counted = checked(made, shop, "stream", **late), checked(made, shop, "auto", **late)
    assert counted.counting is not None
    assert counted.counting.by == "database"
    assert counted.counting.labeled == counted.performance.rows if counted.performance else None
    assert read.performance is not None
    assert counted.performance == read.performance
    # coerced values are counted in the current window alone
    others = set(facts(read)[1]) ^ set(facts(counted)[1])
    assert all("infinite values in" in message for message in others), others


def why(made: Model) -> str:
    """The reason for which a check of the fourth week reads all rows; empty if it does not."""
    project, champion = load(made.file), registry.champion(made.name)
    with closing(Ledger(home.ledger_url())) as ledger:
        run = CheckRun(project, day(28), dry_run=True, ledger=ledger)
        labelled = labelled_window(run.window, project.columns.label_delay)
        plan = planned(run, champion, registry.reference(champion), labelled)
    if not isinstance(plan, Plan):
        return str(plan)
    found = read_counted(project, plan, made.folder)
    return "" if isinstance(found, Fresh) else found


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"policies__triggers": [{"policy": "performance_drop"}]}, "which have labels"),
        ({}, "which have labels"),
        ({"policies__triggers": [{"policy": "prediction_drift"}]}, "prediction drift"),
        ({"columns__rules": {"amount": {"max": 1e9}}}, "columns.rules"),
        ({"drift__sample_rows": 50_000}, "no more than the sample"),
        ({"columns__derived": {"kind": "kind", "speed": "speed::text"}}, "not of a type of numbers"),
    ],
)
def test_rows_that_are_needed_are_read(made: Model, shop: dict[str, str], changes: dict[str, Any], reason: str) -> None:
    """Where a policy, a rule or a column needs rows, all are read, and the reason is in the record of the check."""
    assert reason in why(under(made, shop, **changes))


def test_rows_of_a_window_are_judged_once(made: Model, shop: dict[str, str]) -> None:
    """A counted window is known again by its digest, until a value in it changes."""
    source = {**shop, "profile": "database"}
    first = under(made, source, policies__triggers=[{"policy": "never"}]).check(day(28))
    assert first.counting is not None
    assert first.counting.by == "database"
    assert first.outcome is Outcome.STEADY, first.reason
    assert made.check(day(28)).outcome is Outcome.ALREADY_CHECKED


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"path": "rows.csv", "profile": "database"}, "profile only for the table of a database"),
        ({"url": "sqlite:///rows.db", "table": "trips", "profile": "database"}, "'database' for a table of sqlite"),
        ({"url": "postgres://h/d", "table": "trips", "profile": "push"}, "'push'"),
    ],
)
def test_a_profile_that_is_not_possible_is_refused(tmp_path: Path, source: dict[str, str], message: str) -> None:
    """With the databases that can count, before anything is read."""
    file = write(tmp_path, source=source)
    with pytest.raises(ConfigError) as refused:
        load(file)
    assert message in str(refused.value)
    assert "source" in str(refused.value)


def test_untested_databases_count_on_request_alone(tmp_path: Path) -> None:
    """`auto` reads the rows of a warehouse, and an engine that cannot count records nothing."""
    assert DIALECTS["postgres"].tested
    assert not any(one.tested for name, one in DIALECTS.items() if name != "postgres")
    for url, expected in (("snowflake://a/b", "untested"), ("mysql://h/d", None)):
        project = load(write(tmp_path, source={"url": url, "table": "trips"}))
        run: Any = SimpleNamespace(config=project)
        nothing: Any = None
        found = planned(run, nothing, nothing, nothing)
        assert (found is None) if expected is None else (expected in str(found))


def test_ids_are_counted_and_tables_joined_by_them_are_read(made: Model, shop: dict[str, str]) -> None:
    """An id alone is counted, with its findings; labels in a table of their own take all rows."""
    check = under(made, {**shop, "profile": "database"}, columns__id=["city"]).check(day(28), dry_run=True)
    assert check.counting is not None
    assert check.counting.by == "database"
    found = {one.code: one.observed or 0 for one in check.findings}
    assert found["row_without_id"] > 0
    assert found["row_without_id"] + found["repeated_id"] == check.window.rows
    labels = {**shop, "key": "city", "target": "y"}
    assert why(under(made, shop, columns__id=["city"], labels=labels)) == "labels are joined by id (labels)"
