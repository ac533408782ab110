"""Rows are held in the first way that fits; what cannot fit is refused with numbers and a way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from driftloop.monitoring.errors import TrainingImpossible
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.runtime.memory import MB, Free
from driftloop.pipelines.training.capacity import HERE, Need, Way, budget_mb, refuse_oversized, streams, way_for
from tests.streams import write


def project(tmp_path: Path, **training: Any) -> Project:
    """A project with these keys of `training`."""
    return load(write(tmp_path, **{f"training__{name}": value for name, value in training.items()}))


def free(mb: int) -> Free:
    """Free memory of some MB."""
    return Free(mb * MB, "cgroup limit")


def test_more_rows_move_from_memory_to_disk(tmp_path: Path) -> None:
    """Each way needs less memory than the one before it; the budget is given, or a share of what is free."""
    made = project(tmp_path, memory_mb=4000)
    ways = [way_for(made, rows, free(100)) for rows in (1_000_000, 30_000_000, 100_000_000)]
    assert ways == [Way.FRAME, Way.QUANTIZED, Way.ON_DISK]
    needs = [Need(10**6, 15).bytes(way) for way in HERE]
    assert needs == sorted(needs, reverse=True)
    assert budget_mb(project(tmp_path), free(1000)) == 600
    assert budget_mb(project(tmp_path), None) is None
    assert way_for(project(tmp_path), 10**12, None) is Way.FRAME


@pytest.mark.parametrize("estimator", ["sklearn.linear_model.LinearRegression", "linear", "own:train"])
def test_an_estimator_that_needs_all_rows_is_refused_before_they_are_read(tmp_path: Path, estimator: str) -> None:
    """What is needed, what is there, and a number of rows that fits."""
    made = project(tmp_path, estimator=estimator)
    assert not streams(made)
    with pytest.raises(TrainingImpossible) as refused:
        refuse_oversized(made, 50_000_000, free(2000))
    assert refused.value.code == "too_many_rows"
    assert "50,000,000 training rows" in refused.value.found
    assert "2,000 MB are free (cgroup limit)" in refused.value.found
    most = int(refused.value.remedy.partition("training.max_rows: ")[2].partition(",")[0])
    sampled = project(tmp_path, estimator=estimator, max_rows=most)
    refuse_oversized(sampled, 50_000_000, free(2000))
    refuse_oversized(made, 50_000_000, None)


def test_xgboost_is_refused_only_beyond_its_smallest_need(tmp_path: Path) -> None:
    """It streams, unless its rows are limited anyway."""
    made = project(tmp_path, estimator="xgboost")
    assert streams(made)
    assert not streams(project(tmp_path, estimator="xgboost", max_rows=5000))
    refuse_oversized(made, 30_000_000, free(2500))
    with pytest.raises(TrainingImpossible, match="need about"):
        refuse_oversized(made, 300_000_000, free(2500))


def test_every_class_needs_its_gradients(tmp_path: Path) -> None:
    """Rows that fit with two classes are read piece by piece with twenty, and refused with fifty."""
    made = project(tmp_path, estimator="xgboost")
    assert [way_for(made, 5_000_000, free(4000), classes) for classes in (2, 20)] == [Way.FRAME, Way.QUANTIZED]
    refuse_oversized(made, 5_000_000, free(4000), 2)
    with pytest.raises(TrainingImpossible, match=r"and 50 classes need about 5,1\d\d MB"):
        refuse_oversized(made, 5_000_000, free(4000), 50)
