"""Training windows compared: which ones, at which moments, and a history in which the longer one is right."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from driftloop.monitoring.records import changed
from driftloop.monitoring.windows import within
from driftloop.pipelines.backtest import store
from driftloop.pipelines.backtest.batches import Batches, cut
from driftloop.pipelines.backtest.matrices import build
from driftloop.pipelines.backtest.training_windows import AGES, Plan, WindowLoss, compare, plan
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.training.steps import divide, learn, losses
from tests import streams

DAY = timedelta(days=1)
SMALL = {
    "preflight__min_rows": 20,
    "training__min_rows": 50,
    "training__window": "21d",
    "training__params": {"n_estimators": 8, "max_depth": 3},
}


def project(**changes: Any) -> Project:
    return Project.model_validate(streams.config(**{**SMALL, **changes}))


def batches(days: int, config: Project, **more: Any) -> Batches:
    return cut(streams.stream(days=days, a_day=12, **more), config)


@pytest.mark.parametrize(
    ("weeks", "spans", "moments"),
    [
        (12, (), 0),  # nothing is left to score on after the first full window
        (16, (), 0),
        (25, (None,), 3),
        (30, (42, None), 3),
        (40, (42, 84, None), 4),
    ],
)
def test_the_longest_windows_are_compared_where_they_fit(
    weeks: int, spans: tuple[int | None, ...], moments: int
) -> None:
    """A span is compared if it leaves three moments a whole scoring apart, and at each of them it is full."""
    config = project()
    cut_up = batches(7 * weeks, config)
    made = plan(cut_up, config.training.window)
    assert made.spans == tuple(None if days is None else days * DAY for days in spans)
    assert len(made.moments) == moments
    assert len(made) == moments * len(spans)
    assert all(later - earlier == AGES for earlier, later in zip(made.moments, made.moments[1:], strict=False))
    begun = cut_up.windows[0].start
    for at in made.moments:
        assert at + AGES < len(cut_up.windows)
        assert all(cut_up.windows[at].end - span >= begun for span in made.spans if span is not None)


def test_losses_are_those_of_models_trained_on_that_window(tmp_path: Path) -> None:
    """Computed manually for one moment and window; the config's own are those of the matrices; the cache is right."""
    config = project(training__refit=False)
    cut_up = batches(7 * 30, config)
    matrices = build(config, cut_up, tmp_path)
    planned = plan(cut_up, config.training.window)
    found = compare(config, cut_up, matrices, planned, tmp_path)
    assert [one.span for one in found] == [21 * DAY, 42 * DAY, None]
    assert [one.own for one in found] == [True, False, False]
    own, doubled, _ = found
    at = planned.moments[0]
    longer = changed(config, training=changed(config.training, window=42 * DAY))
    window = changed(cut_up.windows[at], start=cut_up.windows[at].end - longer.learned_span)
    model = learn(longer, divide(longer, within(cut_up.frame, "ts", window), window).train, {})
    store_of_moment = store.load(tmp_path / "3628800s", at, later=AGES)
    assert store_of_moment is not None
    for age in range(AGES):
        rows = cut_up.frame.iloc[cut_up.starts[at + 1 + age] : cut_up.stops[at + 1 + age]]
        assert store_of_moment.loss[age] == pytest.approx(losses(longer, model, rows).mean(), rel=1e-6)
    first = len(cut_up.windows) - len(matrices.windows)
    by_moment = [matrices.loss[at - first, at - first + 1 : at - first + 1 + AGES] for at in planned.moments]
    assert own.losses == pytest.approx(np.mean(by_moment, axis=0).tolist())
    assert doubled.difference == pytest.approx(100 * (np.mean(doubled.losses) / np.mean(own.losses) - 1))
    assert doubled.low < doubled.difference < doubled.high
    assert compare(config, cut_up, matrices, planned, tmp_path) == found


def test_more_rows_of_one_relation_are_better_and_the_interval_shows_it(tmp_path: Path) -> None:
    """A stationary stream with few rows a window: twice the rows, and all rows, lose significantly less."""
    config = project(training__window="7d", training__params={"n_estimators": 60, "max_depth": 3})
    cut_up = cut(streams.stream(days=7 * 40, a_day=30), config)
    found = compare(config, cut_up, build(config, cut_up, tmp_path), plan(cut_up, 7 * DAY), tmp_path)
    whole = found[-1]
    assert whole.span is None
    assert whole.high is not None
    assert whole.difference < whole.high < 0


def test_a_window_on_which_nothing_can_be_trained_leaves_no_comparison(tmp_path: Path) -> None:
    """Without a usable moment there is no table."""
    config = project()
    cut_up = batches(7 * 30, config)
    matrices = build(config, cut_up, tmp_path)
    impossible = project(training__min_rows=100_000)
    assert compare(impossible, cut_up, matrices, plan(cut_up, 21 * DAY), tmp_path / "other") == ()
    assert compare(config, cut_up, matrices, Plan((), ()), tmp_path) == ()


def test_a_record_survives_json() -> None:
    """The span is written as a duration, all rows as null."""
    one = WindowLoss(span=None, own=False, moments=3, losses=(1.0,), difference=-2.0, low=-3.0, high=-1.0)
    assert WindowLoss.model_validate_json(one.model_dump_json()) == one
