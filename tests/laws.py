"""Laws that hold for every check and every training, whatever came in. Broken ones fail the test that ran it."""

from __future__ import annotations

import json
import math
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from driftloop.monitoring.errors import DriftloopError
from driftloop.monitoring.records import Check, Outcome, Retrain

EVIL = "<script>evil()</script>"
WORSE = "</script><img src=x onerror=evil()>"
MOVES = {Outcome.PROMOTED, Outcome.BOOTSTRAPPED}
EXITS = {Outcome.NO_DATA, Outcome.TOO_FEW_ROWS, Outcome.ALREADY_CHECKED, Outcome.BAD_DATA}


def lawful_check(model: Any, now: datetime, **more: Any) -> Check | DriftloopError:
    """Run a check and hold it to all laws: a typed outcome, or an error of ours that states what to do.

    Any other exception goes through to the test, which fails by it.
    """
    before = model.champion()
    ended: Check | DriftloopError
    try:
        check: Check = model.check(now, **more)
        ended = check
    except DriftloopError as error:
        ended = error
        _worded(error)
    else:
        _reads_back(check)
        _nothing_unchecked(model, check)
        _harmless(check)
        assert check.reason
    may_move = isinstance(ended, Check) and ended.outcome in MOVES
    assert (model.champion() != before) == may_move, "the alias moves with a promotion and never without one"
    _nothing_left_running(model)
    return ended


def lawful_retrain(model: Any, now: datetime) -> Retrain | DriftloopError:
    """Run a retrain manually and hold it to the laws that apply."""
    from driftloop.pipelines.config.project import load
    from driftloop.pipelines.operations.retraining import retrain_now

    before = model.champion()
    ended: Retrain | DriftloopError
    try:
        ended = retrain_now(load(model.file), now)
    except DriftloopError as error:
        ended = error
        _worded(error)
    else:
        assert Retrain.model_validate_json(ended.model_dump_json()) == ended
        assert ended.reason
    moved = model.champion() != before
    assert moved == (isinstance(ended, Retrain) and ended.promoted), "the alias moves only when the gate was passed"
    _nothing_left_running(model)
    return ended


def _worded(error: DriftloopError) -> None:
    text = str(error)
    assert "\n  expected: " in text
    assert "\n  fix:      " in text
    assert error.found
    assert error.expected
    assert error.remedy


def _reads_back(check: Check) -> None:
    text = check.model_dump_json()
    json.loads(text, parse_constant=lambda word: (_ for _ in ()).throw(AssertionError(f"{word} in the JSON")))
    again = Check.model_validate_json(text)
    assert again.model_dump_json() == text


def _nothing_unchecked(model: Any, check: Check) -> None:
    """Every configured feature has a finite score, or a finding that names it, or the check left early."""
    from driftloop.pipelines.config.project import load

    if check.outcome in EXITS or (check.retrain is not None and not check.columns):
        return
    named = {finding.column for finding in check.findings}
    scored = {score.name for score in check.columns if math.isfinite(score.score)}
    features = set(load(model.file).columns.features)
    assert features <= scored | named, f"silently unchecked: {features - scored - named}"
    assert check.champion is None or "prediction" in scored, "without a champion there is no prediction"


def _harmless(check: Check) -> None:
    if check.report is not None:
        page = Path(check.report).read_text(encoding="utf-8")
        assert EVIL not in page
        assert "<img src=x" not in page


def _nothing_left_running(model: Any) -> None:
    from prefect.client.schemas.filters import FlowRunFilter

    from driftloop.pipelines import registry

    known = registry.client().get_experiment_by_name(model.name)
    if known is not None:
        open_runs = registry.client().search_runs([known.experiment_id], "attributes.status = 'RUNNING'")
        assert [run.info.run_name for run in open_runs] == [], "MLflow runs left RUNNING"
    unfinished = FlowRunFilter.model_validate({"state": {"type": {"any_": ["RUNNING", "PENDING"]}}})
    assert [run.name for run in _prefect().read_flow_runs(flow_run_filter=unfinished)] == []


@cache
def _prefect() -> Any:
    """One client for all cases: each costs as much as a flow run's own work."""
    from prefect.client.orchestration import get_client

    return get_client(sync_client=True)
