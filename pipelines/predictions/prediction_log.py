"""Prediction log: parquet files, matched to rows by their content. Read by checks, written by `predict`.

A row is known by its id, or by its time and a hash of its features, a prediction by the version that made it. The
content of the log counts as served: it is data, checked for its shape and never executed.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from driftloop.monitoring.ledger import digest
from driftloop.monitoring.records import Window
from driftloop.monitoring.served.spelling import labels
from driftloop.monitoring.settings.secrets import expand
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import content_named
from driftloop.pipelines.data.piece import row_hashes
from driftloop.pipelines.registry import Version
from driftloop.pipelines.runtime import home
from driftloop.pipelines.training.scorer import Scorer

Floats = NDArray[np.float64]
PREDICTION = "prediction"
BYTES = np.array([b"%02x" % byte for byte in range(256)], dtype="S2")
# Names of the files of `Appending`, and of those of the scorer.
WRITTEN = re.compile(r"\d{8}T\d{6}_\d{8}T\d{6}_v.+_[0-9a-f]{12}\.parquet|answers_\d{8}_v.+_[0-9a-f]{8}_\d{3,}\.parquet")
SLACK = timedelta(days=1)  # a row that is known by its id may get another time later


@dataclass(frozen=True)
class Logged:
    """Logged predictions for rows of a frame: `known` marks the rows, `values` has their numbers in order.

    `values` has the shape of `Scorer.predict`, for the known rows alone.
    """

    known: NDArray[np.bool_]
    values: Floats
    classes: tuple[str, ...] = ()

    def completed(self, scorer: Scorer, frame: pd.DataFrame) -> Floats:
        """Return logged predictions, and the scorer's for other rows. A log with other classes is ignored."""
        if not self.known.any() or self.classes != scorer.classes:
            return scorer.predict(frame)
        rest = scorer.predict(frame.loc[~self.known])
        whole = np.empty((len(frame), *rest.shape[1:]))
        whole[self.known], whole[~self.known] = self.values, rest
        return whole


def folder(config: Project) -> Path:
    """Return the folder of a model's log: `predictions.path` of its config, or a folder of the state folder."""
    if config.predictions.path is None:
        return home.home() / "predictions" / config.model
    written = Path(expand(config.predictions.path, "predictions.path")).expanduser()
    return Path(os.path.abspath(config.folder / written))


def standing(config: Project) -> str:
    """Return a digest of the log of a model, which changes with every added, removed or changed file."""
    facts = [(file.name, known.st_size, known.st_mtime_ns) for file, known in _known(config)]
    return digest(*sorted(facts))


def row_keys(frame: pd.DataFrame, time: str, features: Sequence[str]) -> pd.DataFrame:
    """Return the key of each canonical row: its time and a hash of its features, 16 hexadecimal characters.

    The order of the features does not matter; rows that are equal in all of them have one key.

    >>> rows = pd.DataFrame({"ts": pd.to_datetime(["2026-01-01"], utc=True), "a": [1.0], "b": ["x"]})
    >>> row_keys(rows, "ts", ["a", "b"]).equals(row_keys(rows, "ts", ["b", "a"]))
    True
    """
    hashed = np.asarray(pd.util.hash_pandas_object(frame[sorted(features)], index=False), dtype=np.uint64)
    rows = _hexadecimal(hashed).to_pandas().set_axis(frame.index)
    return pd.DataFrame({"time": frame[time].dt.as_unit("us"), "row": rows}, index=frame.index)


def _hexadecimal(hashes: NDArray[np.uint64]) -> pa.Array:
    """Return numbers as text of 16 hexadecimal digits, a tenth of the time that formatting each one takes."""
    digits = BYTES[hashes.astype(">u8").view(np.uint8)].tobytes()
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(hashes), [None, pa.py_buffer(digits)]).cast(
        pa.string()
    )


def ids_of(frame: pd.DataFrame, config: Project) -> pd.DataFrame:
    """The id of each canonical row as text, a column for each of `columns.id` but the time; null as None."""
    names = [name for name in config.columns.id if name != config.columns.time]
    return pd.DataFrame({name: labels(frame[name]) for name in names}, index=frame.index)


def keys_of(frame: pd.DataFrame, config: Project) -> pd.DataFrame:
    """Return what canonical rows are known by in the log: `row_keys` and `ids_of`."""
    return row_keys(frame, config.columns.time, config.columns.features).join(ids_of(frame, config))


