"""A guess at what the columns of a sample are: time, target, task, and the kind of each feature. Reads no source."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from driftloop.monitoring.errors import ConfigError, DriftloopError, clipped, listed, meant
from driftloop.monitoring.settings.columns import PREDICTION, Columns, ColumnType
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.engines import column_sql
from driftloop.monitoring.tasks import TASKS, Task
from driftloop.pipelines.init.codes import likely_codes
from driftloop.pipelines.init.figures import Figures, as_numbers, figures, no_labels
from driftloop.pipelines.init.times import is_time, readings, time_column, without_offset

if TYPE_CHECKING:
    import pandas as pd

TARGET_NAMES = (
    *("target", "y", "label", "class", "outcome", "response", "y_true", "ground_truth", "truth", "actual"),
    *("churn", "churned", "converted", "is_fraud", "fraud", "default", "defaulted", "stars", "rating"),
)
# What a model said, which a log keeps beside the rows: it would leak the answer into the next one.
OUTPUTS = re.compile(
    r"(y_?)?(pred|predicted|predictions?|yhat|y_hat)|(pred|predicted|prediction)_.*|.*_(pred|prediction)"
)
# The same where the column of predictions is there too.
BESIDE_OUTPUTS = re.compile(
    r"(model|model_?(version|name|id)|version|scores?|proba.*|prob|confidence|.*_(score|proba|probability))"
)
IDENTIFIER = re.compile(r"(^|.*[_\s.-])(id|ids|uuid|guid|hash|key|token)$|.*(Id|ID|UUID)$")
NUMBERED = re.compile(r"(^|.*[_\s.-])(nr|no|number|nummer)$|.*(Nr|No|Number|nr|nummer)$")
CODE = re.compile(r"(^|.*[_\s.-])(code|zip|zipcode|zip_code|plz|postcode|postal_code)$|^(zip|plz).*", re.IGNORECASE)
FEW_LEVELS = 20
# Whole numbers of more values than a rating has are classes only where each of them is common.
RATING = 11
MANY_CLASSES = 50
# Whole numbers beyond it are ids: no quantity has 16 digits.
EXACT = 1 << 53
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
    """What the columns of a sample seem to be.

    `times`: expressions for a time column that holds no times as it is. `written`: how the numbers are written in
    columns of text. `no_label`: values of the target that stand for a missing label. `rare`: the share of the second
    most frequent class. `named`: the target has the name of one, or was given. `types`: how columns of text are read,
    where other rows could make something else of them. `codes`: numeric columns that may be categories, with how many
    values they have. `naive`: the times carry no offset.
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
            name = column_sql(self.engine, self.target)
            words = ", ".join("'" + word.replace("'", "''") + "'" for word in self.no_label)
            found[self.target] = f"CASE WHEN {name} IN ({words}) THEN NULL ELSE {name} END"
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
    kinds = {str(name): _kind(read[name], source) for name in frame.columns if name != time}
    kinds |= _outputs(list(kinds))
    target, named = _target(read, kinds, _pick(frame, given_target, "--target"), time)
    numeric = [name for name, kind in kinds.items() if kind == "numeric" and name != target]
    categorical = [name for name, kind in kinds.items() if kind == "categorical" and name != target]
    if not numeric and not categorical:
        left = {name: kind for name, kind in kinds.items() if name != target}
        raise ConfigError(
            "init",
            "columns",
            "no column is left to predict from"
            + (f": {_reasons(left)}" if left else f" beside {time!r} and {target!r}"),
            expected="at least one feature: a column of numbers or categories that varies",
            remedy="add columns, or write the model file by hand from docs/config.md",
        )
    left_out = {name: kind for name, kind in kinds.items() if name not in {target, *numeric, *categorical}}
    labels = read[target]
    no_label = () if target in written else no_labels(labels)
    labels = labels.where(~labels.isin(no_label))
    return Guess(
        time,
        target,
        _task(labels),
        numeric,
        categorical,
        left_out,
        times,
        {name: how for name, how in written.items() if name in {target, *numeric, *categorical}},
        no_label,
        _rare(labels),
        int(labels.dropna().nunique()),
        named,
        source,
        _types(frame, [*numeric, target], written),
        likely_codes(read, numeric),
        without_offset(frame[time], times),
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
            remedy="correct the name." + meant(given, map(str, frame.columns)),
        )
    return given


def _outputs(names: list[str]) -> dict[str, str]:
    """Columns with outputs of a model, found by their names."""
    plain = {name: re.sub(r"[\s.-]+", "_", name.strip().casefold()) for name in names}
    found = {name: "a model's output, by its name" for name in names if OUTPUTS.fullmatch(plain[name])}
    if found:
        found |= {
            name: f"about a model's output, by its name beside {next(iter(found))}"
            for name in names
            if name not in found and BESIDE_OUTPUTS.fullmatch(plain[name])
        }
    if PREDICTION in names:
        found[PREDICTION] = f"a model's output; to use it: columns.derived: {{logged_{PREDICTION}: {PREDICTION}}}"
    return found


