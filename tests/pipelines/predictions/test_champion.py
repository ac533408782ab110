"""The champion and the columns that predicting reads."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from driftloop.monitoring.errors import ChampionOutgrown, MissingColumns
from driftloop.pipelines.config.project import load
from driftloop.pipelines.predictions.champion import find_champion
from tests.conftest import Model


def test_a_lost_column_names_the_champion_that_needs_it(trained: Callable[..., Model]) -> None:
    """One that the config has as well is the source's fault; one that only the champion has needs a retrain."""
    project = load(trained().file)
    predicting = find_champion(project)
    with pytest.raises(MissingColumns, match="no column 'speed'") as lost, predicting.outgrown():
        raise MissingColumns("rows.parquet", ["speed"], ["ts"])
    assert not isinstance(lost.value, ChampionOutgrown)
    columns = project.columns.model_copy(update={"numeric": ("amount",)})
    smaller = find_champion(project.model_copy(update={"columns": columns}))
    with pytest.raises(ChampionOutgrown, match="version 1"), smaller.outgrown():
        raise MissingColumns("rows.parquet", ["speed"], ["ts"])
