"""The figures of a column as Evidently draws them: one of each kind is drawn by it, all others are that one refilled.

Plotly takes 10 ms and more to put a figure together and to check it; of two columns only the values differ.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Pattern:
    """A figure as JSON: its traces in their order, and its layout."""

    traces: tuple[dict[str, Any], ...]
    layout: dict[str, Any]

    @classmethod
    def of(cls, figure: Any) -> Pattern:
        """Take a figure of plotly for a pattern."""
        drawn = figure.to_plotly_json()
        return cls(tuple(drawn["data"]), drawn["layout"])

    def filled(self, points: Iterable[tuple[Any, Any]], **titles: str) -> dict[str, Any]:
        """The figure with other points, a pair of x and y a trace, and other titles of axes."""
        axes = {axis: {**self.layout[axis], "title": {"text": title}} for axis, title in titles.items()}
        pairs = zip(self.traces, points, strict=True)
        data = [{**trace, "x": np.asarray(x), "y": np.asarray(y)} for trace, (x, y) in pairs]
        return {"data": data, "layout": {**self.layout, **axes}}


def over_rows(binned: pd.DataFrame, bounds: tuple[float, float]) -> list[tuple[Any, Any]]:
    """Points of the current mean with its deviation, on the mean of the reference with its own.

    `binned` has a line a bin of rows: its place `per`, and the `mean` and `std` of its values. `bounds` are one
    deviation below and one above the mean of the reference.
    """
    at, mean, std = (binned[name].to_numpy() for name in ("per", "mean", "std"))
    std = np.where(np.isnan(std), 0.0, std)
    first, last = at.min(), at.max()
    centre, half = (bounds[0] + bounds[1]) / 2, (bounds[0] - bounds[1]) / 2
    low, high = centre + half, centre - half
    return [
        (at, np.full(len(at), centre)),
        ([first, last, last, first], [low, low, high, high]),
        (np.concatenate([at, at[::-1]]), np.concatenate([mean + std, (mean - std)[::-1]])),
        (at, mean),
    ]


def bars(*sides: Any) -> list[tuple[Any, Any]]:
    """Points of distributions, each as counts and as percentages."""
    counted = [(side.x, np.asarray(side.y)) for side in sides]
    return [pair for x, y in counted for pair in ((x, y), (x, (y / y.sum()) * 100))]
