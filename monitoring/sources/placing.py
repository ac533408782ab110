"""Rows as an engine returns them, with their times in UTC and with the text of numbers that could not be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from driftloop.monitoring.records import Window
from driftloop.monitoring.settings.columns import Columns
from driftloop.monitoring.sources import times
from driftloop.monitoring.sources.describing import UNREAD
from driftloop.monitoring.sources.relation import Relation
from driftloop.monitoring.windows import within

if TYPE_CHECKING:
    import pandas as pd


def read_names(relation: Relation, columns: Columns) -> list[str]:
    """Return the columns that are read: those of the config, and the text of their numbers."""
    return [*columns.in_rows, *(UNREAD + name for name in relation.unread)]


class Placing:
    """What makes the pieces of one statement rows of a window; it notes where text without a number was first found."""

    def __init__(self, relation: Relation, columns: Columns, window: Window, kind: times.Kind) -> None:
        self.relation, self.columns, self.window, self.kind = relation, columns, window, kind
        self.places: dict[str, str] = {}

    def __call__(self, frame: pd.DataFrame, more: Callable[[pd.DataFrame], pd.DataFrame] | None = None) -> pd.DataFrame:
        """Return the rows of a piece that are in the window; `more` adds columns to them."""
        columns, relation = self.columns, self.relation
        frame[columns.time] = times.to_utc(frame[columns.time], self.kind, columns.time_zone, relation.where)
        frame = within(frame, columns.time, self.window)
        if columns.target not in frame:
            frame[columns.target] = None
        frame = more(frame) if more else frame
        return self._with_unread(frame) if relation.unread else frame

    def _with_unread(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with the text of numbers that could not be read in their place."""
        from driftloop.monitoring.served.reading import Unread

        relation, places = self.relation, self.places
        for name in relation.unread:
            text = frame.pop(UNREAD + name)
            there = text.notna()
            if not there.any():
                continue
            if name not in places:
                places[name] = relation.place_of(name, text[there].iloc[0])
            # Python would read text such as 1.234 as a number, where the source has decimal commas and did not.
            plain = relation.kinds.get(name) == "number"
            frame[name] = frame[name].astype(object)
            frame.loc[there, name] = [one if plain else Unread(one) for one in text[there]]
        frame.attrs["places"] = frame.attrs.get("places", {}) | places
        return frame
