"""A model whose rows are a table of Delta Lake, through its whole life."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner

from driftloop.monitoring.records import Outcome, Window
from driftloop.monitoring.records.table_version import TableVersion
from driftloop.pipelines import registry
from driftloop.pipelines.backtest.batches import read_batches
from driftloop.pipelines.cli import main
from driftloop.pipelines.config.project import load
from driftloop.pipelines.engines.divisible import not_divisible
from driftloop.pipelines.operations.validation import validate
from driftloop.pipelines.predictions.predict import predict_span
from tests import lakes
from tests.streams import day, stream

deltalake = pytest.importorskip("deltalake")
FAST: dict[str, Any] = {"training__params": {"n_estimators": 10}, "policies__triggers": [{"policy": "never"}]}


def test_the_life_of_a_model_on_a_delta_table(model: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks and training runs name the version, and no command sees rows that the table removed."""
    frame = stream(35)
    made = model(None, **FAST, source={"delta": "lake/trips"})
    week = frame["ts"].dt.isocalendar().week
    weeks = [pa.Table.from_pandas(part, preserve_index=False) for _, part in frame.groupby(week)]
    lakes.delta(made.folder, *weeks, weeks[-1].slice(0, 5), name="lake/trips")
    table = deltalake.DeltaTable(made.folder / "lake/trips")
    table.restore(len(weeks) - 1)
    version = TableVersion(section="source", format="delta", version=table.version())

    first = made.check(day(28))
    assert (first.outcome, first.tables) == (Outcome.BOOTSTRAPPED, (version,)), first.reason
    found = made.check(day(35))
    assert (found.tables, found.window.rows) == ((version,), sum(frame["ts"] >= day(28)))
    assert made.check(day(35)).outcome is Outcome.ALREADY_CHECKED
    assert "source: " + version.title in (made.folder / str(found.report)).read_text()

    project = load(made.file)
    valid = validate(project, day(35))
    assert valid.exit_code == 0
    assert any(part.key == "source" and part.message.endswith(version.title) for part in valid.parts)
    assert next(iter(not_divisible(project))).endswith("(source.delta)")
    scored = predict_span(project, Window(start=day(28), end=day(30)))
    assert scored.rows == scored.scored == sum((frame["ts"] >= day(28)) & (frame["ts"] < day(30)))
    assert len(read_batches(project, 300, day(35)).frame) == len(frame)
    run = registry.client().get_run(str(registry.champion(made.name).run_id))
    sources = [json.loads(one.dataset.source) for one in run.inputs.dataset_inputs]
    assert {one["tags"]["source"] for one in sources} == {f"lake/trips {version.title}"}

    monkeypatch.chdir(made.folder)
    result = CliRunner().invoke(main, ["init", "lake/trips", "--target", "y", "-o", "new/trips.yaml"])
    assert result.exit_code == 0, result.output
    assert load(made.folder / "new/trips.yaml").source.delta == "../lake/trips"
