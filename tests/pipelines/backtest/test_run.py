"""A backtest from a config to its study, in this process: all parts together, nothing registered."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftloop.monitoring.errors import HistoryTooShort, UnknownPolicy
from driftloop.pipelines.backtest.page import render
from driftloop.pipelines.backtest.run import backtest
from driftloop.pipelines.backtest.words import as_table
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.runtime import phases
from tests import streams
from tests.noted import Noted
from tests.streams import day

SMALL = {"preflight__min_rows": 20, "training__min_rows": 50, "training__params": {"n_estimators": 8, "max_depth": 3}}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return load(streams.write(tmp_path, streams.stream(days=100, a_day=12, gradual=0.1), **SMALL))


def test_a_study_of_a_config_has_its_batches_names_and_progress(project: Project) -> None:
    """As many steps as models, batches of the config's window, a delay in whole batches."""
    noted = Noted()
    with phases.watched_by(noted):
        found = backtest(project, day(200), policies=["cara", "config"], label_delay=day(8) - day(0))
    assert (found.model, found.loss_name, found.every.days, found.label_delay) == ("made", "mae", 7, 2)
    models = len(found.windows) - 1
    assert [at for at in noted.phases if at == "done" or " of " in at] == [
        f"training and scoring of {models}",
        *["done"] * models,
    ]
    assert found.training_windows == ()  # too short a history
    assert noted.phases[0] == "reading rows"
    assert noted.phases[-1] == "replaying policies"
    assert {one.kind for one in found.standings} == {"anchor", "own", "rule"}


def test_what_is_wrong_is_reported_before_anything_is_trained(project: Project) -> None:
    """A policy that is not there, and labels later than the history is long."""
    noted = Noted()
    with phases.watched_by(noted):
        with pytest.raises(UnknownPolicy):
            backtest(project, day(200), policies=["nobody"])
        assert noted.phases == []
        with pytest.raises(HistoryTooShort, match="with labels that come 5 batches late"):
            backtest(project, day(200), label_delay=5)
    assert noted.phases == ["reading rows"]


def test_what_a_replay_leaves_out_is_reported(tmp_path: Path) -> None:
    """A window that probes choose is replayed with its base, a search not at all."""
    rows = streams.stream(days=100, a_day=12)
    chosen = {"training__window": {"choose": "21d"}, "training__search": {"trials": 2, "space": {"max_depth": [2, 3]}}}
    notes = backtest(load(streams.write(tmp_path, rows, **SMALL, **chosen)), day(200), policies=["config"]).notes
    assert notes[:2] == (
        "training.window: choose is replayed with its base, 21d",
        "training.search is not replayed: every model has the parameters of training.params",
    )


def test_training_windows_are_compared_where_the_history_is_long_enough(tmp_path: Path) -> None:
    """A row per window, each model a step of the progress, and the same from the cache."""
    rows = streams.stream(days=210, a_day=12)
    config = load(streams.write(tmp_path, rows, **{**SMALL, "training__window": "21d"}))
    noted = Noted()
    with phases.watched_by(noted):
        found = backtest(config, day(210), policies=["config", "periodic"])
    assert [(one.span and one.span.days, one.own) for one in found.training_windows] == [
        *((21, True), (42, False), (None, False)),
    ]
    at = noted.phases.index("comparing training windows of 6")
    assert noted.phases[at + 1 : at + 8] == [*["done"] * 6, "end"]
    assert backtest(config, day(210), policies=["config", "periodic"]).training_windows == found.training_windows
    table = as_table(found)
    assert "\n42d " in table
    assert "\nall rows " in table
    assert "\n21d (config) " in table
    assert ">42d</td>" in render(found)
