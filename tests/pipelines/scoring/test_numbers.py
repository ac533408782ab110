"""What `/health` and `/metrics` report."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from driftloop.pipelines.scoring.answer_log import AnswerLog, LogCounts
from driftloop.pipelines.scoring.champions import Champions, Contact, Place
from driftloop.pipelines.scoring.loaded import Loaded
from driftloop.pipelines.scoring.numbers import Numbers, health

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def champions(make_loaded: Callable[..., Loaded], tmp_path: Path) -> Champions:
    made, loaded = Champions([tmp_path]), make_loaded()
    made.places, made.ready = {"made": Place(loaded.project, "serving", loaded)}, True
    made.contact = Contact(True, NOW, NOW)
    return made


def state(champions: Champions, answers: AnswerLog, **more: Any) -> tuple[int, Any]:
    status, body = health(champions, answers, NOW, **{"stopping": False, **more})
    return status, body["status"]


def test_health_names_what_is_wrong(champions: Champions) -> None:
    """Degraded is no reason for a restart; the end of a thread is."""
    answers, place = AnswerLog(), champions.places["made"]
    assert state(champions, answers) == (200, "ok")
    assert state(champions, answers, stopping=True) == (200, "stopping")
    champions.contact = Contact(False, NOW, NOW, "refused")
    assert state(champions, answers) == (200, "degraded")
    champions.contact = Contact(True, NOW, NOW - timedelta(seconds=12))
    assert state(champions, answers) == (200, "degraded")
    registry = health(champions, answers, NOW, stopping=False)[1]["registry"]
    assert registry["error"] == "the last look ended 12 s ago"  # type: ignore[index]
    champions.contact = Contact(True, NOW, NOW)
    champions.places["made"] = Place(place.project, "serving", place.loaded, "version 4 cannot serve")
    assert state(champions, answers) == (200, "degraded")
    champions.places["made"] = Place(place.project, "elsewhere", None, "its predictions are made elsewhere")
    assert state(champions, answers) == (200, "ok")
    answers.counts["made"] = LogCounts(dropped=1)
    assert state(champions, answers) == (200, "degraded")
    answers.start()
    answers.stop()
    assert state(champions, answers) == (503, "broken")
    champions.ready = False
    assert state(champions, AnswerLog()) == (200, "starting")


def test_the_page_has_every_metric(champions: Champions) -> None:
    """Under the name by which Prometheus asks for it."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "scoring.md").read_text("utf-8")
    text = Numbers(champions, AnswerLog()).text().decode()
    exported = set(re.findall(r"^# HELP (driftloop_\w+)", text, re.MULTILINE))
    assert exported == set(re.findall(r"driftloop_score_\w+", page))


def test_metrics_follow_version_and_log(champions: Champions) -> None:
    """The version that serves, refused ones, the registry, and rows by what became of them."""
    answers = AnswerLog()
    answers.counts["made"] = LogCounts(logged=7, dropped=2, failed=1)
    numbers = Numbers(champions, answers)
    numbers.answered("made", 200, 0.004, rows=3)
    numbers.answered("made", 422, 0.001)
    lines = numbers.text().decode().splitlines()
    for line in (
        'driftloop_score_requests_total{model="made",status="422"} 1.0',
        'driftloop_score_rows_total{model="made"} 3.0',
        'driftloop_score_seconds_bucket{le="0.005",model="made"} 2.0',
        'driftloop_score_version{model="made",version="3"} 1.0',
        'driftloop_score_not_following{model="made"} 0.0',
        "driftloop_score_registry_reachable 1.0",
        'driftloop_score_log_rows_total{end="dropped",model="made"} 2.0',
    ):
        assert line in lines