def lines(
    keys: pd.DataFrame, version: Version, predicted: Floats, classes: tuple[str, ...], more: pd.DataFrame | None = None
) -> pa.Table:
    """Return rows of the log: keys, version, predictions (n,) or (n, k) by class, and `more` columns of text."""
    log = keys.assign(version=version.number, model_id=version.model_id)
    answers = {f"{PREDICTION} {name}": predicted[:, at] for at, name in enumerate(classes)} or {PREDICTION: predicted}
    log = log.assign(**answers)
    if more is not None:
        log = log.assign(**{str(name): values for name, values in more.items()})
    # All null, a column of text would have no type; one schema fits all rows of a log.
    types = {"time": pa.timestamp("us", "UTC"), **dict.fromkeys(answers, pa.float64())}
    fields = [pa.field(str(name), types.get(str(name), pa.string())) for name in log]
    return pa.Table.from_pandas(log, schema=pa.schema(fields), preserve_index=False)


def find(config: Project, champion: Version, frame: pd.DataFrame, files: Sequence[Path] | None = None) -> Logged:
    """Return the logged predictions of these rows by this version; none if the log is missing or cannot be read.

    Rows are found by their id where the config has one, of several predictions of an id by the one for the same
    features if there is one; lines without an id, and rows without one, by time and hash. `files` are those of the log
    that can have these rows (`files_of`); all by default.
    """
    nothing = Logged(np.zeros(len(frame), dtype=bool), np.empty(0))
    time = config.columns.time
    if frame.empty:
        return nothing
    ids, named = ids_of(frame, config), [name for name in config.columns.id if name != time]
    first, last = _around(config, frame[time].min(), frame[time].max())
    log = _read(_files(config) if files is None else files, champion, first, last, named)
    if log is None:
        return nothing
    names = _predictions(log)
    keys = row_keys(frame, time, config.columns.features).join(ids)
    found = np.full((len(frame), len(names)), np.nan)
    for columns, lines in _ways(config, log, named):
        left = ~np.isfinite(found).all(axis=1) & keys[columns].notna().all(axis=1).to_numpy()
        if left.any() and len(lines):
            newest = lines.drop_duplicates(columns, keep="last")
            more = keys.loc[left, columns].merge(newest[[*columns, *names]], on=columns, how="left")[names]
            found[left] = more.to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(found).all(axis=1)
    classes = tuple(name.removeprefix(f"{PREDICTION} ") for name in names if name != PREDICTION)
    return Logged(known, found[known] if classes else found[known, 0], classes)


def _ways(config: Project, log: pd.DataFrame, ids: list[str]) -> Iterator[tuple[list[str], pd.DataFrame]]:
    """The columns that rows are looked up by, one way after the other, with the lines of the log that have them."""
    named = log[ids].notna().all(axis=1) if ids else pd.Series(False, index=log.index)
    columns = [*ids, *(["time"] if config.columns.time in config.columns.id else [])]
    if columns:
        named = named if ids else pd.Series(True, index=log.index)
        yield [*columns, "row"], log[named]
        yield columns, log[named]
    yield ["time", "row"], log[~named]


def files_of(config: Project, window: Window) -> list[Path]:
    """Return the files of the log that can have lines for rows of a window, by the times in their footers."""
    first, last = _around(config, pd.Timestamp(window.start), pd.Timestamp(window.end))
    return [file for file in _files(config) if _overlaps(file, first, last)]


class Appending:
    """Predictions of some rows of a window, written piece by piece to one new file of the log, atomically.

    The file is named by window, version and rows: the same rows again, or from two processes, are the same file. It
    appears in the log with `close`; without it nothing is left.
    """

    def __init__(self, config: Project, version: Version, window: Window) -> None:
        self._config, self._version, self._window = config, version, window
        self._place = folder(config)
        self._scratch = self._place / f".appending.{uuid.uuid4().hex}"
        self._writer: pq.ParquetWriter | None = None
        self._hashes: list[NDArray[np.uint64]] = []
        self._columns: list[str] = []

    def __enter__(self) -> Appending:
        return self

    def __exit__(self, *error: object) -> None:
        if self._writer is not None:
            self._writer.close()
            self._scratch.unlink(missing_ok=True)

    def add(self, frame: pd.DataFrame, predicted: Floats, classes: tuple[str, ...]) -> None:
        """Add rows with their predictions: shape (n,), or (n, k) in the order of the classes."""
        self.add_keys(keys_of(frame, self._config), predicted, classes)

    def add_keys(self, keys: pd.DataFrame, predicted: Floats, classes: tuple[str, ...]) -> None:
        """Add rows by their keys (`keys_of`) with their predictions."""
        self._hashes.append(row_hashes(keys))
        self._columns = list(keys.columns)
        table = lines(keys, self._version, predicted, classes)
        if self._writer is None:
            self._place.mkdir(parents=True, exist_ok=True)
            self._writer = pq.ParquetWriter(self._scratch, table.schema)
        self._writer.write_table(table)

    def close(self) -> Path | None:
        """Move the file into the log; None if no row was added."""
        if self._writer is None:
            return None
        self._writer.close()
        self._writer = None
        ends = "_".join(f"{moment:%Y%m%dT%H%M%S}" for moment in (self._window.start, self._window.end))
        name = content_named(self._columns, self._hashes)[:12]
        return self._scratch.replace(self._place / f"{ends}_v{self._version.number}_{name}.parquet")


