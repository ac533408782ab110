"""A span of rows scored into a folder or a table: equal to the scorer's answers, once each, continued and replaced."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from driftloop.monitoring.errors import OutputDiffers, OutputHasOther, OutputUnusable
from driftloop.monitoring.records import Window
from driftloop.pipelines import registry
from driftloop.pipelines.cli import main
from driftloop.pipelines.config.project import load
from driftloop.pipelines.data.fresh import read_fresh
from driftloop.pipelines.data.query import Query
from driftloop.pipelines.operations import functions
from driftloop.pipelines.predictions.bulk import predict_into
from tests.conftest import Model
from tests.streams import day, stream

Trained = Callable[..., Model]
SPAN = Window(start=day(22.5), end=day(30))


def with_ids(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(trip=np.arange(len(frame)))


def expected(model: Model, span: Window) -> pd.DataFrame:
    project = load(model.file)
    frame = read_fresh(Query(project, span, project.folder, labels=False)).frame
    scorer = registry.scorer(registry.champion(model.name), project.training)
    return frame.assign(prediction=scorer.predict(frame))


def test_a_span_is_scored_once_into_a_folder(trained: Trained, tmp_path: Path) -> None:
    """Every row of the half-open span, partitioned by day; again is nothing; a longer span adds the rest."""
    model = trained(with_ids(stream()), columns__id=["trip"])
    words = ["predict", str(model.file), "--from", "2026-01-23T12:00", "--to", "2026-01-31"]
    words += ["--out", str(tmp_path / "o")]
    shown = CliRunner().invoke(main, [*words, "--json"])
    assert shown.exit_code == 0, shown.output
    done = json.loads(shown.stdout)
    rows = expected(model, SPAN)
    assert (done["rows"], done["scored"], done["version"]) == (len(rows), len(rows), "1")
    written = pq.read_table(tmp_path / "o").to_pandas()
    assert written["trip"].dtype == "int64"
    both = written.merge(rows, on="trip", suffixes=("", "_expected"))
    assert len(both) == len(written) == len(rows)
    assert (both["prediction"] == both["prediction_expected"]).all()
    assert (both["day"].astype(str) == both["time"].dt.strftime("%Y-%m-%d")).all()
    again = CliRunner().invoke(main, words)
    assert "0 scored by version 1" in again.output
    assert "nothing to score" in again.output
    project = load(model.file)
    more = predict_into(project, Window(start=day(20), end=day(31)), str(tmp_path / "o"), None)
    assert more.rows == len(expected(model, Window(start=day(20), end=day(31)))) == more.scored + len(rows)
    assert pq.read_table(tmp_path / "o")["trip"].to_pandas().is_unique


def test_another_version_or_changed_rows_are_replaced_on_request(trained: Trained, tmp_path: Path) -> None:
    """Version 2 does not mix with version 1; late rows are reported, and scored with --replace."""
    model, out = trained(stream()), str(tmp_path / "o")
    project = load(model.file)
    first = predict_into(project, SPAN, out, None)
    rows = pd.read_parquet(model.folder / "rows.parquet")
    late = rows[(rows["ts"] >= SPAN.start) & (rows["ts"] < SPAN.end)].head(3)
    pd.concat([rows, late]).to_parquet(model.folder / "rows.parquet", index=False)
    (note,) = predict_into(project, SPAN, out, None).notes
    assert f"the source has {first.rows + 3:,} rows in this span and {first.rows:,} were scored" in note
    again = predict_into(project, SPAN, out, None, replace=True)
    assert (again.scored, again.notes) == (first.rows + 3, ())
    one = registry.client().get_model_version(model.name, "1")
    registry.client().create_model_version(
        model.name, str(one.source), run_id=one.run_id, tags=one.tags, model_id=one.model_id
    )
    registry.point(registry.versions(model.name)[0], registry.CHAMPION)
    with pytest.raises(OutputHasOther, match="by version 1 for 2026-01-23 12:00 to 2026-01-31 00:00"):
        predict_into(project, SPAN, out, None)
    assert predict_into(project, SPAN, out, None, replace=True).scored == first.rows + 3
    assert set(pq.read_table(out)["version"].to_pylist()) == {"2"}
    assert pq.read_table(out).num_rows == first.rows + 3


def test_rows_without_an_id_and_unknown_categories_are_counted(trained: Trained, tmp_path: Path) -> None:
    """In a table with a key they are not written; in a folder they are."""
    model = trained(with_ids(stream()), columns__id=["trip"])
    rows = pd.read_parquet(model.folder / "rows.parquet")
    inside = rows.index[(rows["ts"] >= SPAN.start) & (rows["ts"] < SPAN.end)]
    rows["trip"] = rows["trip"].astype("Int64")
    rows.loc[inside[:2], "trip"] = None
    rows.loc[inside[5], "trip"] = rows.loc[inside[6], "trip"]
    rows.loc[inside[10:14], "city"] = "oslo"
    rows.to_parquet(model.folder / "rows.parquet", index=False)
    out = f"duckdb://{tmp_path}/p.duckdb"
    done = functions.predict(model.file, span=(SPAN.start, SPAN.end), out=out, table="scored")
    assert (
        f"city: 4 of {len(inside)} rows have a category that version 1 does not know, such as 'oslo'" in done.notes[0]
    )
    assert done.notes[1].startswith("2 rows have no id and were not written")
    assert done.notes[2].startswith("1 rows have an id that was in the table")
    with duckdb.connect(f"{tmp_path}/p.duckdb") as con:
        many, distinct = con.execute("SELECT count(*), count(DISTINCT trip) FROM scored").fetchall()[0]
    assert many == distinct == len(inside) - 3
    functions.predict(model.file, span=(SPAN.start, SPAN.end), out=tmp_path / "o")
    assert pq.read_table(tmp_path / "o")["trip"].null_count == 2


def test_probabilities_have_a_column_per_class_and_rows_without_id_a_hash(trained: Trained, tmp_path: Path) -> None:
    """The columns are those of the prediction log."""
    model = trained(task="multiclass")
    predict_into(load(model.file), SPAN, str(tmp_path / "o"), None)
    written = pq.read_table(tmp_path / "o").to_pandas()
    assert list(written.columns[:3]) == ["time", "row", "version"]
    assert np.allclose(written.filter(like="prediction ").sum(axis=1), 1, atol=1e-6)
    with pytest.raises(OutputDiffers, match="was written with model"):
        predict_into(load(trained().file), SPAN, str(tmp_path / "o"), None)


def test_a_span_goes_to_the_log_day_by_day(trained: Trained, tmp_path: Path) -> None:
    """Without --out the log is the output; a span without rows names where they are; wrong usage is named."""
    model = trained(stream())
    rows = len(expected(model, SPAN))
    assert functions.predict(model.file, span=(SPAN.start, SPAN.end)).scored == rows
    assert functions.predict(model.file, span=(day(22), SPAN.end)).rows > rows
    assert functions.predict(model.file, span=(SPAN.start, SPAN.end)).scored == 0
    for out in (None, tmp_path / "none"):
        reason = functions.predict(model.file, span=(day(400), day(401)), out=out).reason or ""
        assert "the source has rows from 2026-01-01" in reason
    for more, message in (
        (["--from", "2026-01-01"], "--from and --to are given together"),
        (["--from", "2026-01-02", "--to", "2026-01-01"], "--from must be before --to"),
        (["--from", "2026-01-01", "--to", "2026-01-02", "--now", "2026-01-03"], "--now is for the newest window"),
        (["--replace"], "--replace needs --out"),
    ):
        shown = CliRunner().invoke(main, ["predict", str(model.file), *more])
        assert (shown.exit_code, message in shown.output) == (2, True), shown.output


@pytest.mark.parametrize(
    ("out", "table", "message"),
    [
        ("s3://bucket/x", None, "is a database without a table"),
        ("s3://bucket/x", "t", "has the scheme 's3'"),
        ("postgres://host/db", None, "is a database without a table"),
        ("folder", "t", "is a folder, which has no tables"),
    ],
)
def test_an_output_that_is_none_is_refused(trained: Trained, out: str, table: str | None, message: str) -> None:
    """Each with what to write instead."""
    with pytest.raises(OutputUnusable, match=message):
        predict_into(load(trained().file), SPAN, out, table)
