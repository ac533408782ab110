"""Several versions on the rows of a window: by which losses, on how many rows, and with which bets."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.losses import named
from driftloop.monitoring.losses.performance import standard_error
from driftloop.monitoring.records import ArchiveScores, Reference, Window
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows import paired_losses
from driftloop.pipelines.flows.paired_losses import Comparison, Watch, Watches
from driftloop.pipelines.registry import Version
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.steps import learn
from tests.streams import config, day, stream

SPAN = Window(start=day(14), end=day(21))


def compared(
    project: Project, scorers: dict[str, Scorer], frame: pd.DataFrame, own: np.ndarray, **watched: Any
) -> Comparison:
    """A champion with these predictions, and other models, on rows in two pieces."""
    columns: dict[str, Any] = {"columns": (), "source_types": {}, "loss_name": "mae", "loss": 1.0, "loss_rows": 9}
    reference = Reference(window=SPAN, rows=9, **columns)
    others = tuple((Version("m", number, number, None, {}), reference) for number in scorers)
    watch = Watch(others, Version("m", "9", "own", None, {}), SPAN, "9", **watched)
    found = Comparison(project, watch, tuple((*each, scorers[each[0].number]) for each in others))
    for part in (slice(None, -50), slice(-50, None)):
        found.add(found.score(frame.iloc[part], own[part], ()))
    return found


def by_version(scores: ArchiveScores | None) -> dict[str, Any]:
    assert scores is not None
    assert scores.scores[0].version == "9"
    return {one.version: one for one in scores.scores}


def models(losses: Iterable[int]) -> dict[str, Scorer]:
    """Models by name, with this many trees: more trees, less loss."""
    project = Project.model_validate(config())
    return {str(at): learn(project, stream(14), {"n_estimators": at}, here=True) for at in losses}


def test_losses_are_weighted_means_of_the_rows_in_any_pieces() -> None:
    """Rows of weight 0 have no loss, and few effective rows are too few."""
    frame = stream(21)
    noise = np.random.default_rng(3)
    frame = frame.assign(w=np.where(frame["city"] == "rome", 10.0, 1.0) * noise.uniform(0.5, 1.5, len(frame)))
    frame.loc[frame.index % 5 == 0, "w"] = 0.0
    frame.loc[frame.index % 5 == 0, "y"] = 1e6
    project, scorer = Project.model_validate(config(columns__weight="w")), models([5])
    found = compared(project, scorer, frame, np.zeros(len(frame))).scores()
    scores = by_version(found)
    rows = frame[(frame["ts"] >= pd.Timestamp(day(14))) & (frame["w"] > 0)]
    lost = [np.abs(rows["y"]), np.abs(rows["y"] - scorer["5"].predict(rows))]
    assert [scores[one].loss for one in ("9", "5")] == pytest.approx(
        [np.average(one, weights=rows["w"]) for one in lost]
    )
    assert found is not None
    assert (found.rows, found.weight, found.loss_name) == (len(rows), "w", "mae")
    few = frame.assign(w=np.where(np.arange(len(frame)) % 100 == 1, 1e9, frame["w"]))
    assert compared(project, scorer, few, np.zeros(len(few))).scores() is None, "a few rows have nearly all the weight"


def test_only_what_leads_is_scored_on_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of two models is better than the champion: its loss is of all rows, the other's is paired on a sample."""
    monkeypatch.setattr(paired_losses, "SAMPLE", 200)
    project, scorers, frame = Project.model_validate(config()), models([1, 2, 60]), stream(21)
    own = models([20])["20"].predict(frame)
    scores = by_version(compared(project, scorers, frame, own, previous="2").scores())
    rows = frame[frame["ts"] >= pd.Timestamp(day(14))]
    target, champion = rows["y"].to_numpy(), own[len(frame) - len(rows) :]
    lost = {name: np.abs(target - scorer.predict(rows)) for name, scorer in scorers.items()}
    ours = np.abs(target - champion)
    assert scores["9"].loss == pytest.approx(ours.mean())
    for name in ("60", "2"):
        assert (scores[name].rows, scores[name].loss) == (None, pytest.approx(lost[name].mean()))
        difference = np.subtract(scores["9"].waves, scores[name].waves)
        assert np.linalg.norm(difference) == pytest.approx(standard_error(ours - lost[name]))
    assert bool(scores["2"].bets), "the version before a watched promotion has its bets, on all rows"
    assert not scores["60"].bets
    step = -(-len(rows) // 200)
    ahead = (ours - lost["1"])[::step]
    assert scores["1"].rows == len(ahead)
    assert scores["1"].loss == pytest.approx(ours.mean() - ahead.mean())
    difference = np.subtract(scores["9"].waves, scores["1"].waves)
    assert np.linalg.norm(difference) == pytest.approx(standard_error(ahead))


def test_a_lead_on_the_sample_alone_is_no_lead(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model is far better on the rows of the sample and equal on the others: all rows decide."""
    monkeypatch.setattr(paired_losses, "SAMPLE", 240)
    project, frame = Project.model_validate(config()), stream(21)
    rows = frame["ts"] >= pd.Timestamp(day(14))
    step = -(-int(rows.sum()) // 240)
    scorers = models([60])
    own = scorers["60"].predict(frame) + np.where(np.cumsum(rows) % step == 1, 50.0, 0.0)
    scores = by_version(compared(project, scorers, frame, own).scores())
    assert scores["60"].rows is None
    assert scores["9"].loss - scores["60"].loss == pytest.approx(50 / step, rel=0.2)


def test_a_loss_that_is_not_finite_is_reported_and_leads_nothing() -> None:
    """Neither the champion's nor another model's stops the comparison of the others."""
    project, frame = Project.model_validate(config()), stream(21)
    scorers, own = models([60]), np.full(len(frame), np.inf)
    scores = by_version(compared(project, scorers, frame, own).scores())
    assert not np.isfinite(scores["9"].loss)
    assert np.isfinite(scores["60"].loss)


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


def test_a_copy_in_a_worker_picks_the_same_rows_without_the_models() -> None:
    """Not even their classes are needed there; the losses are added here."""
    frame = stream(21)
    here = compared(Project.model_validate(config()), models([5]), frame, np.zeros(len(frame)))
    sent = pickle.dumps(here)
    there = pickle.loads(sent)
    assert (there.scorers, there.parts, b"Booster" in sent) == ((), [], False)
    own, other = (one.score(frame, np.zeros(len(frame)), ()) for one in (here, there))
    pd.testing.assert_frame_equal(own.rows, other.rows)
    assert np.array_equal(own.losses, other.losses)
