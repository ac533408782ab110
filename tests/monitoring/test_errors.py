"""Every error states what was found, what was expected and what to do."""

from __future__ import annotations

import inspect
import pickle
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.monitoring import errors
from driftloop.monitoring.errors import (
    DriftloopError,
    DuplicateColumns,
    MissingColumns,
    TrainingImpossible,
    ValidationProblem,
    listed,
    suggestion,
)

MADE: list[DriftloopError] = [
    errors.ConfigError("a.yaml", "task", "'x'", expected="a task", remedy="correct it"),
    errors.UnknownModel("taxi.yml", ["taxi.yaml"]),
    errors.UnknownLoss("msa", ["mae", "mse"]),
    errors.HomeUnusable("/state", "read-only file system"),
    errors.HomeCopied("/state", "/srv/state"),
    errors.HomeMoved("/state", "/srv/state"),
    errors.LedgerUnusable("sqlite:///x", "unable to open database file"),
    errors.LedgerBroken("sqlite:///x", "database disk image is malformed"),
    errors.LedgerUnavailable("postgresql://ann:***@host/db", "connection refused"),
    errors.LockLost("taxi"),
    errors.DriverMissing("postgresql://host/db", "psycopg", "postgres"),
    errors.ExtraMissing("driftloop mcp", "mcp", "mcp"),
    errors.LeaseLost("request/r1", 2, "host 77 1234"),
    errors.LedgerTooNew("sqlite:///x", 9, 2),
    errors.UnknownRequest("r9", "sqlite:///x"),
    errors.RequestClosed("r9", "the config has changed"),
    errors.ServerMissing("PREFECT_API_URL is not set"),
    errors.WorkerUnready(["DRIFTLOOP_HOME"]),
    errors.PoolUnfit("driftloop", None),
    errors.PoolUnfit("driftloop", "kubernetes"),
    errors.SecretMissing("source.url", "PASSWORD"),
    errors.NothingToCompare("no rows in 2026-01-01 to 2026-01-08", "rows in both windows", "name another one"),
    errors.TimeOutOfRange("0001-01-02", "7d"),
    errors.SourceMissing("rows.parquet", "no such file", "write it"),
    errors.SourceUnreadable("rows.parquet", "truncated"),
    errors.MissingColumns("rows.parquet", ["speed"], ["sped", "city"]),
    errors.DuplicateColumns("rows.parquet", ["speed"]),
    errors.MissingFeatures("rows.parquet", ["speed"], ["sped"], version="3", file="taxi.yaml"),
    errors.ChampionOutgrown("rows.parquet", ["speed"], ["sped"], version="3", file="taxi.yaml"),
    errors.NamesDiffer("a.parquet", "Speed", "speed"),
    errors.KeysDiffer("rows.csv", "id", "whole numbers", "labels.csv", "key", "text", '"id"'),
    errors.MissingLabelColumns("labels.csv", ["order"], ["ordr"]),
    errors.MissingPredictionColumns("scored.csv", ["score"], ["scor"]),
    errors.PredictionsUnfit("7", "labels of 'x'", expected="'a', 'b'", remedy="correct predictions.prediction"),
    errors.TrainingRaised("a:b", "KeyError", "'here'", "Traceback ..."),
    errors.NotATime("rows.parquet", "ts", "numbers"),
    errors.TypeMisfit("rows.parquet", "until", "date", "BIGINT"),
    errors.BadExpression("columns.filter", "a >", "syntax error"),
    errors.FileNotShared("/data/rows.parquet"),
    errors.EngineUnavailable("dask at tcp://host:8786", "no worker is left"),
    errors.EngineMisfit("dask at tcp://host:8786", "worker a has numpy 1.0", "numpy 2.0", "numpy==2.0"),
    errors.Unscored(["speed"]),
    errors.NoChampion("taxi"),
    errors.NothingToRollBack("taxi"),
    errors.NothingToApprove("taxi", "3", "4"),
    errors.ChampionChanged("taxi", "3", "1", "2"),
    errors.ForeignVersion("taxi", "3"),
    errors.Tampered("taxi 3", "model.ubj"),
    errors.FileMissing("taxi 3", "model.ubj", "/state/mlartifacts/taxi"),
    errors.StoredModelDiffers("taxi 3", 2, 200),
    errors.Untrusted("the model", ["a.B"]),
    errors.TrainingImpossible("one_class", "all rows are 'a'", expected="two classes", remedy="look longer"),
    errors.TrainingStopped("a:b", "timed_out", "it was still running after 12h"),
    errors.ServerUnavailable("MLflow at http://host:5000", "Connection refused", "MLFLOW_TRACKING_URI"),
    errors.StorageUnusable("/state/reports", "No space left on device"),
    errors.StorageBroken("MLflow's database in SQLite", "file is not a database"),
    errors.OutputUnusable("out", "is a file", expected="a folder", remedy="name another folder"),
    errors.OutputBusy("out"),
    errors.OutputHasOther("out", "2026-01-01 to 2026-01-08", ["2"], "3"),
    errors.OutputOverlaps("out", "2026-01-01 to 2026-01-02", "2026-01-01 12:00 to 2026-01-08 00:00"),
    errors.OutputDiffers("out", "model", "taxi", "trips"),
    errors.NotReplayable("loss_matrix", "shape (3, 4)", "shape (B, B)"),
    errors.HistoryTooShort("4 batches", needed=10, remedy="gather more history"),
    errors.LossNotFinite(datetime(2026, 1, 8, tzinfo=UTC), "2026-01-08 to 2026-01-15"),
    errors.UnknownPolicy("cusum", ["cara", "loss_cusum"]),
    errors.AdoptionRefused("models:/taxi/7", "no column 'x'", expected="its columns", remedy="add it"),
    errors.LossUnusable("a:b", "no function b", expected="a function", remedy="write it"),
    errors.LossRaised("a:b", "ValueError", "no row", "Traceback ..."),
    errors.EstimatorError("a:b", "no function b", expected="a function", remedy="write it"),
]


