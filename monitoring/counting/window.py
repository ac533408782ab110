"""A window counted where its rows are: profiles, counts for preflight, digest, and the few rows that a check needs."""

# ruff: noqa: S608  (names are quoted by sqlglot, values by us; expressions of the config are checked in expressions.py)
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from driftloop.monitoring.counting import levels, numbers, rows
from driftloop.monitoring.counting.by_row import by_row
from driftloop.monitoring.counting.dialects import DIALECTS, Dialect
from driftloop.monitoring.counting.plan import Countable, Labeled, NotCounted, Part, Plan, WindowCounts
from driftloop.monitoring.errors import clipped
from driftloop.monitoring.profiles import NumericProfile, Profile, Profiles
from driftloop.monitoring.profiles.levels import measure as no_levels
from driftloop.monitoring.profiles.numbers import measure as no_numbers
from driftloop.monitoring.quality.joined import Joined
from driftloop.monitoring.quality.lateness import Lateness
from driftloop.monitoring.quality.tally import Counted, Tally
from driftloop.monitoring.records import ColumnReference, Kind, Window
from driftloop.monitoring.rows.coerced import Coerced
from driftloop.monitoring.sources import times
from driftloop.monitoring.sources.engines import EngineError, dialect_of
from driftloop.monitoring.sources.snapshot import Snapshot, snapshot

if TYPE_CHECKING:
    from driftloop.monitoring.settings.reading import Reading


@contextmanager
def count_window(
    config: Countable, plan: Plan, folder: Path, most: int, reading: Reading | None = None
) -> Iterator[tuple[WindowCounts, Labeled]]:
    """Count a window in one view of the table; raise NotCounted where the rows have to be read.

    Labeled rows come in pieces of about `most`.
    """
    source, columns = config.source, reading or config.reading
    dialect = DIALECTS.get(dialect_of(source)) if source.url is not None else None
    if dialect is None:
        raise NotCounted("files and this engine are read by driftloop, which counts them faster")
    with snapshot(source, columns, folder) as view:
        if view is None:
            raise NotCounted("the source has no rows")
        if view.kind == "text":
            raise NotCounted(f"{columns.time} is text, whose times are read row by row")
        asked = _Asked(view, dialect, config, plan, most)
        try:
            counts = asked.counts()
        except EngineError as failed:
            raise NotCounted(f"the database refused to count: {clipped(str(failed), 120)}") from None
        names = list(columns.in_rows)
        frames = view.frames(plan.labelled, names, asked.labeled if plan.labels else "1 = 0", most)
        yield counts, Labeled(frames, view.schema)


