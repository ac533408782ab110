"""The champion's predictions are logged once, and a check judges what was logged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from driftloop.monitoring.errors import NoChampion
from driftloop.pipelines import registry
from driftloop.pipelines.cli import main
from driftloop.pipelines.config.project import load
from driftloop.pipelines.data.fresh import read_fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.predictions import prediction_log
from driftloop.pipelines.predictions.predict import predict_window
from tests.conftest import Model
from tests.pipelines.conftest import SMALL
from tests.streams import day, stream

Make = Callable[..., Model]


def test_a_window_is_scored_once_and_the_check_judges_what_was_served(model: Make) -> None:
    """Again scores nothing, late rows are added, and the loss of a check is that of the logged predictions."""
    made = model(stream(), **SMALL)
    with pytest.raises(NoChampion):
        predict_window(load(made.file), day(28))
    made.check(day(21))
    project = load(made.file)
    first = predict_window(project, day(28))
    assert (first.version, first.rows, first.scored) == ("1", first.rows, first.rows)
    again = predict_window(project, day(28))
    assert (again.rows, again.scored, again.file) == (first.rows, 0, None)

    shown = CliRunner().invoke(main, ["predict", str(made.file), "--now", day(28).isoformat()])
    assert shown.exit_code == 0
    assert shown.output.strip().endswith(f"0 scored by version 1, {first.rows:,} already in the log")

    late = stream(7, 3, seed=9)
    rows = pd.read_parquet(made.folder / "rows.parquet")
    late["ts"] += day(21) - day(0)
    made.given(pd.concat([rows, late]))
    assert predict_window(project, day(28)).scored == len(late)

    # What was served in the next week was right to the last digit: so is the loss, whatever the model would say.
    champion = registry.champion(made.name)
    window = first.window.model_copy(update={"start": day(28), "end": day(35)})
    frame = read_fresh(Query(project, window, project.folder)).frame
    prediction_log.append(project, champion, window, frame, frame["y"].to_numpy(dtype=np.float64), ())
    performance = made.check(day(35)).performance
    assert performance is not None
    assert performance.loss == 0
