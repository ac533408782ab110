"""Models of the history of a backtest, stored for the archive of a model."""

from __future__ import annotations

from datetime import datetime

from driftloop.monitoring.errors import ConfigError
from driftloop.monitoring.records import changed
from driftloop.pipelines.backtest.study import Study
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.flows.warmup import prefect_ready
from driftloop.pipelines.runtime import outages


def refuse_without_archive(project: Project) -> None:
    """Raise ConfigError, before anything is trained, if the archive is switched off."""
    if project.archive.keep:
        return
    raise ConfigError(
        str(project.file),
        "archive.keep",
        "0, so no model of the history can be kept",
        expected="the number of models to compare with the champion, at least 1",
        remedy="set archive.keep (default 8), or run the backtest without --keep-models",
    )


def keep(project: Project, study: Study, now: datetime) -> Study:
    """Store the models of the history that rank first, as versions without an alias; return the study with them."""
    with outages.translated(), prefect_ready():
        from driftloop.pipelines.flows.keeping import keeping_flow
        from driftloop.pipelines.registry.flow_runs import owned

        with owned():
            kept = keeping_flow(config=project, ranked=study.history_models, now=now)
        return changed(study, kept_models=kept)
