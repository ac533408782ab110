"""The matrices are the losses of real training runs, kept by content, whole after an interruption."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import HistoryTooShort, LossNotFinite
from driftloop.monitoring.losses import named
from driftloop.monitoring.losses.performance import standard_error
from driftloop.monitoring.records import Window
from driftloop.monitoring.windows import inside
from driftloop.pipelines.backtest import matrices
from driftloop.pipelines.backtest.batches import cut
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.training.baseline import naive_losses
from driftloop.pipelines.training.probe import fit_probe
from driftloop.pipelines.training.steps import divide, learn, losses
from tests import streams

SMALL = {"preflight__min_rows": 20, "training__min_rows": 50, "training__params": {"n_estimators": 8, "max_depth": 3}}


def project(**changes: Any) -> Project:
    return Project.model_validate(streams.config(**{**SMALL, **changes}))


def frame(**more: Any) -> pd.DataFrame:
    return streams.stream(days=100, a_day=12, concept_shift_at=60, **more)


def test_a_cell_is_the_loss_of_a_model_trained_as_a_retrain_would(tmp_path: Path) -> None:
    """Row i has learned from the part of its window before the holdout; column j is the mean loss on that week."""
    config = project(training__refit=False)
    batches = cut(frame(), config)
    made = matrices.build(config, batches, tmp_path)
    size = len(batches)
    assert made.loss.shape == (size, size)
    assert np.isfinite(made.loss[np.triu_indices(size, 1)]).all()
    assert np.isnan(made.loss[np.tril_indices(size)]).all()
    window = batches.windows[batches.first + 3]
    span = Window(start=window.end - config.training.window, end=window.end)
    train = divide(config, batches.frame[inside(batches.frame["ts"], span)], span).train
    later = batches.frame.iloc[batches.starts[batches.first + 6] : batches.stops[batches.first + 6]]
    by_hand = losses(config, learn(config, train, {}), later)
    assert made.loss[3, 6] == pytest.approx(by_hand.mean(), rel=1e-6)
    assert made.error[3, 6] == pytest.approx(standard_error(by_hand), rel=1e-6)
    following = batches.frame.iloc[batches.starts[batches.first + 4] : batches.stops[batches.first + 4]]
    assert made.probe[3, 4] == pytest.approx(losses(config, fit_probe(config, train), following).mean(), rel=1e-6)
    assert np.isfinite(np.diag(made.probe, 1)).all()
    assert np.isnan(made.probe[0, 2])
    assert made.rows.tolist() == batches.labelled[batches.first :].tolist()
    constant = naive_losses(train["y"], following["y"], named("mae")).mean()
    assert made.naive is not None
    assert made.naive[4] == pytest.approx(constant)
    assert np.isfinite(made.naive[1:]).all()


@pytest.mark.parametrize("estimator", ["auto", "xgboost"])
def test_a_refitted_model_has_the_recipe_of_a_training(estimator: str, tmp_path: Path) -> None:
    """The number of trees is found on the rows before the holdout, as a training finds it, and fitted on all rows."""
    config = project(training__estimator=estimator, training__params={"max_depth": 3}, training__refit=True)
    batches = cut(frame(), config)
    made = matrices.build(config, batches, tmp_path)
    window = batches.windows[batches.first + 5]
    span = Window(start=window.end - config.training.window, end=window.end)
    rows = batches.frame[inside(batches.frame["ts"], span)]
    judged = learn(config, divide(config, rows, span).train, {})
    later = batches.frame.iloc[batches.starts[batches.first + 6] : batches.stops[batches.first + 6]]
    final = losses(config, learn(config, rows, {}, like=judged), later)
    assert made.loss[5, 6] == pytest.approx(final.mean(), rel=1e-6)
    other = learn(config, rows, {})
    assert judged.recipe != other.recipe
    assert made.loss[5, 6] != pytest.approx(losses(config, other, later).mean(), rel=1e-6)


def test_old_models_lose_where_the_answer_changed(tmp_path: Path) -> None:
    """After the shift a model from before is much worse than a fresh one; with refit it learns from the holdout too."""
    batches = cut(frame(), project())
    plain = matrices.build(project(training__refit=False), batches, tmp_path / "a").loss
    assert plain[2, -1] > 3 * plain[-2, -1]
    refitted = matrices.build(project(training__refit=True), batches, tmp_path / "b").loss
    assert not np.allclose(plain[2, 3:], refitted[2, 3:])


def test_what_was_computed_is_not_computed_again(tmp_path: Path) -> None:
    """The same content reads every row from disk; a lost or broken file is computed again, with the same numbers."""
    batches = cut(frame(), project())
    whole = matrices.build(project(), batches, tmp_path)
    before = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    assert len(before) == len(batches) - 1
    (tmp_path / f"{batches.first}.npz").write_bytes(b"PK\x03\x04 broken")
    (tmp_path / f"{batches.first + 1}.npz").unlink()
    called: list[int] = []
    again = matrices.build(project(), batches, tmp_path, lambda: called.append(1))
    assert len(called) == len(batches) - 1
    changed = [file for file, written in before.items() if file.stat().st_mtime_ns != written]
    assert len(changed) == 2
    for name in ("loss", "error", "probe"):
        assert np.array_equal(getattr(whole, name), getattr(again, name), equal_nan=True)


def test_the_model_before_stays_where_no_training_is_possible(tmp_path: Path) -> None:
    """Six weeks of one class: at their end nothing can be learned, the rows of the matrix repeat: reported."""
    rows = frame(task="binary")
    one = (rows["ts"] >= streams.day(45)) & (rows["ts"] < streams.day(85))
    config = project(task="binary", training__params={"n_estimators": 8})
    batches = cut(rows.assign(y=rows["y"].where(~one, "yes")), config)
    made = matrices.build(config, batches, tmp_path)
    assert "training runs were impossible, the first at 2026-0" in made.notes[0]
    assert "are of the class 'yes'" in made.notes[0]
    same = [
        at
        for at in range(1, len(made.loss) - 2)
        if np.array_equal(made.loss[at, at + 1 :], made.loss[at - 1, at + 1 :])
    ]
    assert same
    assert np.isfinite(np.diag(made.probe, 1)).all()


def test_batches_before_the_first_possible_training_fall_away(tmp_path: Path) -> None:
    """A feature without any value until day 30: models begin after that, and it is reported why."""
    rows = streams.stream(days=130, a_day=12)
    rows = rows.assign(speed=rows["speed"].where(rows["ts"] >= streams.day(30)))
    batches = cut(rows, project())
    made = matrices.build(project(), batches, tmp_path)
    assert len(made.loss) < len(batches)
    assert "come before the first possible training run ('speed': no value" in made.notes[0]
    never = rows.assign(speed=np.nan)
    with pytest.raises(HistoryTooShort, match="0 batches follow the first possible training run; before it: 'speed'"):
        matrices.build(project(), cut(never, project()), tmp_path / "never")


def test_a_loss_that_is_not_a_number_is_reported(tmp_path: Path) -> None:
    """A label near the largest float has an infinite square: which model, which batch."""
    rows = frame()
    rows.loc[rows.index[-60], "y"] = 1e300
    config = project(performance__loss="mse")
    with pytest.raises(LossNotFinite, match=r"has no finite loss on 2026-0"):
        matrices.build(config, cut(rows, config), tmp_path)
