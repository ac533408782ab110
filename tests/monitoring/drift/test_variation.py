"""Variation between windows: when it counts, and how far ahead it reaches."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from driftloop.monitoring.drift.settings import Drift
from driftloop.monitoring.drift.variation import Variation, varies, varying, widening, windows_of
from driftloop.monitoring.drift.verdicts import judge
from driftloop.monitoring.profiles import Profiles, first, like
from tests.drawn import column_of

WEEKS, ROWS = 8, 400


def weeks(seed: int, step: float = 0.0, sway: float = 0.0, columns: int = 4, count: int = WEEKS) -> pd.DataFrame:
    """Columns n0, n1, ... of normal numbers; n0 wanders by `step` from week to week, or sways by `sway`."""
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame({f"n{at}": generator.normal(size=count * ROWS) for at in range(columns)})
    level = np.cumsum(generator.normal(0, step, count)) + generator.normal(0, sway, count)
    return frame.assign(n0=frame["n0"] + np.repeat(level, ROWS))


def cut(frame: pd.DataFrame) -> tuple[Profiles, Profiles]:
    """The profiles of all weeks but the newest, by week with the newest first, and of the newest."""
    week = np.arange(len(frame)) // ROWS
    newest = week == week.max()
    kinds = dict.fromkeys(map(str, frame), "numeric")
    known = first(frame[~newest].reset_index(drop=True), kinds, (week.max() - 1 - week)[~newest])  # type: ignore[arg-type]
    return known, like(known, frame[newest])


def drifted(frame: pd.DataFrame, calibration: str, rate: float = 0.05, lead: float = 1.0) -> set[str]:
    known, now = cut(frame)
    columns = [column_of(str(name), effect_floor=0.0) for name in frame]
    settings = Drift.model_validate({"calibration": calibration, "false_alarm_rate": rate})
    return {score.name for score in judge(known, now, columns, settings, lead=lead) if score.drifted}


def test_auto_uses_blocks_where_windows_vary_and_rows_where_they_do_not() -> None:
    """A swaying column is drift by rows and not by auto; a steady one has the power of rows.

    Of 30 weeks drawn at 5% one or two are alarms; 6 are more than three standard deviations away.
    """
    alarms = {"rows": 0, "auto": 0}
    for seed in range(30):
        for calibration in alarms:
            alarms[calibration] += "n0" in drifted(weeks(seed, sway=0.4, columns=8), calibration)
    assert alarms["rows"] >= 12
    assert alarms["auto"] <= 6
    found = {"rows": 0, "auto": 0, "blocks": 0}
    for seed in range(30):
        frame = weeks(seed, columns=8)
        frame.loc[len(frame) - ROWS :, "n3"] += 0.25
        for calibration in found:
            found[calibration] += "n3" in drifted(frame, calibration)
    assert found["auto"] >= found["rows"] - 6
    assert found["auto"] > found["blocks"] + 6


def test_in_seasonal_data_no_column_is_trusted_to_be_steady() -> None:
    """If more than a quarter of the columns vary, all are judged by blocks, also those that look steady."""
    alarms = {"auto": 0, "blocks": 0}
    for seed in range(20):
        frame = weeks(seed)
        other = weeks(seed + 100, sway=0.5)["n0"]
        frame = frame.assign(n0=other, n1=other + frame["n1"])
        frame.loc[len(frame) - ROWS :, "n3"] += 0.2
        for calibration in alarms:
            alarms[calibration] += "n3" in drifted(frame, calibration)
    assert alarms["auto"] == alarms["blocks"]


def test_a_column_that_wanders_may_go_further() -> None:
    """A random walk leaves the range of its reference all the time; that is its habit, at any lead."""
    alarms = 0
    for seed in range(40):
        frame = weeks(seed, step=0.3, count=13)
        ahead = pd.concat([frame[: 9 * ROWS], frame[12 * ROWS :]], ignore_index=True)
        alarms += "n0" in drifted(ahead, "blocks", lead=4)
    assert alarms <= 8  # 5% of 40 and four standard deviations


def test_a_jump_beyond_the_habit_is_found() -> None:
    """Ten times the usual move is drift."""
    frame = weeks(1, sway=0.2)
    frame.loc[len(frame) - ROWS :, "n0"] += 4
    assert "n0" in drifted(frame, "auto")


@pytest.mark.parametrize("windows", [4, 8, 20])
def test_widening_is_that_of_a_random_walk(windows: int) -> None:
    """Over many walks, the mean square of the new window is the one that the factor predicts, within a fifth."""
    generator = np.random.default_rng(0)
    walks = np.cumsum(generator.normal(size=(4_000, windows + 3)), axis=1)
    known, ahead = walks[:, :windows, None], walks[:, windows + 2]
    expected = [widening(walk, 3, ordered=False) ** 2 * walk.var(ddof=1) * (1 + 1 / windows) for walk in known]
    real = np.mean((ahead - known[:, :, 0].mean(axis=1)) ** 2)
    assert np.mean(expected) == pytest.approx(real, rel=0.2)


def test_a_window_among_the_others_is_not_widened() -> None:
    """The middle window of a season is one more of them, however much they wander."""
    rising = np.arange(9.0)[:, None]
    assert widening(rising, 0, ordered=False) == 1.0
    assert widening(rising, 1, ordered=False) > 1.5


def test_noise_is_hardly_widened() -> None:
    """Windows without memory are a little wider by the luck of some draws only."""
    generator = np.random.default_rng(0)
    factors = [widening(generator.normal(size=(20, 1)), 1, ordered=False) for _ in range(500)]
    assert 1.0 <= np.mean(factors) < 1.15


def test_sampling_alone_rarely_counts_as_variation() -> None:
    """Homogeneous windows are found to vary in a tenth of the cases, windows with another level always."""
    generator = np.random.default_rng(0)
    same = [varies(generator.multinomial(300, np.full(20, 0.05), 8).astype(float), ordered=True) for _ in range(300)]
    assert 0.03 < np.mean(same) < 0.17
    moved = np.array(
        [generator.multinomial(300, share / share.sum()) for share in np.linspace(1, 2, 8)[:, None] ** np.arange(20)]
    )
    assert varies(moved.astype(float), ordered=True)
    assert not varies(np.full((5, 1), 9.0), ordered=False)


def test_columns_that_vary_are_counted() -> None:
    """Columns without blocks, and thin ones, do not count."""
    known, _ = cut(weeks(0, sway=0.5))
    assert varying(list(known.values()), 50) in {1, 2}
    assert windows_of(known) == WEEKS - 1
    short, _ = cut(weeks(0, count=4))
    assert (windows_of(short), varying(list(short.values()), 50)) == (0, 0)
    assert Variation().of(np.ones((8, 2))) is None
