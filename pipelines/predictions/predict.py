"""Scoring of spans of time with the champion into the prediction log, without Prefect, for `driftloop predict`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from driftloop.monitoring import sources
from driftloop.monitoring.records import Record, Window, changed
from driftloop.monitoring.windows import current_window
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import read_fresh
from driftloop.pipelines.data.no_rows import no_rows
from driftloop.pipelines.data.piece import PIECE
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.engines import Engine
from driftloop.pipelines.predictions import prediction_log
from driftloop.pipelines.predictions.champion import Predicting, find_champion
from driftloop.pipelines.predictions.outputs import days
from driftloop.pipelines.predictions.scored_apart import Logging, note, scored_by
from driftloop.pipelines.runtime import phases
from driftloop.pipelines.training.scorer import Scorer


class Predicted(Record):
    """Numbers of a scored window: all `rows`, of which `scored` were not in the log or the output before.

    `reason` names why there is nothing to score, and where the rows are. With `--out`, `output` names the folder or
    table, and `notes` report values that were counted as missing and rows that were not kept.
    """

    model: str
    version: str
    window: Window
    rows: int
    scored: int
    file: str | None = None
    reason: str | None = None
    output: str | None = None
    notes: tuple[str, ...] = ()


@sources.pinned()
def predict_window(project: Project, now: datetime) -> Predicted:
    """Score the rows of the newest window that are not in the log yet, and log them.

    The same window and version again scores nothing. Raises `NoChampion` before the first training.
    """
    predicting = find_champion(project)
    return _logged(predicting, current_window(now, project.windows), None, scored_by(predicting))[0]


@sources.pinned()
def predict_span(project: Project, window: Window) -> Predicted:
    """Score the rows of a span that are not in the log yet, day by day, and log them.

    Memory does not grow with the span. An interrupted run is continued by the next one.
    """
    predicting = find_champion(project)
    there = sources.span(project.source, project.reading, project.folder)
    start, end = (
        (window.start, window.start) if there is None else (max(window.start, there.start), min(window.end, there.end))
    )
    total = Predicted(model=project.model, version=predicting.champion.number, window=window, rows=0, scored=0)
    if start >= end:
        return changed(total, reason=no_rows(project, window, "predict"))
    scorer: Scorer | None = None
    engine = scored_by(predicting)
    parts = list(days(Window(start=start, end=end)))
    with phases.counted("predicting day", len(parts)) as advance:
        for day in parts:
            part, scorer = _logged(predicting, day, scorer, engine)
            total = changed(
                total,
                rows=total.rows + part.rows,
                scored=total.scored + part.scored,
                file=part.file or total.file,
                notes=part.notes or total.notes,
            )
            advance()
    return total


def _logged(
    predicting: Predicting, window: Window, scorer: Scorer | None, engine: Engine | str | None
) -> tuple[Predicted, Scorer | None]:
    """Score a window into the log; the scorer is loaded when the first row needs it, and returned.

    `engine` is that of `scored_by`. Rows of a window that the log has rows of are compared with these, and scored, in
    this process.
    """
    known, champion, project = predicting.config, predicting.champion, predicting.project
    query, logs = Query(known, window, known.folder, labels=False), prediction_log.files_of(known, window)
    phases.enter("reading rows")
    done = Predicted(model=project.model, version=champion.number, window=window, rows=0, scored=0)
    if isinstance(engine, Engine) and not logs:
        scorer = scorer or predicting.scorer()
        with predicting.outgrown(), prediction_log.Appending(known, champion, window) as log:
            rows = 0
            for keys, predicted in engine.stream(query, Logging(known, scorer), PIECE):
                rows += len(keys)
                if len(keys):
                    log.add_keys(keys, predicted, scorer.classes)
            file = log.close()
        done = changed(done, rows=rows, scored=rows, file=file and str(file), notes=note(engine))
    else:
        done, scorer = _logged_here(predicting, query, logs, scorer, done)
        if isinstance(engine, str):
            done = changed(done, notes=note(engine))
    return (done if done.rows else changed(done, reason=no_rows(project, window, "predict"))), scorer


def _logged_here(
    predicting: Predicting, query: Query, logs: list[Path], scorer: Scorer | None, done: Predicted
) -> tuple[Predicted, Scorer | None]:
    known, champion = predicting.config, predicting.champion
    with predicting.outgrown():
        fresh = read_fresh(query)
    scored = 0
    with prediction_log.Appending(known, champion, query.window) as log:
        for piece in fresh.pieces():
            logged = prediction_log.find(known, champion, piece, logs)
            missing = piece.loc[~logged.known]
            if missing.empty:
                continue
            if scorer is None:
                phases.enter("predicting the rows")
                scorer = predicting.scorer()
            log.add(missing, scorer.predict(missing), scorer.classes)
            scored += len(missing)
        file = log.close()
    return changed(done, rows=len(fresh), scored=scored, file=file and str(file)), scorer
