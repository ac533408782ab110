"""Losses of versions on the same rows: weighted means, waves and bets, in any pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.losses import named
from driftloop.monitoring.records import Reference, Window
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows.paired_losses import Comparison, Watch, Watches
from driftloop.pipelines.registry import Version
from driftloop.pipelines.training.steps import learn
from tests.streams import config, day, stream


def test_versions_are_compared_by_weighted_losses() -> None:
    """Losses are weighted means in any pieces, rows of weight 0 have none, and few effective rows are too few."""
    frame = stream(21)
    noise = np.random.default_rng(3)
    frame = frame.assign(w=np.where(frame["city"] == "rome", 10.0, 1.0) * noise.uniform(0.5, 1.5, len(frame)))
    frame.loc[frame.index % 5 == 0, "w"] = 0.0
    frame.loc[frame.index % 5 == 0, "y"] = 1e6
    project = Project.model_validate(config(columns__weight="w"))
    scorer = learn(project, stream(14).assign(w=1.0), {"n_estimators": 5}, here=True)
    span = Window(start=day(14), end=day(21))
    columns: dict[str, Any] = {"columns": (), "source_types": {}, "loss_name": "mae", "loss": 1.0, "loss_rows": 9}
    old = (Version("m", "1", "id", None, {}), Reference(window=span, rows=9, **columns))
    found = Comparison(project, Watch((old,), Version("m", "2", "id", None, {}), span, "2"), ((*old, scorer),))
    for piece in (frame.iloc[:-50], frame.iloc[-50:]):
        found.add(found.score(piece, np.zeros(len(piece)), ()))
    scores = found.scores()
    assert scores is not None
    rows = frame[(frame["ts"] >= pd.Timestamp(day(14))) & (frame["w"] > 0)]
    lost = [np.abs(rows["y"]), np.abs(rows["y"] - scorer.predict(rows))]
    assert [each.loss for each in scores.scores] == pytest.approx([np.average(one, weights=rows["w"]) for one in lost])
    assert (scores.rows, scores.weight, scores.loss_name) == (len(rows), "w", "mae")
    found.weights = [np.where(np.arange(len(part)) < 9, 1e9, part) for part in found.weights]
    assert found.scores() is None, "18 rows have nearly all of the weight"


def test_a_challenger_in_shadow_has_bets_on_each_question() -> None:
    """On a lower loss, on one within the margin, on a higher one; by the loss of the config, not of the champion."""
    frame, project = stream(21), Project.model_validate(config(performance__loss="mae"))
    scorer = learn(project, stream(14), {"n_estimators": 20}, here=True)
    span = Window(start=day(14), end=day(21))
    columns: dict[str, Any] = {"columns": (), "source_types": {}, "loss_name": "mae", "loss": 1.0, "loss_rows": 9}
    version = (Version("m", "2", "id", None, {}), Reference(window=span, rows=9, **columns))
    champion = Version("m", "1", "id", None, {})
    more: dict[str, Any] = {"previous": "2", "scale": 10.0, "margin": 0.5, "loss": named("mse")}
    watch = Watch((version,), champion, span, "2", **more)
    found = Comparison(project.model_copy(update={"performance": named("mse")}), watch, ((*version, scorer),))
    found.add(found.score(frame, np.zeros(len(frame)), ()))
    scores = found.scores()
    assert scores is not None
    own, theirs = scores.scores
    assert (scores.loss_name, own.bets, own.within, own.worse) == ("mse", (), (), ())
    assert theirs.loss < own.loss
    assert theirs.within[-1] > theirs.bets[-1] > 0 > theirs.worse[-1]
    assert Watches().key == ()
    other = Watch((version,), champion, span, "2", **{**more, "margin": 0.1})
    assert len({watch.key, other.key, Watches(watch, other).key[1]}) == 2
