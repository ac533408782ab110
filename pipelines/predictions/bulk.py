"""Scoring of a span of any length into a folder or a table, for `driftloop predict --out`.

Rows are read, converted and scored in pieces, so that memory does not grow with them. The output is written in groups
of days, each committed together with the manifest: the same command continues a run that was killed.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Generator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from driftloop.monitoring import sources
from driftloop.monitoring.errors import OutputDiffers
from driftloop.monitoring.records import Window, changed
from driftloop.monitoring.sources import places
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.no_rows import no_rows
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.data.spread import ahead, spread
from driftloop.pipelines.engines import Engine
from driftloop.pipelines.predictions.champion import Predicting, find_champion
from driftloop.pipelines.predictions.groups import ROWS, Groups
from driftloop.pipelines.predictions.outputs import (
    Dropped,
    Manifest,
    Output,
    Part,
    Replacement,
    Writer,
    open_output,
    remaining,
)
from driftloop.pipelines.predictions.predict import Predicted
from driftloop.pipelines.predictions.scored_apart import Tabling, note, scored_by
from driftloop.pipelines.predictions.scored_rows import ScoredRows
from driftloop.pipelines.runtime import phases

# Values of a piece; the rows of one are within these limits.
PIECE_VALUES, LEAST_PIECE, MOST_PIECE = 1 << 22, 1 << 14, 1 << 17
# Equal spans that a day of very many rows can be cut into.
CUTS = (1, 2, 3, 4, 6, 8, 12, 24, 48, 96)


@sources.pinned()
def predict_into(project: Project, window: Window, out: str, table: str | None, *, replace: bool = False) -> Predicted:
    """Score the rows of a span with the champion into a folder or table, from where an earlier run ended.

    `replace` scores rows again that the output has. Raises `NoChampion` before the first training, `OutputHasOther` if
    the output has another version's rows in the span.
    """
    predicting = find_champion(project)
    with predicting.outgrown(), open_output(out, table, _source_file(project)) as output:
        return _predict(predicting, window, output, replace)


def _predict(predicting: Predicting, window: Window, output: Output, replace: bool) -> Predicted:
    config, champion = predicting.config, predicting.champion
    reading = config.reading.without_labels
    phases.enter("counting rows")
    types = sources.fitting(config.source, reading, config.folder)
    there = sources.span(config.source, reading, config.folder)
    total = sources.count_rows(config.source, reading, window, config.folder)
    known, engine = output.read(), scored_by(predicting)
    done = Predicted(model=config.model, version=champion.number, window=window, rows=0, scored=0, output=output.where)
    if known is None and not total:
        return changed(done, reason=no_rows(predicting.project, window, "predict"))
    phases.enter("loading the champion")
    rows = ScoredRows(config, champion, predicting.scorer(), types, text=_untyped(config))
    manifest = _continued(known, rows, output.where, config.model)
    if replace:
        manifest = changed(manifest, replacement=_replacement(manifest, window, rows))
    run = manifest.replacement.id if replace and manifest.replacement else None
    writer = Writer(champion.number, champion.model_id, run)
    parts = {part.window for part in manifest.parts}
    todo = [
        span
        for span in remaining(output.where, manifest, window, writer, _cuts(total, window, there))
        if span in parts or (there is not None and span.start < there.end and there.start < span.end)
    ]
    kept = _rows_but(manifest, window, todo)
    progress = Progress(kept, total, time.monotonic())
    dropped = Dropped()
    if todo:
        output.create(manifest, rows.schema)
        apart = engine if isinstance(engine, Engine) else None
        manifest, dropped = _write(predicting, manifest, todo, rows, writer, output, progress, apart)
    return changed(
        done,
        rows=kept + rows.rows,
        scored=rows.rows,
        reason=None if todo else f"{output.where} has the rows of this span by version {champion.number}",
        notes=(*note(engine), *rows.notes(), *_notes(dropped, manifest, window, total, replace)),
    )


@dataclass
class Progress:
    """Rows of a run: those that an earlier one wrote, and those in all."""

    done: int
    total: int
    begun: float
    scored: int = 0

    def advance(self, rows: int, now: float) -> str:
        """Count rows; return the state as text.

        >>> Progress(done=0, total=40_000_000, begun=0.0).advance(12_000_000, now=24.0)
        'predicted 12,000,000 of 40,000,000 rows, 500,000 rows/s, 0:56 left'
        """
        self.done, self.scored = self.done + rows, self.scored + rows
        rate = self.scored / max(now - self.begun, 1e-9)
        minutes, seconds = divmod(int(max(self.total - self.done, 0) / max(rate, 1)), 60)
        return f"predicted {self.done:,} of {self.total:,} rows, {rate:,.0f} rows/s, {minutes}:{seconds:02d} left"


def _write(
    predicting: Predicting,
    manifest: Manifest,
    todo: list[Window],
    rows: ScoredRows,
    writer: Writer,
    output: Output,
    progress: Progress,
    engine: Engine | None,
) -> tuple[Manifest, Dropped]:
    """Score the spans into the output, group by group; return the last manifest, and which rows were not kept."""
    dropped, groups = Dropped(), Groups(todo)
    for group in groups:
        begun, working = time.monotonic(), 0.0
        whole, counts = Window(start=group[0].start, end=group[-1].end), np.zeros(len(group), dtype=np.int64)
        starts = np.array([span.start.replace(tzinfo=None) for span in group], dtype="datetime64[us]").astype(np.int64)
        output.begin(group)
        for started, table in _tables(predicting.config, whole, rows, engine):
            for span, some in _by_span(table, starts):
                output.add(span, some)
                counts[span] += len(some)
            working += time.monotonic() - started
            phases.enter(progress.advance(len(table), time.monotonic()))
        started = time.monotonic()
        parts = [
            Part(start=span.start, end=span.end, version=writer.version, model_id=writer.model_id,
                 rows=int(count), run=writer.run or "")
            for span, count in zip(group, counts, strict=True)
        ]  # fmt: skip
        manifest = manifest.with_parts(parts)
        if groups.last and writer.run is not None:
            manifest = changed(manifest, replacement=None)
        dropped = dropped + output.commit(manifest, parts)
        working += time.monotonic() - started
        groups.measured(len(group), int(counts.sum()), time.monotonic() - begun - working, working)
    return manifest, dropped


def _tables(
    config: Project, window: Window, rows: ScoredRows, engine: Engine | None
) -> Generator[tuple[float, pa.Table]]:
    """Yield the tables of a window, each with the time when the work on it in this process began."""
    query = Query(config, window, config.folder, labels=False)
    piece = min(max(PIECE_VALUES // len(query.reading.in_rows), LEAST_PIECE), MOST_PIECE)
    if engine is not None:
        for part in engine.stream(query, Tabling(rows), piece):
            if len(part.table):
                yield time.monotonic(), rows.counted(part)
        return
    for prepared in spread(rows.prepared, ahead(lambda: _read(query, piece))):
        if not prepared[0].empty:
            yield time.monotonic(), rows.table(prepared)


def _read(query: Query, piece: int) -> Generator[pd.DataFrame]:
    """Yield the rows of a query in pieces."""
    with sources.stream_rows(query.config.source, query.reading, query.window, query.folder, piece) as stream:
        yield from stream.frames


def _by_span(table: pa.Table, starts: np.ndarray) -> Generator[tuple[int, pa.Table]]:
    """Yield the rows of each span, by the index of its start, in their order."""
    moments = table["time"].to_numpy().astype("datetime64[us]").astype(np.int64)
    spans = np.searchsorted(starts, moments, side="right") - 1
    if (spans[1:] < spans[:-1]).any():
        order = np.argsort(spans, kind="stable")
        table, spans = table.take(order), spans[order]
    bounds = [0, *(np.flatnonzero(spans[1:] != spans[:-1]) + 1).tolist(), len(spans)]
    for first, last in pairwise(bounds):
        yield int(spans[first]), table.slice(first, last - first)


def _cuts(total: int, window: Window, there: Window | None) -> int:
    """Return into how many spans a day is cut: one, unless a day has more rows than a group."""
    if there is None:
        return 1
    length = min(window.end, there.end) - max(window.start, there.start)
    needed = total / max(length.total_seconds() / 86400, 1) / (4 * ROWS)
    return next((cut for cut in CUTS if cut >= needed), CUTS[-1])


def _continued(known: Manifest | None, rows: ScoredRows, where: str, model: str) -> Manifest:
    """Return the manifest that the run begins with; `OutputDiffers` if that of the output does not fit."""
    manifest = Manifest(model=model, key=rows.key, columns=tuple(rows.schema.names))
    if known is None:
        return manifest
    for what in ("model", "key", "columns"):
        there, here = getattr(known, what), getattr(manifest, what)
        if there != here:
            texts = (value if isinstance(value, str) else ", ".join(value) or "none" for value in (there, here))
            raise OutputDiffers(where, {"key": "columns.id"}.get(what, what), *texts)
    return known


def _replacement(manifest: Manifest, window: Window, rows: ScoredRows) -> Replacement:
    """Return the replacement that was interrupted if it is the same one, otherwise a new one."""
    version = rows.version
    new = Replacement(id=uuid.uuid4().hex[:12], window=window, version=version.number, model_id=version.model_id)
    old = manifest.replacement
    return old if old is not None and changed(old, id=new.id) == new else new


def _rows_but(manifest: Manifest, window: Window, todo: list[Window]) -> int:
    """Return the number of rows that the output has in a window, without those that are written again."""
    again = set(todo)
    inside = (part for part in manifest.parts if part.start < window.end and window.start < part.end)
    return sum(part.rows for part in inside if part.window not in again)


def _notes(dropped: Dropped, manifest: Manifest, window: Window, total: int, replace: bool) -> list[str]:
    notes = []
    if dropped.without_id:
        notes.append(f"{dropped.without_id:,} rows have no id and were not written: a table with a key needs one")
    if dropped.duplicates:
        notes.append(f"{dropped.duplicates:,} rows have an id that was in the table; the last one written was kept")
    written = manifest.rows_within(window)
    if written is not None and written != total and not replace:
        notes.append(
            f"the source has {total:,} rows in this span and {written:,} were scored: rows were added or removed "
            "since; --replace scores the span again"
        )
    if manifest.replacement is not None:
        notes.append(
            f"a run with --replace for {manifest.replacement.window} has not ended: the same command continues it"
        )
    return notes


def _untyped(config: Project) -> bool:
    """Return whether types of columns say little about their values, as in SQLite."""
    return (config.source.url or "").startswith("sqlite")


def _source_file(project: Project) -> Path | None:
    """Return the DuckDB file that the rows are read from, if they are."""
    at = places.place(project.source, project.folder)
    if project.source.url is None or not at.text.startswith("duckdb://") or "md:" in at.text:
        return None
    return places.database_file(at.text, at, project.folder)
