"""An estimator learns what a loss goes with, keeps its files safe, and states where it cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import Tampered
from driftloop.monitoring.estimation import judge, sum_losses
from driftloop.monitoring.losses import named
from driftloop.pipelines.training.features import encode
from driftloop.pipelines.training.loss_model import LossModel, expect, fit_loss_model, load, save
from driftloop.pipelines.training.scorer import Scorer
from tests.pipelines.training.conftest import TARGETS
from tests.streams import TREES

Rows = Callable[..., pd.DataFrame]
Fitted = Callable[..., Scorer]
LOSSES = {"regression": "mae", "binary": "log_loss", "multiclass": "brier"}


def noisy(make_rows: Rows, seed: int, n: int = 900) -> pd.DataFrame:
    """Rows whose numbers are four times as uncertain for the kind z."""
    frame = make_rows(n, seed)
    wild = np.random.default_rng(seed + 100).normal(size=n) * np.where(frame["kind"] == "z", 2.0, 0.5)
    return frame.assign(number=frame["number"] + wild)


def learned(make_rows: Rows, fitted: Fitted, task: str, n: int = 900) -> tuple[Scorer, LossModel]:
    scorer = fitted(noisy(make_rows, 0), task, **{**TREES, "n_estimators": 20})
    held = noisy(make_rows, 1, n)
    return scorer, fit_loss_model(scorer, held, held[TARGETS[task]].to_numpy(), named(LOSSES[task]), threads=1)


@pytest.mark.parametrize("task", TARGETS)
def test_a_change_of_the_mix_is_predicted(task: str, make_rows: Rows, fitted: Fitted) -> None:
    """Where the hard rows grow from a fifth to all, the estimate follows without a label; the interval holds it."""
    scorer, model = learned(make_rows, fitted, task)
    assert model.estimator.self_test is not None
    assert model.estimator.self_test.passed, model.estimator.self_test.reason
    fresh = noisy(make_rows, 2, 3000)
    # Of classes, rows near the border between two are the hard ones.
    hard = fresh["kind"] == "z" if task == "regression" else scorer.predict(fresh).max(axis=1) < 0.8
    fresh = fresh[hard]
    predicted = scorer.predict(fresh)
    estimate = judge(model.estimator, sum_losses(*expect(model, fresh, predicted)), reference_loss=model.estimator.loss)
    realised = named(LOSSES[task]).rows(fresh[TARGETS[task]].to_numpy(), predicted, scorer.classes).mean()
    assert estimate.applicable, estimate.reason
    assert realised > 1.3 * model.estimator.loss
    assert estimate.loss == pytest.approx(realised, rel=0.2)
    assert estimate.low <= realised <= estimate.high


def test_it_is_blind_to_a_target_that_answers_otherwise(make_rows: Rows, fitted: Fitted) -> None:
    """Concept drift leaves the rows as they are, so the estimate stays where it was: the docstring reports it."""
    scorer, model = learned(make_rows, fitted, "regression")
    fresh = noisy(make_rows, 2)
    predicted = scorer.predict(fresh)
    estimate = judge(model.estimator, sum_losses(*expect(model, fresh, predicted)), reference_loss=model.estimator.loss)
    realised = named("mae").rows(-fresh["number"].to_numpy(), predicted).mean()
    assert estimate.applicable
    assert estimate.loss == pytest.approx(model.estimator.loss, rel=0.2)
    assert realised > 2 * estimate.loss  # type: ignore[operator]


def test_rows_from_elsewhere_are_not_estimated(make_rows: Rows, fitted: Fitted) -> None:
    """Sizes beyond those of the held-out rows are outside what the estimator knows."""
    scorer, model = learned(make_rows, fitted, "regression")
    fresh = noisy(make_rows, 2)
    fresh["size"] += 4
    estimate = judge(model.estimator, sum_losses(*expect(model, fresh, scorer.predict(fresh))), reference_loss=1.0)
    assert not estimate.applicable
    assert "are outside the range that the estimator was fitted on" in estimate.reason


@pytest.mark.parametrize("task", TARGETS)
def test_it_comes_back_from_disk_as_it_was(task: str, make_rows: Rows, fitted: Fitted, tmp_path: Path) -> None:
    """The same expectations to the last bit, in xgboost's own format or none; a changed byte is refused."""
    scorer, model = learned(make_rows, fitted, task)
    manifest = save(model, tmp_path)
    assert set(manifest) == {"estimator.json", *(["estimator.ubj"] if task == "regression" else [])}
    back = load(tmp_path, manifest)
    assert back is not None
    assert back.head == model.head
    fresh = noisy(make_rows, 2)
    predicted = scorer.predict(fresh)
    for one, other in zip(expect(model, fresh, predicted), expect(back, fresh, predicted), strict=True):
        np.testing.assert_array_equal(one, other)
    for name in manifest:
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content + b" ")
        with pytest.raises(Tampered, match=name):
            load(tmp_path, manifest)
        (tmp_path / name).write_bytes(content)
    assert load(tmp_path, {}) is None


