"""Scoring of a window with the champion and logging of the predictions, without Prefect, for `driftloop predict`."""

from __future__ import annotations

from datetime import datetime

from driftloop.monitoring.errors import ChampionOutgrown, MissingColumns
from driftloop.monitoring.records import Record, Window, changed
from driftloop.monitoring.windows import current_window
from driftloop.pipelines import registry
from driftloop.pipelines.config import own_code
from driftloop.pipelines.config.as_trained import as_trained
from driftloop.pipelines.config.elsewhere import refuse_elsewhere
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.data.fresh import read_fresh
from driftloop.pipelines.data.no_rows import no_rows
from driftloop.pipelines.predictions import prediction_log
from driftloop.pipelines.runtime import phases


class Predicted(Record):
    """Numbers of a scored window: all `rows`, of which `scored` were not in the log before.

    `reason` names why there is nothing to score, and where the rows are.
    """

    model: str
    version: str
    window: Window
    rows: int
    scored: int
    file: str | None
    reason: str | None = None


def predict_window(project: Project, now: datetime) -> Predicted:
    """Score the rows of the newest window that are not in the log yet, and log them.

    The same window and version again scores nothing. Raises `NoChampion` before the first training.
    """
    refuse_elsewhere(project, "predict")
    phases.enter("finding the champion")
    champion = registry.champion(project.model)
    known = as_trained(project, registry.reference(champion))
    known = changed(known, columns=changed(known.columns.unweighted, extra={}))
    window = current_window(now, project.windows)
    phases.enter("reading rows")
    try:
        fresh = read_fresh(known, window, known.folder, labels=False)
    except MissingColumns as error:
        if set(error.lost) & set(project.columns.features) or not set(error.lost) <= set(known.columns.features):
            raise
        raise ChampionOutgrown(
            error.where, error.lost, error.there, version=champion.number, file=str(project.file)
        ) from None
    values = {"model": project.model, "version": champion.number, "window": window, "rows": len(fresh)}
    if not len(fresh):
        return Predicted(**values, scored=0, file=None, reason=no_rows(project, window, "predict"))
    scored, scorer, logs = 0, None, prediction_log.files_of(known, window)
    with prediction_log.Appending(known, champion, window) as log:
        for piece in fresh.pieces():
            logged = prediction_log.find(known, champion, piece, logs)
            missing = piece.loc[~logged.known]
            if missing.empty:
                continue
            if scorer is None:
                phases.enter("predicting the rows")
                own_code.importable(project)
                scorer = registry.scorer(champion, project.training)
            log.add(missing, scorer.predict(missing), scorer.classes)
            scored += len(missing)
        file = log.close()
    return Predicted(**values, scored=scored, file=None if file is None else str(file))
