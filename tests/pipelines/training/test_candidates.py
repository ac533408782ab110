"""The spans that a training may choose from: no more than the history holds, none that sees the gate's rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from driftloop.monitoring.records import Window
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.training.candidates import Candidate, candidates, halves, parts_of, pick, used
from tests.streams import config, day, stream


def project(**changes: Any) -> Project:
    return Project.model_validate(config(**{"training__window": {"choose": "14d"}, **changes}))


def seasonal(days: int = 84) -> pd.DataFrame:
    """Amounts that go up and down with a period of eight weeks."""
    frame = stream(days)
    season = (frame["ts"] - day(0)).dt.days // 14 % 4
    return frame.assign(amount=frame["amount"] + 20 * season)


def found(frame: pd.DataFrame, end: float, **changes: Any) -> dict[str, Candidate]:
    window = Window(start=day(end - 14), end=day(end))
    known = frame[frame["ts"] < window.end]
    judged = known[known["ts"] >= day(end - 4)]
    return {one.name: one for one in candidates(project(**changes), known, window, judged)}


@pytest.mark.parametrize(
    ("end", "names"),
    [
        (14, ["last_w"]),
        (20, ["last_w", "last_2w"]),
        (30, ["last_w", "last_2w", "everything"]),
        (84, ["last_w", "last_2w", "everything", "season"]),
    ],
)
def test_a_span_that_would_add_nothing_is_left_out(end: int, names: list[str]) -> None:
    """A short history has fewer candidates, and the last W always is first."""
    assert list(found(seasonal(), end)) == names


def test_the_season_is_the_one_that_looks_alike() -> None:
    """Eight weeks ago the inputs looked as they do now, four weeks ago they did not."""
    season = found(seasonal(), 84)["season"]
    assert (season.starts, season.ends) == (day(14), day(28))


def test_no_candidate_learns_from_the_rows_of_the_gate() -> None:
    """Every training part ends the label delay before the gate's first row, and has labels only."""
    settings = project(columns__label_delay="1d")
    frame = seasonal()
    frame.loc[::5, "y"] = None
    held_out = frame[(frame["ts"] >= day(80)) & frame["y"].notna()]
    judged, gate = halves(held_out, "ts")
    assert judged["ts"].max() < gate["ts"].min()
    assert len(judged) + len(gate) == len(held_out)
    for one in found(frame, 84).values():
        parts = parts_of(one, frame, gate, settings)
        assert parts.train["ts"].max() < gate["ts"].min() - timedelta(days=1)
        assert parts.train["ts"].min() >= one.starts
        assert parts.train["y"].notna().all()


def test_the_reference_is_drawn_from_what_was_chosen() -> None:
    """A season's rows and the held-out ones, nothing in between."""
    frame = seasonal()
    season = found(frame, 84)["season"]
    times = used(season, frame, "ts", day(80))["ts"]
    assert ((times >= day(14)) & (times < day(28)) | (times >= day(80))).all()
    assert times.is_monotonic_increasing
    last = used(found(frame, 84)["last_w"], frame, "ts", day(80))["ts"]
    assert last.min() >= day(70)
    assert last.max() == frame["ts"].max()


def test_the_lowest_loss_wins_and_a_tie_keeps_the_last_w() -> None:
    """What could not be measured, or is not a number, never wins over what could."""
    assert pick({"last_w": 3.0, "last_2w": 2.9, "season": None}) == "last_2w"
    assert pick({"last_w": 3.0, "last_2w": 3.0}) == "last_w"
    assert pick({"last_w": float("nan"), "last_2w": 9.0}) == "last_2w"
    assert pick({"last_w": None, "last_2w": None}) == "last_w"
