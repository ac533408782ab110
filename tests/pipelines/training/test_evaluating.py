"""The evaluation keeps each row's key, time and columns next to the losses of all models."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.monitoring.records import Window
from driftloop.pipelines.config.project import Project, load
from driftloop.pipelines.training.evaluating import evaluation
from driftloop.pipelines.training.scorer import Scorer
from driftloop.pipelines.training.steps import Parts, divide, learn, losses
from tests import streams


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Parts, Scorer]:
    folder = tmp_path_factory.mktemp("evaluating")
    config = load(streams.write(folder, training__estimator="linear"))
    parts = divide(config, streams.stream(), Window(start=streams.day(0), end=streams.day(21)))
    return config, parts, learn(config, parts.train, {})


def test_every_row_is_kept_with_the_losses_of_all_models(trained: tuple[Project, Parts, Scorer]) -> None:
    """Each array is in the order of the rows, in UTC, and a champion joins challenger and baseline."""
    config, parts, scorer = trained
    fair = parts.holdout
    own = losses(config, scorer, fair)
    kept = evaluation(config, parts.train, fair, scorer, own + 1.0)
    assert set(kept.losses) == {"challenger", "champion", "naive baseline"}
    assert (kept.opponent, kept.rows) == ("champion", len(fair))
    np.testing.assert_array_equal(kept.losses["challenger"], own)
    assert kept.mean("naive baseline") > kept.mean("challenger")
    assert kept.times[0] == np.datetime64(fair["ts"].iloc[0].tz_convert("UTC").tz_localize(None))
    assert set(kept.columns) == {*config.columns.features, "y"}
    assert kept.columns["city"].tolist() == fair["city"].tolist()
    first = evaluation(config, parts.train, fair, scorer, None)
    assert first.opponent == "naive baseline"


def test_a_key_is_of_the_content_of_its_row(trained: tuple[Project, Parts, Scorer]) -> None:
    """The same row has the same key wherever it is; another value in one column gives another key."""
    config, parts, scorer = trained
    whole = evaluation(config, parts.train, parts.holdout, scorer, None).keys
    later = evaluation(config, parts.train, parts.holdout.iloc[5:], scorer, None).keys
    assert later.tolist() == whole[5:].tolist()
    assert len(set(whole.tolist())) == len(parts.holdout.drop_duplicates())
    moved = parts.holdout.assign(y=parts.holdout["y"] + 1e-9)
    assert not (evaluation(config, parts.train, moved, scorer, None).keys == whole).any()


def test_no_row_may_be_left(trained: tuple[Project, Parts, Scorer]) -> None:
    """A champion that has learned from all held-out rows leaves none, and the gate refuses for that."""
    config, parts, scorer = trained
    empty = evaluation(config, parts.train, parts.holdout.iloc[:0], scorer, np.empty(0))
    vote = config.gate.vote(empty)
    assert vote is not None
    assert vote.answer.code == "too_few_rows"
