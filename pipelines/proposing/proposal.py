"""Look at the columns of a file or table and write a commented config for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from monitoring.config import Columns, Source
from monitoring.errors import BadExpression, ConfigError, DriftloopError, listed, meant
from monitoring.records import Window
from pipelines.proposing.model_file import written
from pipelines.proposing.places import slug, source_of
from pipelines.proposing.spans import moment_after, proposed_windows
from pipelines.proposing.times import is_time, readings, time_column
from pipelines.refusal import worded

if TYPE_CHECKING:
    import pandas as pd

TARGET_NAMES = ("target", "y", "label", "class", "outcome", "response")
FEW_LEVELS = 20


@dataclass(frozen=True)
class Proposal:
    """What was written, what was guessed, and two moments: for a first training and for a first check."""

    file: Path
    said: str
    first: str
    now: str


@dataclass(frozen=True)
class Guess:
    """What the columns of a sample seem to be. `times`: expressions for a time column that holds no times as it is."""

    time: str
    target: str
    task: str
    numeric: list[str]
    categorical: list[str]
    left_out: dict[str, str]
    times: tuple[str, ...] = ()

    @property
    def derived(self) -> dict[str, str]:
        """The time under its own name, by the likeliest expression."""
        return {self.time: self.times[0]} if self.times else {}

    def columns(self, *features: str) -> Columns:
        """The columns to read: all features, or those that are named."""
        numeric, categorical = ((), features) if features else (self.numeric, self.categorical)
        return Columns(
            time=self.time, target=self.target, numeric=numeric, categorical=categorical, derived=self.derived
        )


def propose(
    data: str,
    *,
    table: str | None,
    model: str | None,
    target: str | None,
    time: str | None,
    time_format: str | None = None,
    output: Path | None,
    force: bool,
) -> Proposal:
    """Write a config for a data file, glob or table. Refuses to overwrite unless forced."""
    from monitoring import sources

    # Of `trips/*.csv` the folder's name says more than the file's.
    name = model or slug(table or Path(data).name) or slug(Path(data).parent.name) or "model"
    if time_format is not None and time is None:
        raise ConfigError(
            "init", "--time-format", "a format without its column", expected="both", remedy="add --time COLUMN"
        )
    file = output or Path(f"{name}.yaml")
    if file.exists() and not force:
        raise ConfigError(
            str(file), "", "is there already", expected="a new file", remedy="--force, or --output OTHER.yaml"
        )
    try:
        given = source_of(data, table, Path())
    except ValidationError as error:
        raise worded(Path("init"), error, Source) from None
    frame = sources.sample(given, Path.cwd())
    guess = look(frame, given, given_target=target, given_time=time, time_format=time_format)
    guess, span = _spanned(given, guess)
    if span is None:
        raise NothingToLookAt(data)
    rows = sources.count_rows(given, guess.columns(), span, Path.cwd())
    # Rows that stand in both samples would make an identifier look as if it came back: the first look stays.
    names = {column: why for column, why in guess.left_out.items() if why in {"an identifier", "a row number"}}
    wider = _with_newest(given, frame, guess, span, rows).drop(columns=list(names))
    times = guess.times
    guess = look(wider, given, given_target=guess.target, given_time=guess.time)
    guess = replace(guess, left_out={**names, **guess.left_out}, times=times)
    current, training, holdout = proposed_windows(span.length, rows)
    text = written(
        model=name,
        task=guess.task,
        source=source_of(data, table, file.parent),
        time=guess.time,
        target=guess.target,
        numeric=guess.numeric,
        categorical=guess.categorical,
        left_out=guess.left_out,
        derived=guess.derived,
        current=current,
        training=training,
        holdout=holdout,
        rows_a_window=int(rows * current / span.length),
    )
    _write(file, text)
    ready = min(span.start + training + current, span.end)
    features = len(guess.numeric) + len(guess.categorical)
    told = f"{guess.task} of {guess.target!r} over {guess.time!r} from {features} features, {rows:,} rows"
    if guess.derived:
        told += f"; {guess.time!r} is read by {guess.times[0]}"
    if guess.left_out:
        told += "; left out " + ", ".join(f"{column!r} ({why})" for column, why in guess.left_out.items())
    return Proposal(file, told, moment_after(ready, current), moment_after(span.end, current))


def _with_newest(given: Source, frame: pd.DataFrame, guess: Guess, span: Window, rows: int) -> pd.DataFrame:
    """The sample with the newest rows beside it: what is constant or empty at the start may come to life later."""
    import pandas as pd

    from monitoring import sources

    if rows <= len(frame):
        return frame
    others = tuple(str(column) for column in frame.columns if column not in {guess.time, guess.target})
    newest = Window(start=span.end - span.length * len(frame) / rows, end=span.end)
    late = sources.read_rows(given, guess.columns(*others), newest, Path.cwd()).frame
    return pd.concat([frame, late], ignore_index=True)


def _spanned(given: Source, guess: Guess) -> tuple[Guess, Window | None]:
    """The guess with one expression for its time at most, and the span of all rows: they tell what a sample cannot."""
    from monitoring import sources

    spans: dict[tuple[str, ...], Window | None] = {}
    refused: BadExpression | None = None
    for times in [guess.times[at : at + 1] for at in range(len(guess.times) or 1)]:
        try:
            spans[times] = sources.span(given, replace(guess, times=times).columns(), Path.cwd())
        except BadExpression as error:
            refused = refused or error
    if refused is not None and not spans:
        raise refused
    if len(spans) > 1:
        raise ConfigError(
            "init",
            "--time",
            f"{guess.time!r} can be read as {' or as '.join(how for (how,) in spans)}",
            expected="times that are read in one way",
            remedy=f"say which: --time {guess.time} --time-format FORMAT, the text between the single quotes",
        )
    ((times, span),) = spans.items()
    return replace(guess, times=times), span


def _write(file: Path, text: str) -> None:
    """Write a model file that can be read; one that cannot, for the name of the model say, leaves nothing behind."""
    from pipelines.config import load

    file.parent.mkdir(parents=True, exist_ok=True)
    before = file.read_bytes() if file.exists() else None
    file.write_text(text, "utf-8")
    try:
        load(file)
    except DriftloopError:
        if before is None:
            file.unlink()
        else:
            file.write_bytes(before)
        raise


class NothingToLookAt(DriftloopError):
    """A source without a single row with a time tells nothing."""

    def __init__(self, data: str) -> None:
        super().__init__(
            f"{data} has no rows to look at", expected="some rows of history", remedy="give a file or table with rows"
        )


def look(
    frame: pd.DataFrame,
    source: Source,
    *,
    given_target: str | None = None,
    given_time: str | None = None,
    time_format: str | None = None,
) -> Guess:
    """Guess time column, target, task and the kinds of the features from a sample of a source."""
    if frame.empty:
        raise NothingToLookAt("the source")
    time = _pick(frame, given_time, "--time") or time_column(frame, source)
    times = readings(frame[time], source, given=True, form=time_format)
    target = _pick(frame, given_target, "--target") or _find_target(frame, time)
    numeric: list[str] = []
    categorical: list[str] = []
    left_out: dict[str, str] = {}
    for column in frame.columns:
        if column in {time, target}:
            continue
        kind = _kind(frame[column], source)
        if kind == "numeric":
            numeric.append(column)
        elif kind == "categorical":
            categorical.append(column)
        else:
            left_out[column] = kind
    if not numeric and not categorical:
        raise ConfigError(
            "init",
            "columns",
            "no column is left to predict from",
            expected="at least one feature",
            remedy="add columns",
        )
    return Guess(time, target, _task(frame[target]), numeric, categorical, left_out, times)


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


def _find_target(frame: pd.DataFrame, time: str) -> str:
    known = {str(column).lower(): str(column) for column in frame.columns if column != time}
    named = next((known[name] for name in TARGET_NAMES if name in known), None)
    return named or [str(column) for column in frame.columns if column != time][-1]


def _kind(values: pd.Series, source: Source) -> str:
    """`numeric`, `categorical`, or the reason why the column is left out."""
    import pandas as pd

    seen = values.dropna()
    if seen.empty:
        return "only nulls"
    if is_time(values) or readings(values, source):
        return "a time"
    try:
        distinct = seen.nunique()
    except TypeError:
        return "nested values"
    if distinct == 1:
        return "constant"
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        whole = pd.api.types.is_integer_dtype(values.dtype)
        counts_up = whole and distinct == len(values) and seen.is_monotonic_increasing
        return "a row number" if counts_up and distinct > FEW_LEVELS else "numeric"
    return "an identifier" if distinct > FEW_LEVELS and distinct > 0.9 * len(seen) else "categorical"


def _task(values: pd.Series) -> str:
    import pandas as pd

    distinct = values.dropna().nunique()
    if distinct <= 2:
        return "binary"
    number = pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)
    if number and (distinct > FEW_LEVELS or pd.api.types.is_float_dtype(values.dtype)):
        return "regression"
    return "multiclass"