def append(
    config: Project, version: Version, window: Window, frame: pd.DataFrame, predicted: Floats, classes: tuple[str, ...]
) -> Path:
    """Add the predictions of some rows of a window to the log as a new file; see `Appending`."""
    with Appending(config, version, window) as log:
        log.add(frame, predicted, classes)
        file = log.close()
    assert file is not None
    return file


def written(config: Project) -> list[Path]:
    """Return the files of a log that driftloop wrote itself, by their names."""
    return [file for file in _files(config) if WRITTEN.fullmatch(file.name)]


def ends_before(file: Path, moment: datetime) -> bool:
    """Return whether all lines of a file are of rows before a moment; False if its footer does not say so."""
    return not _overlaps(file, pd.Timestamp(moment), pd.Timestamp.max.tz_localize("UTC"))


def _files(config: Project) -> list[Path]:
    """Return the files of a log, older ones first."""
    return [file for file, _ in sorted(_known(config), key=lambda pair: (pair[1].st_mtime_ns, pair[0].name))]


def _known(config: Project) -> Iterator[tuple[Path, os.stat_result]]:
    for file in folder(config).glob("*.parquet"):
        with suppress(FileNotFoundError):  # removed meanwhile
            yield file, file.stat()


def _around(config: Project, first: pd.Timestamp, last: pd.Timestamp) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the span of the log that is read for rows of a span."""
    around = pd.Timedelta(SLACK if config.columns.id else 0)
    return first - around, last + around


def _overlaps(file: Path, first: pd.Timestamp, last: pd.Timestamp) -> bool:
    """Return whether a file can have lines of a span; one whose footer does not say so can."""
    try:
        with pq.ParquetFile(file) as opened:
            at = opened.schema_arrow.get_field_index("time")
            groups = [opened.metadata.row_group(k).column(at).statistics for k in range(opened.metadata.num_row_groups)]
            return any(not (group.max < first or group.min > last) for group in groups)
    except Exception:
        return True


def _read(
    files: Iterable[Path], champion: Version, first: pd.Timestamp, last: pd.Timestamp, ids: list[str]
) -> pd.DataFrame | None:
    """Return the lines of one version within a time span, older files first; invalid files and values are ignored.

    Lines have the columns of the id as text, None where they lack one; of lines with an id the hash may be missing.
    """
    parts = []
    for file in files:
        try:
            part = pd.read_parquet(file, filters=[("time", ">=", first), ("time", "<=", last)])
            part = part.assign(**{name: labels(part[name]) if name in part else None for name in ids})
            if "row" not in part and ids:
                part = part.assign(row="")
            part = part.astype({"time": "datetime64[us, UTC]", "row": str, "version": str})
            numbers = part[_predictions(part)].apply(pd.to_numeric, errors="coerce")
        except Exception:  # noqa: S112  (the rows of an unreadable file are scored instead)
            continue
        model_id = part["model_id"] if "model_id" in part else pd.Series(None, index=part.index, dtype=object)
        ours = (part["version"] == champion.number) & (model_id.isna() | (model_id == champion.model_id))
        ours &= np.isfinite(numbers).all(axis=1)
        if ours.any() and len(numbers.columns):
            parts.append(part[["time", "row", *ids]].join(numbers).loc[ours])
    return pd.concat(parts, ignore_index=True) if parts else None


def _predictions(log: pd.DataFrame) -> list[str]:
    """Return the prediction columns: one per class for probabilities, otherwise the numeric one."""
    classes = sorted(name for name in map(str, log) if name.startswith(f"{PREDICTION} "))
    return classes or [name for name in map(str, log) if name == PREDICTION]