def test_too_little_to_learn_from_is_reported(make_rows: Rows, fitted: Fitted) -> None:
    """Fewer than a hundred held-out rows, or losses without end, give an estimator that reports it and no numbers."""
    scorer, few = learned(make_rows, fitted, "regression", n=99)
    assert few.estimator.impossible == "99 held-out rows to learn an estimator from, 100 needed"
    held = noisy(make_rows, 1).assign(number=1e300)
    endless = fit_loss_model(scorer, held, held["number"].to_numpy(), named("mse"), threads=1)
    assert endless.estimator.impossible == "losses of held-out rows are too large to learn from"
    fresh = noisy(make_rows, 2)
    estimate = judge(endless.estimator, sum_losses(*expect(endless, fresh, scorer.predict(fresh))), reference_loss=1.0)
    assert (estimate.applicable, estimate.loss, estimate.reason) == (False, None, endless.estimator.impossible)


def test_what_is_expected_is_what_a_matrix_would_give(make_rows: Rows, fitted: Fitted) -> None:
    """Unseen levels and nulls included: to the last bit what a DMatrix of xgboost gives."""
    import xgboost

    scorer, model = learned(make_rows, fitted, "regression")
    fresh = noisy(make_rows, 3)
    fresh.loc[::5, "number"] = np.nan
    fresh.loc[::5, "kind"] = "never seen"
    fresh.loc[1::5, "kind"] = None
    predicted = scorer.predict(fresh)
    inputs = encode(fresh, scorer.features).assign(prediction=predicted)
    made = model.booster.predict(xgboost.DMatrix(inputs, enable_categorical=True)).astype(np.float64)
    assert np.array_equal(expect(model, fresh, predicted)[0], np.maximum(made, 0.0))


@pytest.mark.parametrize("task", TARGETS)
def test_rows_are_outside_by_what_the_estimator_reads(task: str, make_rows: Rows, fitted: Fitted) -> None:
    """Features of a regression; the scores of classes, whose features CBPE never reads."""
    scorer, model = learned(make_rows, fitted, task)
    fresh = noisy(make_rows, 2, 300)
    numeric = scorer.features.numeric[0]
    strange = fresh.assign(**{numeric: fresh[numeric] + 1e6})
    predicted = scorer.predict(fresh)
    # A missing size is no stranger, because the held-out rows have some.
    assert (expect(model, strange, predicted)[1].mean() > 0.8) == (task == "regression")
    if task != "regression":
        certain = np.zeros_like(predicted)
        certain[:, 0] = 1.0
        assert expect(model, fresh, certain)[1].all()


def test_a_new_month_is_not_outside(make_rows: Rows, fitted: Fitted) -> None:
    """A calendar feature is left out of the domain, any other one is not."""
    scorer = fitted(noisy(make_rows, 0), "regression", **{**TREES, "n_estimators": 20})
    held, name = noisy(make_rows, 1), scorer.features.numeric[0]
    target = held[TARGETS["regression"]].to_numpy()
    held[name] = held[name].fillna(0)
    later = held.assign(**{name: held[name] + 1e6})
    for calendar, out in (((name,), False), ((), True)):
        model = fit_loss_model(scorer, held, target, named("mae"), threads=1, calendar=calendar)
        assert expect(model, later, scorer.predict(later))[1].all() == out
        assert model.estimator.domain is not None
        assert (name in model.estimator.domain.low) == out
