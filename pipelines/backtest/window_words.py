"""The comparison of training windows as text, for the terminal and the page. Escapes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from driftloop.monitoring.presentation.markup import number
from driftloop.monitoring.settings.durations import format_duration
from driftloop.pipelines.backtest.training_windows import AGES, WindowLoss
from driftloop.pipelines.runtime.tables import Column, Row, Screen, drawn, wrapped

TITLES = ("training window", *(f"age {age}" for age in range(AGES)), "difference", "95% CI")
COLUMNS = tuple(Column(title, number=at > 0) for at, title in enumerate(TITLES))


def windows_table(windows: Sequence[WindowLoss], on: Screen) -> list[str]:
    """Return the lines of the table with its explanation; none without a comparison."""
    if not windows:
        return []
    return [*drawn(COLUMNS, [Row(cells(one)) for one in windows], on), "", *wrapped(explained(windows), on)]


def cells(one: WindowLoss) -> tuple[str, ...]:
    """Return what `TITLES` names."""
    compared = ("", "") if one.own else (f"{one.difference:+.1f}%", f"{one.low:.1f} .. {one.high:.1f}")
    return (_name(one), *(number(loss) for loss in one.losses), *compared)


def _name(one: WindowLoss) -> str:
    span = "all rows" if one.span is None else format_duration(one.span)
    return f"{span} (config)" if one.own else span


def explained(windows: Sequence[WindowLoss]) -> str:
    """Return what the figures are, and whether another window is worth a change."""
    figures = (
        "Training windows: mean loss of fresh models by their age in batches; of each window, "
        f"{windows[0].moments} models, trained at the same moments. Difference: over all ages, compared with the "
        "window of the config."
    )
    better = [one for one in windows if one.high < 0]
    if not better:
        return f"{figures} No other window is significantly better."
    best = min(better, key=lambda one: one.difference)
    span = "a window as long as the history" if best.span is None else f"`window: {format_duration(best.span)}`"
    return f"{figures} Consider {span} under training: its models lose {-best.difference:.1f}% less."