def test_every_error_is_tried() -> None:
    """No error class is outside the laws of this file."""
    defined = {
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, DriftloopError) and kind.__module__.startswith(f"{errors.__name__}.")
    }
    assert {type(error) for error in MADE} == defined - {DriftloopError, errors.BadData, errors.LedgerError}


@pytest.mark.parametrize("error", MADE, ids=lambda error: type(error).__name__)
def test_the_message_has_three_parts(error: DriftloopError) -> None:
    """What was found comes first, then what is expected, then the remedy, none of them empty."""
    found, expected, remedy = str(error).split("\n")
    assert found == error.found != ""
    assert expected == f"  expected: {error.expected}" != "  expected: "
    assert remedy == f"  fix:      {error.remedy}" != "  fix:      "


@pytest.mark.parametrize("error", MADE, ids=lambda error: type(error).__name__)
def test_an_error_survives_pickling_whole(error: DriftloopError) -> None:
    """What comes out of a result store is the same error: its class, its words, its column and its code."""
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_a_single_column_is_named_in_the_error() -> None:
    """One lost or doubled column becomes the column of the finding; of several none can."""
    assert MissingColumns("rows", ["a"], ["b"]).column == DuplicateColumns("rows", ["a"]).column == "a"
    assert MissingColumns("rows", ["a", "b"], []).column is None
    assert TrainingImpossible("no_labels", "none", expected="some", remedy="look").code == "no_labels"


def test_a_misfit_is_a_value_error_with_parts() -> None:
    """Pydantic takes it for a refused value, and the parts are still there to be worded."""
    misfit = ValidationProblem("a number", found="'x'", key="limit")
    assert isinstance(misfit, ValueError)
    assert str(misfit) == "limit: 'x': expected a number"
    assert (misfit.key, misfit.found, misfit.remedy) == ("limit", "'x'", None)


@given(st.lists(st.text(max_size=300) | st.just("x" * 999)), st.integers(1, 10))
def test_a_list_in_a_message_stays_short(names: list[str], most: int) -> None:
    """However many and however long the values of the data are, a message stays readable."""
    assert len(listed(names, most)) <= most * 202 + 30


@given(st.lists(st.text(min_size=1), min_size=1))
def test_a_name_that_is_known_is_what_was_meant(known: list[str]) -> None:
    """A known name in another case is found again, and no hint names what is not known."""
    hint = suggestion(known[0].upper(), known)
    assert hint == "" or any(repr(name) in hint for name in known)
    assert suggestion("THRESHOLD", ["threshold", "method"]) == " Did you mean 'threshold'?"
