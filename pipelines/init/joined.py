"""Labels in a table of their own, as `driftloop init --labels` finds them: the key, the time, the target, the delay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.errors import BadExpression, ConfigError, listed, suggestion
from driftloop.monitoring.records import changed
from driftloop.monitoring.settings.columns import Columns, ColumnType
from driftloop.monitoring.settings.labels import Labels
from driftloop.monitoring.settings.reading import Reading
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.times import EVER
from driftloop.pipelines.init.figures import figures, missing_labels
from driftloop.pipelines.init.target import TARGET_NAMES
from driftloop.pipelines.init.times import is_time, readings

if TYPE_CHECKING:
    import pandas as pd

PIECE = 65_536
# A key names a row: most of its values are there once, and some of them are in both tables.
UNIQUE, SHARED = 0.5, 0.01
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass
class Apart:
    """The table of labels with the column of the rows that its key is compared with.

    `observed` fills with rows, labeled rows, and pairs of age and delay in days while the rows are read.
    """

    labels: Labels
    id: str
    target: str
    number: bool
    rows: int = 0
    labeled: int = 0
    delays: list[NDArray[np.float32]] = field(default_factory=list)

    def reading(self, columns: Columns, types: Mapping[str, ColumnType]) -> Reading:
        """How rows are read together with their labels."""
        return Reading.of(changed(columns, id=(self.id,)), types, self.labels)

    def attached(self, frame: pd.DataFrame, source: Source, columns: Columns) -> pd.DataFrame:
        """A sample with the label of each row, and without the id."""
        import pandas as pd

        from driftloop.monitoring import sources

        wanted = set(frame[self.id].dropna().astype(str))
        found: dict[str, object] = {}
        with sources.stream_rows(source, self.reading(columns, {}), EVER, Path.cwd(), PIECE, EVER.end) as stream:
            for piece in stream.frames:
                ids = piece[self.id].astype(str)
                found |= dict(zip(ids[ids.isin(wanted)], piece[self.target][ids.isin(wanted)], strict=True))
        values = frame[self.id].astype(str).map(found)
        values = pd.to_numeric(values, errors="coerce") if self.number else values
        return frame.drop(columns=[self.id, self.target], errors="ignore").assign(**{self.target: values})

    def without(self, no_label: tuple[str, ...], source: Source) -> None:
        """Read values of the target that mean a missing label as missing."""
        if no_label:
            how = missing_labels(source, self.target, no_label)
            self.labels = changed(self.labels, derived={**self.labels.derived, self.target: how})

    def observing(self, frames: Iterable[pd.DataFrame], time: str) -> Iterator[pd.DataFrame]:
        """The frames, while labels and their delays are counted."""
        from driftloop.monitoring import sources

        for frame in frames:
            known = frame[self.target].notna()
            self.rows, self.labeled = self.rows + len(frame), self.labeled + int(known.sum())
            if sources.KNOWN in frame:
                delay = (frame[sources.KNOWN] - frame[time]).dt.total_seconds()[known] / DAY.total_seconds()
                self.delays.append(delay.dropna().to_numpy(dtype=np.float32))
            yield frame

    def percentiles(self) -> tuple[float, float] | None:
        """Median and 95th percentile of the delay in days; None without a time."""
        delays = np.concatenate(self.delays) if self.delays else np.empty(0)
        if self.labels.time is None or not len(delays):
            return None
        median, late = np.percentile(delays, [50, 95])
        return float(median), float(late)

    def delay(self) -> timedelta | None:
        """The 95th percentile of the delay in whole days or hours; None without a time."""
        ends = self.percentiles()
        if ends is None:
            return None
        late = timedelta(days=max(ends[1], 0.0))
        unit = DAY if late > timedelta(hours=20) else HOUR
        return -(-late // unit) * unit

    def note(self) -> str:
        """What was found, for the user to check."""
        share = f"{self.labeled / max(self.rows, 1):.1%} of {self.rows:,} rows have a label"
        ends = self.percentiles()
        late = f"; delay: median {ends[0]:.1f}d, 95th percentile {ends[1]:.1f}d" if ends else "; no column of times"
        read = [f"{name!r} by {how}" for name, how in self.labels.derived.items()]
        how = f"; read by labels.derived: {', '.join(read)}" if read else ""
        return f"labels: {self.id!r} of the rows is {self.labels.key[0]!r} of the labels; {share}{late}{how}"


def apart(rows: pd.DataFrame, source: Source, given_target: str | None) -> Apart:
    """Find the key, the time and the target of a table of labels by the values of a sample of the rows."""
    from driftloop.monitoring import sources

    frame = sources.sample(source, Path.cwd())
    times = {str(name): how for name in frame.columns if (how := _times(frame[name], source)) is not None}
    key, id_ = _key(rows, frame, [str(name) for name in frame.columns if str(name) not in times], source)
    others = [str(name) for name in frame.columns if str(name) not in {key, *times}]
    target = _target(others, frame, given_target)
    time = next((name for name in times if name != target), None)
    read_by = _read_by(times[time], time, key, target, source) if time is not None else None
    derived = {time: read_by} if time is not None and read_by is not None else {}
    written = figures(frame[target], label=True)
    if written is not None and not written.plain:
        derived[target] = written.sql(target, source)
    place = {name: getattr(source, name) for name in Source.model_fields}
    types = {name: "text" for name in derived if name in frame.attrs.get("types", {}) and _is_text(frame[name])}
    labels = Labels.model_validate(
        {**place, "key": key, "time": time, "target": target, "types": types, "derived": derived}
    )
    return Apart(labels, id_, target, number=target in derived or _is_number(frame[target]))


def _is_text(values: pd.Series) -> bool:
    return any(isinstance(value, str) for value in values.dropna().head(1))


def _times(values: pd.Series, source: Source) -> tuple[str, ...] | None:
    """The expressions that may make times of a column, none if it holds times; None if it is not one of times."""
    if is_time(values):
        return ()
    return readings(values, source) or None


def _read_by(ways: tuple[str, ...], time: str, key: str, target: str, source: Source) -> str | None:
    """The expression that reads the times of all labels; of several, that of the shortest history."""
    from driftloop.monitoring import sources

    spans: dict[str, timedelta] = {}
    refused: BadExpression | None = None
    for how in ways:
        columns = Columns(time=time, target=target, categorical=(key,), derived={time: how})
        try:
            span = sources.span(source, columns, Path.cwd())
        except BadExpression as error:
            refused = error
            continue
        spans[how] = span.length if span is not None else timedelta()
    if refused is not None and not spans:
        raise BadExpression(f"labels.derived.{time}", refused.expression, refused.why)
    return min(spans, key=lambda how: spans[how], default=None)


def _is_number(values: pd.Series) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype))


def _target(others: list[str], frame: pd.DataFrame, given: str | None) -> str:
    if given is not None:
        if given in frame.columns:
            return given
        raise ConfigError(
            "init",
            "--target",
            f"no column {given!r} in the labels",
            expected=f"one of {listed(frame.columns, 20)}",
            remedy="correct the name." + suggestion(given, [str(name) for name in frame.columns]),
        )
    if not others:
        raise ConfigError(
            "init",
            "--labels",
            f"only key and time in {listed(frame.columns, 20)}",
            expected="a column with the label",
            remedy="name it with --target",
        )
    return next((name for name in others if name.lower() in TARGET_NAMES), others[-1])


def _key(rows: pd.DataFrame, labels: pd.DataFrame, names: list[str], source: Source) -> tuple[str, str]:
    """The columns of both tables whose values are most alike, each a name of a row."""
    mine = {str(name): values for name in rows.columns if (values := _names(rows[name])) is not None}
    found: list[tuple[float, bool, str, str]] = []
    for name in names:
        theirs = _names(labels[name])
        for id_, values in mine.items():
            shared = len(values & theirs) / len(theirs) if theirs else 0.0
            if shared >= SHARED:
                found.append((shared, id_.lower() == name.lower(), name, id_))
    if not found:
        raise ConfigError(
            "init",
            "--labels",
            f"no column of {source.path or source.table} has values of a column of the rows in a sample of both",
            expected=f"a key, such as an order id, in both tables; the labels have {listed(labels.columns, 20)}, "
            f"the rows {listed(rows.columns, 20)}",
            remedy="write columns.id and labels.key into the config yourself (docs/labels.md)",
        )
    _, _, key, id_ = max(found)
    return key, id_


def _names(values: pd.Series) -> set[str] | None:
    """The distinct values as text, None of a column that names no rows."""
    there = values.dropna()
    if there.empty or (there.dtype.kind == "f" and (there % 1 != 0).any()):
        return None
    whole = there.astype("int64") if there.dtype.kind == "f" else there
    names = set(whole.astype(str))
    return names if len(names) >= UNIQUE * len(there) else None
