"""Without a champion a check reports its rows all the same, and says why there is none and what to try."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from driftloop.monitoring.records import Check, Outcome
from driftloop.pipelines.requests.advice import TRY, why_no_champion
from driftloop.pipelines.requests.recovery import IMPOSSIBLE
from driftloop.pipelines.training.gate import Code
from tests.conftest import Model
from tests.pipelines.conftest import SMALL
from tests.streams import day, stream
from tests.told import retrain

Make = Callable[..., Model]


@pytest.fixture(scope="module")
def rejected(prefect: None, tmp_path_factory: pytest.TempPathFactory) -> Check:
    """A first training that nothing can be learned in, on rows whose inputs moved a week ago."""
    frame = stream(input_shift_at=14)
    frame["y"] = np.random.default_rng(0).permutation(frame["y"].to_numpy())
    return Model(tmp_path_factory.mktemp("rejected")).given(frame, **SMALL).check(day(21))


def test_the_rows_are_compared_with_the_training_rows(rejected: Check) -> None:
    """Every feature and the target have a score, as they would with a champion; the prediction has none."""
    assert rejected.outcome is Outcome.REJECTED
    assert {score.name: score.drifted for score in rejected.columns} == {
        "amount": True, "speed": True, "city": False, "kind": False, "y": False,
    }  # fmt: skip
    assert rejected.drift_share == 0.5
    assert ("out_of_range", "amount") in {(found.code, found.column) for found in rejected.findings}


def test_the_loss_that_a_model_has_to_beat_is_measured(rejected: Check) -> None:
    """By the best constant of the training rows, with its interval; the champion's loss is nobody's."""
    assert rejected.performance is None
    assert rejected.standing == "unknown"
    assert rejected.baseline is not None
    assert rejected.baseline.rows == 846
    assert rejected.baseline.low < rejected.baseline.loss < rejected.baseline.high
    assert rejected.baseline.loss == pytest.approx(7.0, abs=1.0)


def test_the_reason_says_what_to_try(rejected: Check) -> None:
    """The check says that there is no champion, and why, and its report has everything."""
    assert rejected.reason.startswith("there is no champion: the first training was rejected: mae")
    assert f"To try: {TRY['worse_than_naive']}" in rejected.reason
    assert rejected.report is not None
    page = Path(rejected.report).read_text()
    assert "Naive baseline" in page
    assert "there is no champion" in page


def test_what_cannot_be_measured_fails_nothing(model: Make) -> None:
    """So few rows that none come before the window: the baseline is what is left."""
    check = model(stream().head(300), **SMALL).check(day(3))
    assert check.outcome is Outcome.TOO_FEW_ROWS
    assert (check.columns, check.drift_share) == ((), None)
    assert check.baseline is not None
    assert f"To try: {TRY['too_few_rows']}" in check.reason


@pytest.mark.parametrize("code", sorted({*get_args(Code), *IMPOSSIBLE} - {"better"}))
def test_every_end_has_an_advice(code: str) -> None:
    """Whatever the gate or a training says, there is something to try."""
    end = retrain(code=code, promoted=False, version=None, champion_loss=None, reason="no training: 3 rows.")
    told = why_no_champion(end)
    assert told == f"there is no champion: the first training was rejected: 3 rows. To try: {TRY[code]}"
    assert "was not possible: 3 rows" in why_no_champion(end.model_copy(update={"challenger_loss": None}))
