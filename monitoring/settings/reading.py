"""Columns as a source is read by: those of the config, with the type of the target and the table of the labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from driftloop.monitoring.records import changed
from driftloop.monitoring.settings.columns import Columns, ColumnType
from driftloop.monitoring.settings.labels import Labels
from driftloop.monitoring.settings.predictions import Predictions, PredictionTable
from driftloop.monitoring.settings.rules import Rule


class Reading(Columns):
    """The columns of a config, with `labels` where the target is in a table of its own.

    Then `types` has the columns of the rows alone, and `target_type` is how the target is read in text files. Where
    rows are `unlabeled`, that table is not read, and no row has a label. `predictions` is set where a model elsewhere
    makes them; those of the version `scored_by` are read with the rows. `ruled` are the
    columns that are read for the rules alone.
    """

    labels: Labels | None = None
    target_type: ColumnType | None = None
    unlabeled: bool = False
    predictions: Predictions | None = None
    scored_by: str | None = None
    ruled: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        columns: Columns,
        types: Mapping[str, ColumnType],
        labels: Labels | None,
        predictions: Predictions | None = None,
    ) -> Reading:
        """Columns that were validated, with these types."""
        known: dict[str, Any] = {name: getattr(columns, name) for name in Columns.model_fields}
        mine = {name: kind for name, kind in types.items() if labels is None or name != columns.target}
        return cls.model_construct(
            **(known | {"types": mine, "labels": labels, "target_type": types.get(columns.target)}),
            predictions=predictions,
        )

    @property
    def in_rows(self) -> tuple[str, ...]:
        names = (*super().in_rows, *self.ruled)
        apart = self.labels is not None or self.unlabeled
        return tuple(name for name in names if name != self.target) if apart else names

    @property
    def by_rules(self) -> dict[str, Rule]:
        return {name: self.rules[name] for name in self.ruled}

    def with_rules(self, without: Iterable[str] = ()) -> Reading:
        """The same columns and those that only rules read, but for some."""
        return changed(self, ruled=tuple(name for name in self.ruled_alone if name not in set(without)))

    @property
    def without_labels(self) -> Reading:
        """The same columns without the table of labels; labels among the rows are read all the same."""
        return changed(self, labels=None, unlabeled=self.labels is not None)

    @property
    def of_labels(self) -> Columns | None:
        """The columns of the table of labels: its keys as categories, and a time that is constant if it has none."""
        if self.labels is None:
            return None
        target = self.labels.target or self.target
        timeless = {} if self.labels.time else {NO_TIME: "'1970-01-01'"}
        scored = isinstance(self.labels, PredictionTable)
        types: dict[str, Any] = {target: self.target_type} if self.target_type and not scored else {}
        types |= self.labels.types
        return Columns.model_construct(
            time=self.labels.time or NO_TIME,
            time_zone=self.time_zone,
            target=target,
            categorical=self.labels.key,
            types=types,
            derived=timeless | self.labels.derived,
            filter=self.labels.filter if isinstance(self.labels, PredictionTable) else None,
        )


NO_TIME = "driftloop: no time"
