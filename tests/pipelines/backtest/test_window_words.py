"""The table of training windows: a row per window, the config's marked, and advice only where it is proven."""

from __future__ import annotations

from datetime import timedelta

from driftloop.pipelines.backtest.training_windows import WindowLoss
from driftloop.pipelines.backtest.window_words import TITLES, cells, explained, windows_table
from driftloop.pipelines.runtime.tables import PIPE, Screen

DAY = timedelta(days=1)
OWN = WindowLoss(span=28 * DAY, own=True, moments=4, losses=(1.0,) * 7)
LONGER = WindowLoss(span=56 * DAY, own=False, moments=4, losses=(0.9,) * 7, difference=-10.0, low=-14.0, high=-6.0)
WHOLE = WindowLoss(span=None, own=False, moments=4, losses=(0.95,) * 7, difference=-5.0, low=-12.0, high=2.0)


def test_each_window_is_a_row_with_every_title() -> None:
    """Losses by age, and the difference with its interval, which the config's own has not."""
    assert cells(OWN) == ("28d (config)", *["1"] * 7, "", "")
    assert cells(WHOLE) == ("all rows", *["0.95"] * 7, "-5.0%", "-12.0 .. 2.0")
    assert len(cells(LONGER)) == len(TITLES)


def test_a_window_is_advised_only_if_the_whole_interval_is_below_zero() -> None:
    """The better of those that are proven; otherwise the text reports that none is."""
    assert "Consider `window: 56d` under training: its models lose 10.0% less." in explained([OWN, LONGER, WHOLE])
    assert "No other window is significantly better." in explained([OWN, WHOLE])
    proven = WHOLE.model_copy(update={"difference": -20.0, "high": -15.0})
    assert "Consider a window as long as the history under training" in explained([OWN, LONGER, proven])


def test_the_table_fits_the_terminal() -> None:
    """No line is wider than the screen; without a comparison there is no line."""
    assert windows_table([], PIPE) == []
    assert max(map(len, windows_table([OWN, LONGER, WHOLE], Screen(80)))) <= 80