class _Asked:
    """The statements of one count."""

    def __init__(self, view: Snapshot, dialect: Dialect, config: Countable, plan: Plan, most: int) -> None:
        self.view, self.dialect, self.config, self.plan, self.most = view, dialect, config, plan, most
        self.columns = config.columns
        self.inside = view.inside(plan.window)
        self.kinds: dict[str, Kind] = {
            name: self.columns.extra[name] if name in self.columns.extra_alone() else config.kind(name)
            for name in dict.fromkeys((*self.columns.extra_alone(), *self.columns.features, self.columns.target))
        }
        self.types = view.types(list(dict.fromkeys([self.columns.time, *self.columns.id, *self.kinds])))
        odd = [n for n, k in self.kinds.items() if k == "numeric" and self.types[n] not in numbers.COUNTABLE]
        if odd:
            raise NotCounted(f"{odd[0]} is numeric in the config and not of a type of numbers in the database")
        self.by_row: dict[str, str] = {}
        self.finite: set[str] = set()  # columns as SQL

    @cached_property
    def labeled(self) -> str:
        """The condition that a row has a label."""
        target = self.columns.target
        return rows.present(self.dialect, self.quoted(target), self.types[target], self.kinds[target])

    @property
    def parts(self) -> dict[str, tuple[str, Kind | None]]:
        """All columns as SQL, each with its type and its kind."""
        return {
            self.quoted(self.columns.time): (self.types[self.columns.time], None),
            **{self.quoted(name): (self.types[name], "categorical") for name in self.columns.id_alone},
            **{self.quoted(name): (self.types[name], kind) for name, kind in self.kinds.items()},
        }

    def quoted(self, name: str) -> str:
        return self.view.relation.names([name])

    def ask(self, sql: str, names: Sequence[str]) -> pd.DataFrame:
        """The answer to a statement under these names: some databases write their own in capitals."""
        return self.view.fetch(sql).set_axis(list(names), axis=1)

    def counts(self) -> WindowCounts:
        """Ask everything; the fewest rows first."""
        many, labeled, late = self._ends()
        self._refuse_few(many)
        each = {name: self._column(name, kind) for name, kind in self.kinds.items()}
        summary = rows.summary(self.dialect, rows.hashed(self.dialect, self.parts, self.finite), self.inside)
        total = self.ask(summary, ("n", "different", "total")).iloc[0]
        wrong = [name for name, parts in each.items() if sum(part[1].rows for part in parts) != many]
        if wrong or int(total["n"]) != many:
            raise NotCounted("rows were written while the columns were counted, and the engine keeps no view of them")
        target, reference = self.columns.target, self.plan.reference
        profiles = {name: self._profile(parts) for name, parts in each.items() if name in self.plan.profiles}
        features = {one.name: each[one.name] for one in reference.of_role("feature") if one.name in each}
        tally = Tally({name: _whole(parts) for name, parts in features.items()}, each[target][0][1])
        coerced = tuple(_added([part[2] for part in parts]) for parts in each.values())
        return WindowCounts(
            rows=many,
            digest=f"{many}/{int(total['different'])}/{total['total']}",
            repeated_share=(many - int(total["different"])) / max(many, 1),
            profiles=Profiles(many, profiles),
            tally=tally,
            coerced=coerced,
            late=late,
            labeled=labeled,
            sample=self._sample(many),
            by_row=self.by_row,
            ids=self._ids(),
        )

    def _ids(self) -> Joined | None:
        """Rows without an id, and rows that share one, from the first row to the last one."""
        if not self.columns.id:
            return None
        inside = self.view.inside(self.plan.span)
        ids = {self.quoted(name): self.types[name] for name in self.columns.id}
        there, repeated = rows.shared(self.dialect, ids, inside)
        counts = f"SELECT COUNT(*) AS n, COUNT(CASE WHEN {there} THEN 1 END) AS named FROM {inside}"
        many, named = map(int, self.ask(counts, ("n", "named")).iloc[0])
        twice = self.ask(repeated, ("repeated",))["repeated"].iloc[0]
        return Joined(rows=many, keyless=many - named, repeated=0 if pd.isna(twice) else int(twice))

    def _ends(self) -> tuple[int, int, Lateness]:
        """Rows of the window, labeled ones of the labeled window, and where rows and labels end."""
        time, plan = self.quoted(self.columns.time), self.plan
        labeled = f"CASE WHEN {self.labeled} THEN {time} END"
        parts = {"window": plan.window, "labelled": plan.labelled}
        inside = {name: self._between(window) for name, window in parts.items()}
        found = self.ask(
            f"SELECT MIN({time}) AS oldest, MAX({time}) AS newest, MAX({labeled}) AS labeled, "
            f"COUNT(CASE WHEN {inside['window']} THEN 1 END) AS n, "
            f"COUNT(CASE WHEN {inside['labelled']} AND {self.labeled} THEN 1 END) AS known "
            f"FROM {self.view.inside(plan.span)}",
            ("oldest", "newest", "labeled", "n", "known"),
        )
        zone, where = self.columns.time_zone, self.view.relation.where
        ends = [
            None if found[name].isna().any() else times.to_utc(found[name], self.view.kind, zone, where).iloc[0]
            for name in ("oldest", "newest", "labeled")
        ]
        oldest, newest, newest_label = (None if one is None else one.to_pydatetime() for one in ends)
        return int(found["n"].iloc[0]), int(found["known"].iloc[0]), Lateness(oldest, newest, newest_label)

    def _between(self, window: Window) -> str:
        return f"({self.view.before(window.end)} AND NOT ({self.view.before(window.start)}))"

    def _refuse_few(self, many: int) -> None:
        """Have all rows read where most of them come over anyway."""
        if self.plan.forced:
            return
        if many <= self.plan.sample:
            raise NotCounted(f"the {many:,} rows of the window are no more than the sample for the report")
        if self.plan.labels:
            both = self.view.inside(self.plan.window, f"{self._between(self.plan.labelled)} AND {self.labeled}")
            known = int(self.ask(f"SELECT COUNT(*) AS n FROM {both}", ("n",))["n"].iloc[0])
            if 2 * known > many:
                raise NotCounted(f"the loss needs {known:,} of the {many:,} rows of the window, which have labels")

    def _column(self, name: str, kind: Kind) -> list[Part]:
        """Count a column: the rows whose label is due, then the others; features in one part."""
        cells = self._cells(name, kind)
        due = self.view.before(self.plan.due) if name == self.columns.target else None
        due = None if self.plan.due >= self.plan.window.end else due
        column = self.plan.reference.column(name)
        value, kind_there = self.quoted(name), self.types[name]
        try:
            if isinstance(cells, NumericProfile):
                return self._numbers(name, cells, column, due)
            sql = levels.statement(self.dialect, value, kind_there, self.inside, due)
            found = self.ask(sql, (*(() if due is None else (levels.DUE,)), name, levels.ROWS))
            if len(found) <= levels.MOST_VALUES:
                return [
                    levels.answer(name, cells, column, part[name], part[levels.ROWS].to_numpy(np.int64))
                    for part in _parted(found, levels.DUE)
                ]
            self.by_row[name] = f"it has more than {levels.MOST_VALUES:,} different values"
        except EngineError as failed:
            self.by_row[name] = f"the database refused to count it: {clipped(str(failed), 120)}"
        return by_row(self.view, self.inside, name, cells, column, due or "1 = 1", self.most)

    def _numbers(self, name: str, cells: NumericProfile, column: ColumnReference | None, due: str | None) -> list[Part]:
        value, kind, ends = self.quoted(name), self.types[name], numbers.groups(cells, column)
        names = numbers.ANSWER if due is None else (numbers.DUE, *numbers.ANSWER)
        try:
            found = self.ask(numbers.statement(self.dialect, value, kind, ends, self.inside, due), names)
        except EngineError:  # of a value whose square overflows
            fences = (cells.fence_low, cells.fence_high)
            found = self.ask(numbers.statement(self.dialect, value, kind, ends, self.inside, due, fences), names)
        nowhere = found["place"].isna().any() and not self.dialect.nan_is_last
        if not (nowhere or found["place"].isin([0, len(ends)]).any()):
            self.finite.add(value)
        answers = []
        for part in _parted(found, numbers.DUE):
            inside = self.inside
            if due is not None:
                inside += f" AND ({due})" if part[numbers.DUE].iloc[:1].all() else f" AND NOT ({due})"
            infinite = rounded = 0
            sql = numbers.further(self.dialect, value, kind, ends, part, inside)
            if sql is not None:
                infinite, rounded = map(int, self.ask(sql, numbers.FURTHER).iloc[0])
            answers.append(numbers.answer(name, cells, column, part, infinite=infinite, rounded=rounded))
        return answers

    def _cells(self, name: str, kind: Kind) -> Profile:
        if name in self.plan.profiles:
            return self.plan.profiles[name].empty()
        return no_numbers(np.empty(0)) if kind == "numeric" else no_levels({})

    def _profile(self, parts: list[Part]) -> Profile:
        # A label that is not due counts as none.
        first, later = parts[0][0], parts[1][1].rows if len(parts) > 1 else 0
        return replace(first, nulls=first.nulls + later)

    def _sample(self, many: int) -> pd.DataFrame:
        names = list(self.config.reading.in_rows)
        drawn = rows.draw(self.dialect, self.parts, many, self.plan.sample)
        parts = list(self.view.frames(self.plan.window, names, drawn, self.most))
        made = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
        return made.sort_values(self.columns.time, kind="stable", ignore_index=True)


def _parted(found: pd.DataFrame, due: str) -> list[pd.DataFrame]:
    """The answer for rows whose label is due, and that for others if there are some."""
    if due not in found:
        return [found]
    marked = found[due].to_numpy(bool)
    return [found[marked]] if marked.all() else [found[marked], found[~marked]]


def _whole(parts: list[Part]) -> Counted:
    (only,) = parts
    return only[1]


def _added(parts: list[Coerced]) -> Coerced:
    total = parts[0]
    for part in parts[1:]:
        total += part
    return total
