"""Labels in a table of their own, as `driftloop init --labels` finds them: the key, the time, the target, the delay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from driftloop.monitoring.errors import ConfigError, listed, suggestion
from driftloop.monitoring.records import changed
from driftloop.monitoring.settings.columns import Columns, ColumnType
from driftloop.monitoring.settings.labels import Labels
from driftloop.monitoring.settings.reading import Reading
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.sources.times import EVER
from driftloop.pipelines.init.figures import figures, missing_labels
from driftloop.pipelines.init.pairing import is_text, key_of, read_by, times_of
from driftloop.pipelines.init.target import TARGET_NAMES

if TYPE_CHECKING:
    import pandas as pd

PIECE = 65_536
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
    times = {str(name): how for name in frame.columns if (how := times_of(frame[name], source)) is not None}
    key, id_ = key_of(rows, frame, [str(name) for name in frame.columns if str(name) not in times], source, "labels")
    others = [str(name) for name in frame.columns if str(name) not in {key, *times}]
    target = _target(others, frame, given_target)
    time = next((name for name in times if name != target), None)
    moment = read_by(times[time], time, key, target, source, "labels") if time is not None else None
    derived = {time: moment} if time is not None and moment is not None else {}
    written = figures(frame[target], label=True)
    if written is not None and not written.plain:
        derived[target] = written.sql(target, source)
    place = {name: getattr(source, name) for name in Source.model_fields}
    types = {name: "text" for name in derived if name in frame.attrs.get("types", {}) and is_text(frame[name])}
    labels = Labels.model_validate(
        {**place, "key": key, "time": time, "target": target, "types": types, "derived": derived}
    )
    return Apart(labels, id_, target, number=target in derived or _is_number(frame[target]))


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
