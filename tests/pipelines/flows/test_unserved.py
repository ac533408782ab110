"""Without a champion a check reports its rows all the same, and gives the reason there is none and what to try."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.ledger import Ledger
from driftloop.monitoring.records import Check, Outcome
from driftloop.pipelines import registry
from driftloop.pipelines.gate import REMEDIES
from driftloop.pipelines.requests.advice import TRY, why_no_champion
from driftloop.pipelines.requests.ends import IMPOSSIBLE
from driftloop.pipelines.runtime import home
from tests.conftest import Model
from tests.outcomes import retrain
from tests.pipelines.conftest import SMALL
from tests.streams import day, stream

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
    """By the best constant of the training rows, with its interval; the champion's loss is no one's."""
    assert rejected.performance is None
    assert rejected.standing == "unknown"
    assert rejected.baseline is not None
    assert rejected.baseline.rows == 846
    assert rejected.baseline.low < rejected.baseline.loss < rejected.baseline.high
    assert rejected.baseline.loss == pytest.approx(7.0, abs=1.0)


def test_the_reason_states_what_to_try(rejected: Check) -> None:
    """The check states that there is no champion, and why, and its report has everything."""
    assert rejected.reason.startswith("no champion yet: the first challenger was rejected: challenger mae")
    assert f"To try: {TRY['worse_than_naive']}" in rejected.reason
    assert rejected.report is not None
    page = Path(rejected.report).read_text()
    assert "Naive baseline" in page
    assert "no champion yet" in page


def test_what_cannot_be_measured_fails_nothing(model: Make) -> None:
    """So few rows that none come before the window: the baseline is what is left."""
    check = model(stream().head(300), **SMALL).check(day(3))
    assert check.outcome is Outcome.TOO_FEW_ROWS
    assert (check.columns, check.drift_share) == ((), None)
    assert check.baseline is not None
    assert f"To try: {TRY['too_few_rows']}" in check.reason


def state(made: Model) -> tuple[int, int, str | None]:
    """What a check changes: runs in MLflow, entries of the ledger, the champion."""
    with closing(Ledger(home.ledger_url())) as ledger:
        kept = len(ledger.checks(made.name)) + len(ledger.requests(made.name)) + len(ledger.events(made.name))
    runs = registry.client().search_runs([registry.experiment(made.name)])
    return len(runs), kept, made.champion()


def test_a_dry_run_states_what_a_check_would_do(model: Make) -> None:
    """Rows, drift and the baseline are those that a check reports, and nothing is trained, stored or recorded."""
    made = model(stream(input_shift_at=14), **SMALL)
    before = state(made)
    dry = made.check(day(21), dry_run=True)
    assert state(made) == before
    assert (dry.outcome, dry.champion, dry.retrain, dry.mlflow_run_id) == (Outcome.HELD, None, None, None)
    assert "a check would train the first one on" in dry.reason
    assert dry.window.rows > 500
    assert {score.name for score in dry.columns if score.drifted} == {"amount", "speed", "y"}
    assert dry.baseline is not None
    assert ("out_of_range", "amount") in {(found.code, found.column) for found in dry.findings}
    assert dry.report is not None
    assert "Naive baseline" in Path(dry.report).read_text()
    first = made.check(day(21))
    assert first.outcome is Outcome.BOOTSTRAPPED
    assert first.retrain is not None
    assert made.check(day(21), dry_run=True).champion == "1"


@pytest.mark.parametrize(
    ("changes", "now", "outcome", "reason"),
    [
        ({}, day(3), Outcome.TOO_FEW_ROWS, TRY["too_few_rows"]),
        ({"columns__label_delay": "30d"}, day(21), Outcome.NO_DATA, "no rows to train one on"),
        ({"task": "binary", "y": "yes"}, day(21), Outcome.BAD_DATA, TRY["one_class"]),
        ({"y": None}, day(21), Outcome.BAD_DATA, TRY["no_labels"]),
        ({}, day(-300), Outcome.NO_DATA, "no rows to train one on"),
    ],
    ids=["few rows", "late labels", "one class", "no labels", "no rows"],
)
def test_a_dry_run_states_what_would_keep_a_check_from_training(
    model: Make, changes: dict[str, object], now: datetime, outcome: Outcome, reason: str
) -> None:
    """The outcome is that of the check itself, with the reason and what to try."""
    frame = stream().head(300) if now == day(3) else stream()
    if "y" in changes:
        frame["y"] = pd.Series([changes["y"]] * len(frame), dtype=object if changes["y"] else float)
    made = model(frame, **SMALL, **{key: value for key, value in changes.items() if key != "y"})
    dry, check = made.check(now, dry_run=True), made.check(now)
    assert dry.outcome is check.outcome is outcome
    assert reason in dry.reason


@pytest.mark.parametrize("code", sorted({*REMEDIES, *IMPOSSIBLE}))
def test_every_end_has_an_advice(code: str) -> None:
    """Whatever the gate or a training states, there is something to try."""
    end = retrain(code=code, promoted=False, version=None, champion_loss=None, reason="no training: 3 rows.")
    result = why_no_champion(end)
    assert result == f"no champion yet: the first challenger was rejected: 3 rows. To try: {TRY[code]}"
    assert "training is not possible: 3 rows" in why_no_champion(end.model_copy(update={"challenger_loss": None}))
