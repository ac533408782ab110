"""Metrics by batch and model: a trigger on a metric is replayed as production decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from driftloop.monitoring.losses import named as loss_named
from driftloop.monitoring.metrics import named
from driftloop.monitoring.rows.canonical import conform
from driftloop.pipelines.backtest import matrices, store
from driftloop.pipelines.backtest.batch_metrics import ends_of
from driftloop.pipelines.backtest.batches import cut
from driftloop.pipelines.backtest.run import backtest
from driftloop.pipelines.config.project import Project, load
from tests import streams
from tests.streams import day

SMALL: dict[str, Any] = {
    "task": "binary",
    "preflight__min_rows": 20,
    "training__min_rows": 50,
    "training__params": {"n_estimators": 8, "max_depth": 3},
    "policies__triggers": [{"policy": "performance_drop", "metric": "roc_auc", "max_rise": 0.1}],
}


def project(folder: Path, **changes: Any) -> Project:
    rows = streams.stream(days=120, a_day=30, task="binary", concept_shift_at=80)
    return load(streams.write(folder, rows, **(SMALL | changes)))


def test_metrics_are_kept_with_the_losses(tmp_path: Path) -> None:
    """Value and interval for each model and later batch, the same when read from disk; class counts by batch."""
    config = project(tmp_path)
    rows, _ = conform(streams.stream(days=120, a_day=30, task="binary"), config)
    batches = cut(rows, config)
    made = matrices.build(config, batches, tmp_path / "kept", metrics=["roc_auc"])
    again = matrices.build(config, batches, tmp_path / "kept", metrics=["roc_auc"])
    values = made.metrics["roc_auc"]
    size = len(made.loss)
    assert values.shape == (size, size, 3)
    later = np.triu_indices(size, 1)
    assert np.isfinite(values[later]).all()
    assert (values[..., 1][later] <= values[..., 0][later]).all()
    assert (values[..., 0][later] > 0.8).all()
    assert np.array_equal(values, again.metrics["roc_auc"], equal_nan=True)
    assert [sum(of_batch.values()) for of_batch in made.class_rows] == made.rows.tolist()
    # Rows of an older run without that metric are computed again.
    assert store.load(tmp_path / "kept", batches.first, size - 1, metrics=1) is not None
    assert store.load(tmp_path / "kept", batches.first, size - 1, metrics=2) is None


def test_a_trigger_on_a_metric_is_replayed(tmp_path: Path) -> None:
    """The area falls with the concept: the trigger retrains after the change, and no note calls it not applicable."""
    study = backtest(project(tmp_path), day(200), policies=["config"])
    own = next(one for one in study.standings if one.kind == "own")
    assert not [note for note in study.notes if "not applicable" in note or "does not know" in note]
    assert own.retrains >= 1
    never = next(one for one in study.standings if one.name.startswith("never"))
    assert own.loss < never.loss


def test_a_minimum_number_of_each_class_is_replayed(tmp_path: Path) -> None:
    """A guard that no batch satisfies prevents every retrain of the config's own policies."""
    guards = [{"policy": "enough_labels", "min_labels": 1, "min_per_class": 100_000}]
    study = backtest(project(tmp_path, policies__guards=guards), day(200), policies=["config"])
    assert next(one for one in study.standings if one.kind == "own").retrains == 0


@pytest.mark.parametrize("weights", [None, np.array([1.0, 2.0, 3.0, 4.0])])
def test_a_metric_without_a_value_is_nan(weights: np.ndarray | None) -> None:
    """One class has no curve: no number, and the loss of the batch is not touched."""
    truth, predicted = np.array(["no"] * 4, dtype=object), np.full((4, 2), 0.5)
    asked = [named("roc_auc"), named("calibration_error")]
    found = ends_of(asked, loss_named("log_loss"), ("no", "yes"), truth, predicted, weights)
    assert np.isnan(found[0]).all()
    assert found[1, 0] == pytest.approx(0.5)
    assert ends_of([], loss_named("log_loss"), ("no", "yes"), truth, predicted, weights).shape == (0, 3)
