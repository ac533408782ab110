"""The steps of a training without any flow: divided by time, fitted as configured, judged by the configured loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import TrainingImpossible
from driftloop.monitoring.records import Window
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.training.steps import divide, learn, losses
from tests import streams
from tests.streams import day

WINDOW = Window(start=day(0), end=day(20))


def project(**changes: Any) -> Project:
    return Project.model_validate(streams.config(**{"training__window": "20d", **changes}))


def test_the_holdout_is_the_newest_part_with_a_gap_before_it() -> None:
    """Five days are held out, the two days of label delay before them belong to neither part."""
    parts = divide(project(columns__label_delay="2d"), streams.stream(days=20), WINDOW)
    assert (parts.train["ts"].max() < day(13), parts.holdout["ts"].min() >= day(15)) == (True, True)
    assert parts.train["ts"].max() > day(12.9)
    assert len(parts.train) + len(parts.holdout) == pytest.approx(18 * 120, abs=60)


def test_a_short_history_keeps_the_proportion() -> None:
    """Half a window of rows holds out half as long a span."""
    parts = divide(project(), streams.stream(days=20).query("ts >= @day(10)"), WINDOW)
    assert abs((parts.holdout["ts"].min() - pd.Timestamp(day(17.5))).total_seconds()) < 3600


@pytest.mark.parametrize(
    ("rows", "labelled", "code"),
    [(0, False, "no_data"), (500, False, "no_labels"), (199, True, "too_few_rows")],
)
def test_nothing_to_divide_is_reported(rows: int, labelled: bool, code: str) -> None:
    """No rows, no labels and too few of them are three different answers."""
    frame = streams.stream(days=20).head(rows)
    with pytest.raises(TrainingImpossible) as caught:
        divide(project(), frame if labelled else frame.assign(y=np.nan), WINDOW)
    assert caught.value.code == code


def test_rows_within_the_gap_alone_are_reported() -> None:
    """Labels so late that the gap takes all rows before the holdout: reported, with the delay."""
    late = streams.stream(days=20).query("ts >= @day(14)")
    with pytest.raises(TrainingImpossible, match=r"in the gap of the label delay \(10d\) before the holdout"):
        divide(project(columns__label_delay="10d"), late, WINDOW)


def test_a_model_is_learned_with_the_configured_parameters_and_judged_by_the_configured_loss() -> None:
    """One tree is worse than forty; mse is the square of what mae takes."""
    frame = streams.stream(days=20)
    made = learn(project(), frame.head(1500), {})
    weak = learn(project(), frame.head(1500), {"n_estimators": 1})
    rest = frame.tail(500)
    assert losses(project(), made, rest).mean() < losses(project(), weak, rest).mean()
    squared = losses(project(performance__loss="mse"), made, rest)
    assert np.allclose(squared, losses(project(), made, rest) ** 2)


def unlabeled_since(moment: Any) -> pd.DataFrame:
    frame = streams.stream(days=20)
    return frame.assign(y=frame["y"].where(frame["ts"] < moment))


def test_a_holdout_without_labels_names_the_newest_label_and_the_delay() -> None:
    """Whether none or too few of its rows have one: with the delay that would do. Enough of them are enough."""
    result = r"(?s)0 rows of the holdout .* have labels: the newest label is from 2026-01-15 \d\d:\d\d, "
    with pytest.raises(
        TrainingImpossible,
        match=result + r"the newest row from 2026-01-20 .*columns.label_delay is 0d.*label_delay: 6d",
    ) as none:
        divide(project(), unlabeled_since(day(14.9)), WINDOW)
    assert none.value.code == "no_labels"
    with pytest.raises(TrainingImpossible, match=r"(?s)^9 rows of the holdout .* at least 50 labeled rows"):
        divide(project(), unlabeled_since(day(15.1)), WINDOW)
    assert len(divide(project(), unlabeled_since(day(16)), WINDOW).holdout) > 100


def test_rows_without_labels_are_counted_next_to_too_few_with() -> None:
    """What is missing may be labels and not rows."""
    with pytest.raises(TrainingImpossible, match=r"more rows have no label: the newest label is from 2026-01-01"):
        divide(project(), unlabeled_since(day(1)), WINDOW)
    with pytest.raises(TrainingImpossible, match=r"none of them labeled: no row since 2026-01-01 .* has a label"):
        divide(project(), unlabeled_since(day(0)), WINDOW)