def _target(read: pd.DataFrame, kinds: dict[str, str], given: str | None, time: str) -> tuple[str, bool]:
    """The target, and whether it was named. A column without anything to learn is refused, or passed over."""
    if given is not None:
        why = "the time column" if given == time else _no_target(read[given], kinds[given], given)
        if why:
            raise ConfigError(
                "init",
                "--target",
                f"{given!r} cannot be the target: {why}",
                expected="a column of numbers or classes that varies",
                remedy=_instead(given, why),
            )
        return given, True
    usable = {name: kind for name, kind in kinds.items() if not _no_target(read[name], kind, name, guessed=True)}
    if not usable:
        raise ConfigError(
            "init",
            "--target",
            f"no column can be the target: {_reasons(kinds)}" if kinds else f"{time!r} is the only column",
            expected="a column of numbers or classes that varies, and features to predict it from",
            remedy="give a file or table with such columns; name the target with --target",
        )
    known = {name.casefold(): name for name in kinds}
    named = [known[name] for name in TARGET_NAMES if name in known]
    found = next((name for name in named if name in usable), None)
    if found is not None:
        return found, True
    broken = next((name for name in named if kinds[name] in ("only nulls", "constant")), None)
    if broken is not None:
        raise ConfigError(
            "init",
            "--target",
            f"{broken!r} is called like a target and has {'one value' if kinds[broken] == 'constant' else 'no values'}",
            expected="a column of numbers or classes that varies",
            remedy="give rows with labels, or name another column with --target",
        )
    late = [name for name in usable if _comes_late(read[name])]
    return (late or list(usable))[-1], False


def _no_target(values: pd.Series, kind: str, name: str, *, guessed: bool = False) -> str:
    """Why a column cannot be the target; empty if it can. A given one may be what a guess would pass over."""
    if kind == "constant":
        return f"it has the single value {clipped(str(values.dropna().iloc[0]), 40)!r}"
    if name == PREDICTION:
        return f"{PREDICTION!r} is the name of the model's own output"
    if kind in {"numeric", "categorical"}:
        many = guessed and kind == "categorical" and values.nunique() > MANY_CLASSES
        return f"{values.nunique():,} different texts" if many else ""
    if kind in {"only nulls", "nested values", "free text", "no name"} or guessed:
        return kind
    numbers = kind in {"an identifier", "a row number"} and values.dtype.kind in "iuf"
    return "" if numbers or kind.startswith(("a model", "about a model")) else kind


def _instead(given: str, why: str) -> str:
    if given == PREDICTION:
        return (
            f"rename the column, or write the model file with columns.derived: {{logged: {PREDICTION}}}, target: logged"
        )
    if "single value" in why or why == "only nulls":
        return "name another column, or give rows in which it varies"
    return "name another column"


def _reasons(kinds: dict[str, str]) -> str:
    return listed_as_text([f"{name!r} ({why})" for name, why in kinds.items()])


def listed_as_text(parts: list[str], most: int = 8) -> str:
    """Join a few parts and count the rest."""
    rest = f" and {len(parts) - most} more" if len(parts) > most else ""
    return ", ".join(parts[:most]) + rest


def _comes_late(values: pd.Series) -> bool:
    """Whether the newest values are missing and the older ones are not, as labels that take time do."""
    newest, older = values.iloc[-len(values) // 20 :], values.iloc[: len(values) // 2]
    return bool(newest.isna().mean() > 0.9 and older.isna().mean() < 0.5)


def _kind(values: pd.Series, source: Source) -> str:
    """`numeric`, `categorical`, or the reason why the column is left out."""
    import pandas as pd

    seen = values.dropna()
    if not str(values.name) or seen.empty:
        return "no name" if not str(values.name) else "only nulls"
    if is_time(values) or readings(values, source):
        return "a time"
    try:
        distinct = seen.nunique()
    except TypeError:
        return "nested values"
    if distinct == 1:
        return "constant"
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        return _kind_of_numbers(seen, distinct)
    return _kind_of_text(seen, distinct)


def _kind_of_text(seen: pd.Series, distinct: int) -> str:
    if distinct <= FEW_LEVELS or (distinct <= 0.5 * len(seen) and _come_back(seen)):
        return "categorical"
    return "free text" if seen.astype(str).str.count(r"\s").median() >= 2 else "an identifier"


def _kind_of_numbers(seen: pd.Series, distinct: int) -> str:
    whole = bool((seen % 1 == 0).all())
    if not whole:
        return "numeric"
    name = str(seen.name)
    if distinct > FEW_LEVELS and distinct == len(seen) and _counts_on(seen):
        return "a row number"
    if seen.abs().min() > EXACT:
        return "categorical" if distinct <= FEW_LEVELS or _come_back(seen) else "an identifier"
    called = CODE.fullmatch(name) or IDENTIFIER.fullmatch(name)
    if called or NUMBERED.fullmatch(name):
        unique = distinct > FEW_LEVELS and (distinct > 0.5 * len(seen) or not _come_back(seen))
        return "an identifier" if unique else "categorical" if called else "numeric"
    return "numeric"


def _counts_on(seen: pd.Series) -> bool:
    """Whether the numbers rise or fall with the rows all along."""
    import numpy as np

    ranks, places = seen.rank().to_numpy(), np.arange(len(seen))
    return bool(abs(np.corrcoef(ranks, places)[0, 1]) > 0.999)


def _come_back(seen: pd.Series) -> bool:
    """Whether most values of the newer rows were there in the older ones: else a model can learn nothing from them."""
    at = int(len(seen) * 0.7)
    return bool(seen.iloc[at:].isin(seen.iloc[:at]).mean() >= 0.5)


def _task(values: pd.Series) -> Task:
    import pandas as pd

    seen = values.dropna()
    distinct = seen.nunique()
    if distinct <= 2:
        return "binary"
    if not pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        return "multiclass"
    if distinct > FEW_LEVELS or not (seen % 1 == 0).all():
        return "regression"
    rarest = seen.value_counts().min() / len(seen)
    return "multiclass" if distinct <= RATING or rarest >= 0.005 else "regression"


def _rare(labels: pd.Series) -> float:
    """The share of the second most frequent class, of which there must be enough in every window."""
    shares = labels.dropna().value_counts(normalize=True)
    return float(shares.iloc[1]) if len(shares) > 1 else 1.0
