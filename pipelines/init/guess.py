"""A guess at what the columns of a sample are: time, target, task, and the kind of each feature. Reads no source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from driftloop.monitoring.errors import ConfigError, DriftloopError, listed, suggestion
from driftloop.monitoring.settings.columns import Columns, ColumnType
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.tasks import TASKS, Task
from driftloop.pipelines.init.codes import likely_codes
from driftloop.pipelines.init.figures import Figures, as_numbers, figures, missing_labels, no_labels
from driftloop.pipelines.init.kinds import kind_of, outputs, weight_of
from driftloop.pipelines.init.spellings import spellings
from driftloop.pipelines.init.target import chosen_target, reasons, second_share, task_of
from driftloop.pipelines.init.times import readings, time_column, without_offset

if TYPE_CHECKING:
    import pandas as pd

LEAST_ROWS = 20


class NothingToLookAt(DriftloopError):
    """A source without a single row with a time."""

    def __init__(self, data: str) -> None:
        super().__init__(
            f"{data} has no rows to look at", expected="some rows of history", remedy="give a file or table with rows"
        )


class TooFewRows(ConfigError):
    """A source with so few rows that any guess would be chance. Exit code 2."""

    def __init__(self, rows: int) -> None:
        super().__init__(
            "init",
            "DATA",
            f"{rows} row{'s are' if rows > 1 else ' is'} too few to guess the columns from",
            expected=f"at least {LEAST_ROWS} rows of history",
            remedy="give a file or table with more rows",
        )


@dataclass(frozen=True)
class Guess:
    """Guess from the columns of a sample.

    `times`: expressions for a time column that holds no times as it is. `written`: how the numbers are written in
    columns of text. `no_label`: values of the target that mean a missing label. `rare`: the share of the second
    most frequent class. `named`: the target has the name of one, or was given. `types`: how columns of text are read,
    where other rows could make something else of them. `codes`: numeric columns that may be categories, with how many
    values they have. `naive`: the times carry no offset. `spelled`: categories whose levels differ in case or outer
    spaces only. `timed`: the number of values of the time in
    the sample. `weight`: a column that is called like the weight of a row, and holds numbers of at least 0.
    """

    time: str
    target: str
    task: Task
    numeric: list[str]
    categorical: list[str]
    left_out: dict[str, str]
    times: tuple[str, ...] = ()
    written: dict[str, Figures] = field(default_factory=dict)
    no_label: tuple[str, ...] = ()
    rare: float = 0.5
    classes: int = 0
    named: bool = True
    engine: Source | None = None
    types: dict[str, ColumnType] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    naive: bool = False
    spelled: dict[str, tuple[str, ...]] = field(default_factory=dict)
    timed: int = 0
    weight: str | None = None

    @property
    def has_classes(self) -> bool:
        """Whether the target seems to be names of classes, and no number."""
        return TASKS[self.task].has_classes

    @property
    def derived(self) -> dict[str, str]:
        """The columns that are read by an expression, each under its own name; the time by the likeliest one."""
        assert self.engine is not None
        found = {self.time: self.times[0]} if self.times else {}
        found |= {name: how.sql(name, self.engine) for name, how in self.written.items()}
        if self.no_label:
            found[self.target] = missing_labels(self.engine, self.target, self.no_label)
        return found

    def least(self) -> Columns:
        """Return the columns that are read to count rows and labels over time: the fewest that a reading takes."""
        derived = {name: how for name, how in self.derived.items() if name in {self.time, self.target}}
        feature = next(name for name in (*self.numeric, *self.categorical) if name not in derived)
        types: dict[str, ColumnType] = {name: kind for name, kind in self.types.items() if name == self.target}
        if not self.has_classes and self.engine is not None and self.engine.path and self.target not in derived:
            types.setdefault(self.target, "number")
        return Columns(time=self.time, target=self.target, categorical=(feature,), types=types, derived=derived)


def chosen_time(
    frame: pd.DataFrame, source: Source, given: str | None = None, form: str | None = None
) -> tuple[str, tuple[str, ...]]:
    """Return the time column and the expressions that make times of it, none where it holds times."""
    if frame.empty:
        raise NothingToLookAt("the source")
    time = _pick(frame, given, "--time") or time_column(frame, source)
    if len(frame) < LEAST_ROWS:
        raise TooFewRows(len(frame))
    return time, readings(frame[time], source, given=True, form=form)


def look(
    frame: pd.DataFrame,
    source: Source,
    *,
    given_target: str | None = None,
    given_time: str | None = None,
    time_format: str | None = None,
) -> Guess:
    """Guess time column, target, task and the kinds of the features from a sample, which should be in order of time."""
    time, times = chosen_time(frame, source, given_time, time_format)
    written = {str(name): how for name in frame.columns if name != time and (how := figures(frame[name])) is not None}
    read = frame.assign(**{name: as_numbers(frame[name], how) for name, how in written.items()})
    kinds = {str(name): kind_of(read[name], source) for name in frame.columns if name != time}
    kinds |= outputs(list(kinds))
    target, named = chosen_target(read, kinds, _pick(frame, given_target, "--target"), time)
    weight = weight_of(read, [name for name, kind in kinds.items() if kind == "numeric" and name != target])
    numeric = [name for name, kind in kinds.items() if kind == "numeric" and name not in {target, weight}]
    categorical = [name for name, kind in kinds.items() if kind == "categorical" and name != target]
    if not numeric and not categorical:
        left = {name: kind for name, kind in kinds.items() if name != target}
        raise ConfigError(
            "init",
            "columns",
            "no column is left to predict from"
            + (f": {reasons(left)}" if left else f" beside {time!r} and {target!r}"),
            expected="at least one feature: a column of numbers or categories that varies",
            remedy="add columns, or write the model file manually from docs/config.md",
        )
    left_out = {name: kind for name, kind in kinds.items() if name not in {target, weight, *numeric, *categorical}}
    labels = read[target]
    no_label = () if target in written else no_labels(labels)
    labels = labels.where(~labels.isin(no_label))
    task = task_of(labels)
    names = [*categorical, target] if TASKS[task].has_classes and target not in written else categorical
    return Guess(
        time,
        target,
        task,
        numeric,
        categorical,
        left_out,
        times,
        {name: how for name, how in written.items() if name in {target, weight, *numeric, *categorical}},
        no_label,
        second_share(labels),
        int(labels.dropna().nunique()),
        named,
        source,
        _types(frame, [*numeric, target, *([weight] if weight else [])], written),
        likely_codes(read, numeric),
        without_offset(frame[time], times),
        {name: several for name in names if (several := spellings(frame[name]))},
        weight=weight,
    )


def _types(frame: pd.DataFrame, names: list[str], written: dict[str, Figures]) -> dict[str, ColumnType]:
    """Types for the columns of a CSV that other rows could make others of: decimal commas, and what is read as text."""
    guessed = frame.attrs.get("types", {})
    found: dict[str, ColumnType] = {}
    for name in names:
        if guessed.get(name) in ("decimal_comma", "thousands_comma"):
            found[name] = guessed[name]
        elif name in guessed and name in written:
            found[name] = "text"
    return found


def _pick(frame: pd.DataFrame, given: str | None, option: str) -> str | None:
    if given is not None and given not in frame.columns:
        raise ConfigError(
            "init",
            option,
            f"there is no column {given!r}",
            expected=f"one of {listed(frame.columns, 20)}",
            remedy="correct the name." + suggestion(given, map(str, frame.columns)),
        )
    return given
