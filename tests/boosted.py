"""Training by an engine on rows in several files: the model of this process within noise, and the same errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.errors import EstimatorError
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.data.fresh import Fresh, content_digest, read_fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.training.capacity import Way
from driftloop.pipelines.training.large import SampledRows, large_parts, sample_sentence
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.steps import Parts, divide, learn, losses
from tests.streams import write
from tests.weighted import SPAN, STOPS, rows

Read = Callable[[Project], Fresh]
FIXED = {"n_estimators": 5, "early_stopping_rounds": None}
LONG = {"n_estimators": 600, "early_stopping_rounds": None, "learning_rate": 0.01}


def divided(folder: Path, task: str, **params: Any) -> Project:
    """Weighted rows in five files; the levels of a category and the classes differ between them."""
    frame = rows(task)
    frame.loc[frame.index < 700, "city"] = "oslo"
    if task == "multiclass":
        frame.loc[frame.index < 500, "y"] = frame["y"].dropna().iloc[0]
    folder.mkdir(exist_ok=True)
    for number, part in enumerate(np.array_split(np.arange(len(frame)), 5)):
        frame.iloc[part].to_parquet(folder / f"{number}.parquet", index=False)
    given: dict[str, Any] = {"training__params": {**STOPS, **params}, "columns__weight": "w", "task": task}
    return load(write(folder, source={"path": "*.parquet"}, **given))


def parts_of(project: Project, fresh: Fresh) -> tuple[SampledRows, Parts]:
    return large_parts(project, fresh, SPAN, Way.APART, project.folder / "cache")


def fitted(project: Project, parts: Parts, **params: Any) -> Scorer:
    return learn(project, parts.train, params, on_disk=parts.on_disk)


def as_here(project: Project, parts: Parts, made: Scorer, params: dict[str, Any]) -> None:
    """Assert that the loss of a model is that of one trained by this process, within noise."""
    whole = read_fresh(Query(project, SPAN, project.folder)).frame
    local = learn(project, divide(project, whole, SPAN).train, params)
    loss, other = (float(losses(project, scorer, parts.holdout).mean()) for scorer in (made, local))
    assert loss == pytest.approx(other, rel=0.05)


def same_model(task: str, read: Read, folder: Path) -> None:
    """Assert that parts, levels, classes, weights and the number of trees are equal, the loss within noise."""
    constraint = {"monotone_constraints": {"amount": 1}} if task == "regression" else {}
    project = divided(folder, task, **constraint)
    here = read_fresh(Query(project, SPAN, project.folder)).frame
    expected = divide(project, here, SPAN)
    sampled, parts = parts_of(project, read(project))
    assert parts.whole_train is not None
    assert parts.whole_train.digest == content_digest(expected.train)
    pd.testing.assert_frame_equal(parts.holdout, expected.holdout.reset_index(drop=True))
    assert "training rows are learned from by the workers" in sample_sentence(parts, sampled, Way.APART, project)
    whole, made = learn(project, expected.train, {}), fitted(project, parts)
    assert (made.features, made.classes, made.recipe) == (whole.features, whole.classes, whole.recipe)
    assert "oslo" in made.features.levels["city"]
    known = sampled.learnable()
    second = learn(project, known.frame, {}, like=made, on_disk=known.on_disk)
    labeled = here[here["y"].notna()]
    again = learn(project, labeled, {}, like=whole)
    for own, other, judged in ((made, whole, expected.holdout), (second, again, labeled)):
        loss, local = (float(losses(project, scorer, judged).mean()) for scorer in (own, other))
        assert loss == pytest.approx(local, rel=0.05)
    if constraint:
        amounts = pd.concat([here.head(50).assign(amount=amount) for amount in np.linspace(0, 60, 7)])
        assert (np.diff(made.predict(amounts).reshape(7, 50), axis=0) >= 0).all()


def same_errors(read: Read, folder: Path) -> None:
    """Assert that the message of xgboost comes from the workers, which train the next model afterwards."""
    project = divided(folder, "regression")
    _, parts = parts_of(project, read(project))
    with pytest.raises(EstimatorError) as there:
        fitted(project, parts, **FIXED, max_depth=-3)
    with pytest.raises(EstimatorError) as here:
        learn(project, parts.train, {**FIXED, "max_depth": -3})
    assert str(there.value) == str(here.value)
    with pytest.raises(EstimatorError, match="needs all rows in memory"):
        fitted(project, parts, **FIXED, tree_method="exact")
    frame = pd.read_parquet(project.folder / "1.parquet")
    frame.assign(y=-1.0).to_parquet(project.folder / "1.parquet", index=False)
    for file in project.folder.glob("[02-4].parquet"):
        pd.read_parquet(file).assign(y=1.0).to_parquet(file, index=False)
    _, negative = parts_of(project, read(project))
    with pytest.raises(EstimatorError, match="label must be non-negative") as one:  # in one worker only
        fitted(project, negative, **FIXED, objective="count:poisson")
    with pytest.raises(EstimatorError) as local:
        learn(project, negative.train, {**FIXED, "objective": "count:poisson"})
    assert str(one.value) == str(local.value)
    assert fitted(project, parts, **FIXED).recipe is not None
