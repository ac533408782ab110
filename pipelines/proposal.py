"""`driftloop init`: look at the columns of a file or table and write a commented config for it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from monitoring.config import Columns, Source
from monitoring.errors import ConfigError, DriftloopError, listed, meant
from monitoring.records import Window
from monitoring.sources.places import database_file, place
from pipelines.model_file import written
from pipelines.proposed_spans import moment_after, proposed_windows
from pipelines.refusal import worded

if TYPE_CHECKING:
    import pandas as pd

TIME_NAMES = ("time", "timestamp", "ts", "datetime", "date", "event_time", "created_at", "created", "day")
TARGET_NAMES = ("target", "y", "label", "class", "outcome", "response")
DATABASES = {"sqlite", "duckdb", "postgres", "postgresql", "mysql", "mssql", "snowflake", "bigquery", "trino", "oracle"}
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
    """What the columns of a sample seem to be."""

    time: str
    target: str
    task: str
    numeric: list[str]
    categorical: list[str]
    left_out: dict[str, str]


def propose(
    data: str,
    *,
    table: str | None,
    model: str | None,
    target: str | None,
    time: str | None,
    output: Path | None,
    force: bool,
) -> Proposal:
    """Write a config for a data file, glob or table. Refuses to overwrite unless forced."""
    from monitoring import sources

    # Of `trips/*.csv` the folder's name says more than the file's.
    name = model or _slug(table or Path(data).name) or _slug(Path(data).parent.name) or "model"
    file = output or Path(f"{name}.yaml")
    if file.exists() and not force:
        raise ConfigError(
            str(file), "", "is there already", expected="a new file", remedy="--force, or --output OTHER.yaml"
        )
    try:
        given = _source(data, table, Path())
    except ValidationError as error:
        raise worded(Path("init"), error, Source) from None
    frame = sources.sample(given, Path.cwd())
    guess = look(frame, given_target=target, given_time=time)
    columns = Columns(
        time=guess.time, target=guess.target, numeric=tuple(guess.numeric), categorical=tuple(guess.categorical)
    )
    span = sources.span(given, columns, Path.cwd())
    if span is None:
        raise NothingToLookAt(data)
    rows = sources.count_rows(given, columns, span, Path.cwd())
    # Rows that stand in both samples would make an identifier look as if it came back: the first look stays.
    names = {column: why for column, why in guess.left_out.items() if why in {"an identifier", "a row number"}}
    wider = _with_newest(given, frame, guess, span, rows).drop(columns=list(names))
    guess = look(wider, given_target=guess.target, given_time=guess.time)
    guess = replace(guess, left_out={**names, **guess.left_out})
    current, training, holdout = proposed_windows(span.length, rows)
    text = written(
        model=name,
        task=guess.task,
        source=_source(data, table, file.parent),
        time=guess.time,
        target=guess.target,
        numeric=guess.numeric,
        categorical=guess.categorical,
        left_out=guess.left_out,
        current=current,
        training=training,
        holdout=holdout,
        rows_a_window=int(rows * current / span.length),
    )
    _write(file, text)
    ready = min(span.start + training + current, span.end)
    features = len(guess.numeric) + len(guess.categorical)
    told = f"{guess.task} of {guess.target!r} over {guess.time!r} from {features} features, {rows:,} rows"
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
    columns = Columns(time=guess.time, target=guess.target, numeric=others)
    return pd.concat([frame, sources.read_rows(given, columns, newest, Path.cwd()).frame], ignore_index=True)


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


def look(frame: pd.DataFrame, *, given_target: str | None = None, given_time: str | None = None) -> Guess:
    """Guess time column, target, task and the kinds of the features from a sample."""
    if frame.empty:
        raise NothingToLookAt("the source")
    time = _pick(frame, given_time, "--time") or _find_time(frame)
    target = _pick(frame, given_target, "--target") or _find_target(frame, time)
    numeric: list[str] = []
    categorical: list[str] = []
    left_out: dict[str, str] = {}
    for column in frame.columns:
        if column in {time, target}:
            continue
        kind = _kind(frame[column])
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
    return Guess(time, target, _task(frame[target]), numeric, categorical, left_out)


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


def _find_time(frame: pd.DataFrame) -> str:
    fitting = [str(column) for column in frame.columns if _is_time(frame[column])]
    if not fitting:
        raise ConfigError(
            "init",
            "--time",
            "no column looks like a time",
            expected="a column of timestamps, dates or ISO 8601 text",
            remedy=f"name it with --time; there are {listed(frame.columns, 20)}",
        )
    known = {column.lower(): column for column in fitting}
    return next((known[name] for name in TIME_NAMES if name in known), fitting[0])


def _find_target(frame: pd.DataFrame, time: str) -> str:
    known = {str(column).lower(): str(column) for column in frame.columns if column != time}
    named = next((known[name] for name in TARGET_NAMES if name in known), None)
    return named or [str(column) for column in frame.columns if column != time][-1]


def _is_time(values: pd.Series) -> bool:
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return True
    seen = values.dropna().head(200)
    if seen.empty or not seen.map(lambda v: hasattr(v, "isoformat") or (isinstance(v, str) and len(v) >= 8)).all():
        return False
    return bool(pd.to_datetime(seen.astype(str), errors="coerce", format="ISO8601", utc=True).notna().all())


def _kind(values: pd.Series) -> str:
    """`numeric`, `categorical`, or the reason why the column is left out."""
    import pandas as pd

    seen = values.dropna()
    if seen.empty:
        return "only nulls"
    if _is_time(values):
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


def _source(data: str, table: str | None, folder: Path) -> Source:
    """A path in the YAML starts at the YAML's own folder."""
    if table is None and data.partition("://")[0].partition("+")[0] in DATABASES:
        raise ConfigError(
            "init",
            "--table",
            "a database URL without a table",
            expected="the table that holds the rows",
            remedy="add --table NAME, or --table SCHEMA.NAME",
        )
    if table is not None:
        return Source(url=_beside(data, table, folder), table=table)
    plain = "://" not in data and not Path(data).is_absolute() and not data.startswith("$")
    path = os.path.relpath(data, folder) if plain else data
    known = Source(path=path, format=None) if re.search(r"\.(parquet|pq|csv|csv\.gz)$", path.lower()) else None
    return known or Source(path=path, format="csv")


def _beside(url: str, table: str, folder: Path) -> str:
    """A URL of a database file relative to here becomes one relative to the YAML's folder."""
    scheme, _, rest = url.partition("://")
    if scheme not in {"sqlite", "duckdb"} or "${" in url or rest.startswith(("//", "md:", "motherduck:")):
        return url
    here, (rest, sign, options) = Path.cwd(), rest.partition("?")
    found = database_file(url, place(Source(url=url, table=table), here), here)
    if found == Path("/", rest.lstrip("/")):
        return url
    return f"{scheme}://{os.path.relpath(found, folder)}{sign}{options}"


def _slug(name: str) -> str:
    made = re.sub(r"[^A-Za-z0-9_]+", "_", re.sub(r"(\.csv|\.parquet|\.pq)?(\.gz)?$", "", name)).strip("_")
    return made[:100]
