"""What a check leaves in MLflow and Prefect is whole and distinct, and the data in it stays data."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.monitoring.records import Check, CheckWindow, Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.registry import evidence
from driftloop.pipelines.registry.evidence import _name
from tests.streams import day


@pytest.fixture
def run_id(_home: object) -> str:
    return evidence.open_run("evidence", "a run", tags={})


@given(st.text(min_size=1))
def test_any_name_is_one_that_mlflow_takes(key: str) -> None:
    """Whatever a column is called, its metric has an allowed, short name that is no path of its own."""
    name = _name(key)
    assert re.fullmatch(r"[A-Za-z0-9_\-. ]{1,207}", name)
    path = f"drift/{name}"
    assert posixpath.normpath(path) == path


@given(st.lists(st.text("aé(/_ .", min_size=1, max_size=3), unique=True, min_size=2))
def test_names_stay_distinct(keys: list[str]) -> None:
    """Two columns never share a metric."""
    assert len({_name(key) for key in keys}) == len(keys)


def test_odd_names_arrive_each_with_its_own_number(run_id: str) -> None:
    """MLflow takes them all, plain names unchanged."""
    keys = ["fare", "größe [m2]", "größe (m2)", "a/b", "a//b", "..", "/", "x" * 400, "x" * 401, " ", "emoji 🚕", "a:b"]
    evidence.log_numbers(run_id, {f"drift/{_name(key)}": float(at) for at, key in enumerate(keys)}, dict.fromkeys(keys))
    found = registry.client().get_run(run_id).data
    assert len(found.metrics) == len(found.params) == len(keys)
    assert found.metrics["drift/fare"] == 0
    assert sorted(found.metrics.values()) == list(range(len(keys)))


def test_limits_of_a_batch_lose_nothing(run_id: str) -> None:
    """More metrics and parameters than MLflow takes in one call all arrive; a long value is cut and reports it."""
    metrics = {f"m{n}": float(n) for n in range(1200)}
    params = {f"p{n}": n for n in range(230)} | {"long": "y" * 10_000}
    evidence.log_numbers(run_id, metrics, params)
    found = registry.client().get_run(run_id).data
    assert found.metrics == metrics
    assert len(found.params) == 231
    assert len(found.params["long"]) == 6000
    assert found.params["long"].endswith("…")
    evidence.log_numbers(run_id, {"nan": float("nan"), "inf": float("inf")})


def check(**more: object) -> Check:
    window = CheckWindow(start=day(0), end=day(7), rows=1234)
    known = {
        "model": "taxi",
        "check_id": "c",
        "outcome": Outcome.STEADY,
        "reason": "r",
        "window": window,
        "now": day(7),
    }
    return Check(**{**known, **more})


def test_a_failed_run_keeps_its_reason(run_id: str) -> None:
    """The status is FAILED and the reason a tag, cut where MLflow would refuse it."""
    evidence.close_run(run_id, failed="why " * 5000)
    run = registry.client().get_run(run_id)
    assert run.info.status == "FAILED"
    assert run.data.tags["driftloop.error"].startswith("why why")


def test_tags_take_a_reason_of_any_length(run_id: str) -> None:
    """A reason longer than a tag may be does not lose the check."""
    evidence.tag_check(run_id, check(reason="because " * 2000))
    assert registry.client().get_run(run_id).data.tags["driftloop.reason"].endswith("…")


def test_a_model_that_a_failed_run_had_begun_to_store_has_failed_too(run_id: str) -> None:
    """It would be PENDING for good; one that was stored stays ready."""
    client, experiment = registry.client(), registry.experiment("evidence")
    begun, stored = (client.create_logged_model(experiment, source_run_id=run_id).model_id for _ in range(2))
    client.finalize_logged_model(stored, "READY")
    evidence.close_run(run_id, failed="it was killed")
    assert [str(client.get_logged_model(one).status) for one in (begun, stored)] == ["FAILED", "READY"]


def test_the_numbers_of_a_check_are_those_of_its_champion_too(run_id: str, tmp_path: Path) -> None:
    """By the end of the window as time and step; the report and the description have the same place in every run."""
    client = registry.client()
    model = client.create_logged_model(registry.experiment("evidence"), source_run_id=run_id)
    page = tmp_path / "20260108T0000_c.html"
    page.write_text("<title>größer</title>", "utf-8")
    evidence.log_check(run_id, check(drift_share=0.25, champion="3"), page, model_id=model.model_id)
    evidence.tag_check(run_id, check(drift_share=0.25))
    run = client.get_run(run_id)
    (share,) = client.get_metric_history(run_id, "drift_share")
    seconds = int(day(7).timestamp())
    assert (share.value, share.step, share.timestamp) == (0.25, seconds, seconds * 1000)
    stored = {one.key: one.value for one in client.get_logged_model(model.model_id).metrics}
    assert stored["drift_share"] == 0.25
    assert run.data.params == {"window": "2026-01-08", "champion": "3"}
    assert run.data.tags["mlflow.note.content"].startswith("# taxi: steady")
    assert {one.path for one in client.list_artifacts(run_id)} == {"check.json", "report.html"}
    assert Path(client.download_artifacts(run_id, "report.html", str(tmp_path / "."))).read_text(
        "utf-8"
    ) == page.read_text("utf-8")


@pytest.mark.usefixtures("_home")
def test_an_experiment_opens_as_one_of_trained_models() -> None:
    """By its tag where MLflow respects it, and by a link in its description otherwise."""
    found = registry.client().get_experiment(registry.experiment("evidence-kind"))
    assert found.tags["mlflow.experimentKind"] == "custom_model_development"
    link = f"(#/experiments/{found.experiment_id}/runs?workflowType=machine_learning)"
    assert "evidence-kind" in found.tags["mlflow.note.content"]
    assert link in found.tags["mlflow.note.content"], "its page begins with the GenAI view, which lists no run"
