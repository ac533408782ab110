"""Rare classes in `driftloop init`: metrics, minimum numbers and a weight, each with the number behind it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from driftloop.monitoring.policies import EnoughLabels
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.init.imbalance import imbalance
from driftloop.pipelines.init.proposal import Proposal, propose
from tests.streams import stream


def proposed(folder: Path, share: float, rare: int | str = 1, common: int | str = 0) -> tuple[Project, str, Proposal]:
    """The config that init writes for 20,000 rows, and its text; the label follows from a feature."""
    frame = stream(40, 500)
    bar = frame["amount"].quantile(1 - share)
    folder.mkdir(parents=True, exist_ok=True)
    frame.assign(y=(frame["amount"] > bar).map({True: rare, False: common})).to_csv(folder / "rows.csv", index=False)
    made = propose(
        str(folder / "rows.csv"), table=None, model=None, target="y", time=None, output=folder / "m.yaml", force=True
    )
    return load(made.file), made.file.read_text(), made


def test_a_rare_class_gets_metrics_minimum_numbers_and_a_weight_as_comment(tmp_path: Path) -> None:
    """Below 5% positives the config has metrics at the share as threshold and numbers of each class, all readable."""
    config, text, made = proposed(tmp_path, 0.03)
    assert [metric.name for metric in config.measured] == [
        *("roc_auc", "pr_auc", "recall(0.03)", "precision(0.03)", "calibration_error")
    ]
    (guard,) = config.policies.guards
    assert isinstance(guard, EnoughLabels)
    assert guard.min_per_class is not None
    assert 1 <= guard.min_per_class <= guard.min_labels
    assert config.gate.min_per_class is not None
    assert config.training.params == {}
    assert "# '1' is 3.0% of the labels: 600 of 20,000; predicting '0' always is right in 97.0% of the rows" in text
    assert "# params: {scale_pos_weight: 32.3}" in text
    assert "19,400 rows of '0' / 600 of '1'" in text
    assert any(note.startswith("imbalance: '1' is 3.0% of the labels: 600 of 20,000") for note in made.notes)
    # The line is a key of the config once its comment sign is taken away.
    active = text.replace("  # params: {", "  params: {")
    assert yaml.safe_load(active)["training"]["params"] == {"scale_pos_weight": 32.3}


def test_a_rare_class_that_sorts_first_gets_metrics_of_both(tmp_path: Path) -> None:
    """Metrics of the second class would measure the common one: others are proposed, and a target that helps."""
    config, text, _ = proposed(tmp_path, 0.03, "churn", "stay")
    assert [metric.name for metric in config.measured] == ["roc_auc", "balanced_accuracy", "calibration_error"]
    assert "CASE WHEN y = 'churn' THEN 1" in text
    assert "scale_pos_weight: 0.0309" in text


def test_other_classes_get_nothing_of_it(tmp_path: Path) -> None:
    """From 5% on, for numbers and for many classes the file is as before."""
    config, text, made = proposed(tmp_path, 0.06)
    assert config.metrics is None
    assert "min_per_class" not in text
    assert "scale_pos_weight" not in text
    assert not any(note.startswith("imbalance") for note in made.notes)
    assert imbalance(Counter({"a": 1, "b": 500, "c": 500})) is None
    assert imbalance(Counter({"a": 500})) is None
    assert imbalance(Counter({"0": 95, "1": 5})) is None
    assert imbalance(Counter({"0": 96, "1": 4})) is not None


@pytest.mark.parametrize(
    ("name", "values", "found"),
    [
        ("sample_weight", [1.0, 2.5], True),
        ("Survey Weight", [1.0, 0.0], True),
        ("weight", [70.0, 82.5], False),
        ("sample_weight", [1.0, -2.5], False),
        ("row_weight", [1.5, np.nan], False),
    ],
)
def test_a_column_called_like_a_weight_is_one(tmp_path: Path, name: str, values: list[float], found: bool) -> None:
    """It is the weight and no feature; one that may be anything else, or cannot be a weight, stays a feature."""
    frame = stream(20, 30)
    frame[name] = np.resize(values, len(frame)) + np.resize([0.0, 0.125, 0.25], len(frame))
    frame.to_parquet(tmp_path / "rows.parquet", index=False)
    made = propose(
        str(tmp_path / "rows.parquet"),
        table=None,
        model=None,
        target="y",
        time=None,
        output=tmp_path / "m.yaml",
        force=True,
    )
    config = load(made.file)
    assert config.columns.weight == (name if found else None)
    assert (name in config.columns.numeric) != found
    assert any(note.startswith("weight:") for note in made.notes) == found
    assert pd.read_parquet(tmp_path / "rows.parquet")[name].notna().any()
