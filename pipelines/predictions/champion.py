"""The champion that predicts, with the columns that its rows are read by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from driftloop.monitoring.errors import ChampionOutgrown, MissingColumns
from driftloop.monitoring.records import changed
from driftloop.pipelines import registry
from driftloop.pipelines.config import own_code
from driftloop.pipelines.config.as_trained import as_trained
from driftloop.pipelines.config.elsewhere import refuse_elsewhere
from driftloop.pipelines.config.project import Project
from driftloop.pipelines.registry import Version
from driftloop.pipelines.runtime import phases
from driftloop.pipelines.training.scorer import Scorer


@dataclass(frozen=True)
class Predicting:
    """A config and its champion; `config` has the columns of the champion, without those that predicting does not need.

    `project` is the config as it is in the YAML.
    """

    project: Project
    config: Project
    champion: Version

    def scorer(self) -> Scorer:
        """Load the champion."""
        own_code.importable(self.project)
        return registry.scorer(self.champion, self.project.training)

    @contextmanager
    def outgrown(self) -> Iterator[None]:
        """Name the champion in the error if the source lacks a column that only the champion uses."""
        try:
            yield
        except MissingColumns as error:
            features = self.project.columns.features
            if set(error.lost) & set(features) or not set(error.lost) <= set(self.config.columns.features):
                raise
            raise ChampionOutgrown(
                error.where, error.lost, error.there, version=self.champion.number, file=str(self.project.file)
            ) from None


def find_champion(project: Project) -> Predicting:
    """Return the champion with its columns. Raises `NoChampion` before the first training."""
    refuse_elsewhere(project, "predict")
    phases.enter("finding the champion")
    champion = registry.champion(project.model)
    known = as_trained(project, registry.reference(champion))
    return Predicting(project, changed(known, columns=changed(known.columns.unweighted, extra={})), champion)
