"""The benchmark of policies counts what it states it counts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.policies import DEFAULT, LIMIT, interval, play, table
from benchmarks.policy_streams import Matrices, Stream, key, matrices, streams
from driftloop.pipelines.backtest import learn
from tests.streams import SHARED

BATCHES = 12


def broken() -> Stream:
    """A stream whose answers change sign halfway."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"n": generator.normal(size=1200), "noise": generator.normal(size=1200)})
    target = frame["n"].where(np.arange(1200) < 600, -frame["n"])
    return Stream("broken", frame, target, "regression", "mae")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Matrices:
    """Its matrices, built once."""
    return matrices(broken, "broken", BATCHES, tmp_path_factory.mktemp("cache"), workers=1)


def test_every_model_is_scored_on_what_came_after_it_and_on_nothing_else(made: Matrices) -> None:
    """Numbers are above the diagonal alone, and for probes just above it."""
    later = np.triu(np.ones((BATCHES, BATCHES), dtype=bool), 1)
    assert (np.isfinite(made.loss) == later).all()
    assert (np.isfinite(made.error) == later).all()
    assert (np.isfinite(made.probe) == (np.eye(BATCHES, k=1) > 0)).all()
    assert made.rows.tolist() == [100] * BATCHES


def test_a_break_shows_between_the_models_before_and_after_it(made: Matrices) -> None:
    """Models from before the break lose on what comes after, models of their own time do not."""
    assert made.loss[4, 5] < 0.3
    assert made.loss[4, 8] > 1
    assert made.loss[8, 9] < 0.3
    assert learn(made.loss, made.probe).handicap > 0


def test_the_cache_is_read_and_not_made_again(tmp_path: Path) -> None:
    """A second call trains nothing."""

    def never() -> Stream:
        raise AssertionError("the stream was read again")

    first = matrices(broken, "broken", BATCHES, tmp_path, workers=1)
    again = matrices(never, "broken", BATCHES, tmp_path, workers=1)
    assert np.array_equal(first.loss, again.loss, equal_nan=True)


def test_drift_is_measured_from_the_rows_that_a_model_has_seen(made: Matrices) -> None:
    """A break of the answers is none of the inputs: no batch of this stream is far from any model's rows."""
    later = np.triu(np.ones((BATCHES, BATCHES), dtype=bool), 1)
    assert (made.distance[later] < 0.5).all()
    assert np.isfinite(made.psi[later]).all()


def test_the_table_has_a_line_for_every_policy(made: Matrices) -> None:
    """Each policy is once, the least regret first, and no one beats the oracle but by a free probe."""
    played = {made.name: play(made, 0, 0.3)}
    lines = table(played, 0).splitlines()[2:]
    regrets = [float(line.split("|")[2]) for line in lines]
    assert len(lines) == len(played[made.name])
    assert {DEFAULT, LIMIT} <= {line.split("|")[1].strip() for line in lines}
    assert regrets == sorted(regrets)
    assert regrets[0] >= 0


def test_an_interval_holds_the_mean_and_is_a_point_without_spread() -> None:
    """The bootstrap is over the streams: the cells of one stream are drawn together."""
    low, high = interval(np.array([1.0, 2.0, 3.0, 4.0]), ["a-40", "b-40", "c-40", "d-40"])
    assert 1.0 < low < 2.5 < high < 4.0
    assert interval(np.array([1.0, 3.0, 1.0, 3.0]), ["a-40", "a-80", "b-40", "b-80"]) == (2.0, 2.0)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared streams are not here")
def test_the_streams_are_in_order_of_time_and_known_whole() -> None:
    """Every stream of the folder is read with as many targets as rows, none of them missing."""
    found = streams(SHARED)
    assert {"bike", "elec2", "metro_traffic", "taxi_duration", "taxi_tip"} <= set(found)
    stream = found["bike"]()
    assert len(stream.frame) == len(stream.target) == 17379
    assert stream.target.notna().all()


def test_matrices_of_another_shape_are_not_read_from_the_cache() -> None:
    """A field more in the stored type changes the name of its file."""

    @dataclass(frozen=True)
    class More(Matrices):
        spread: float

    assert key(More) != key(Matrices) == key(Matrices)
