"""The monitoring half of a config: what it takes, what it refuses, and what it settles."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from driftloop.monitoring.config import Monitored
from driftloop.monitoring.drift.methods import METHODS
from driftloop.monitoring.drift.settings import Drift
from driftloop.monitoring.losses import fitting
from driftloop.monitoring.settings.source import Source
from driftloop.monitoring.tasks import TASKS, Task
from tests.every_loss import example
from tests.judged import monitored


def test_a_config_reads_back_from_its_own_json() -> None:
    """What is logged next to a run is a config that could be used again."""
    config = monitored(windows__align="6h", columns__label_delay="1d12h", drift__columns={"amount": {"method": "ks"}})
    assert Monitored.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    ("path", "format_"),
    [
        ("a.parquet", "parquet"),
        ("trips/*.PQ", "parquet"),
        ("s3://bucket/a.csv", "csv"),
        ("a.csv.gz", "csv"),
        ("${ROWS:-rows.csv}", "csv"),
        ("a.json", None),
        ("folder/", None),
    ],
)
def test_the_format_follows_from_the_ending(path: str, format_: str | None) -> None:
    """What the ending reports need not be stated, and what it does not report must be."""
    if format_ is None:
        with pytest.raises(ValidationError, match=r"ends in one of \.parquet, \.pq, \.csv, \.csv\.gz"):
            Source(path=path)
        assert Source(path=path, format="csv").file_format.name == "csv"
    else:
        assert Source(path=path).file_format.name == format_


@pytest.mark.parametrize(
    ("given_", "found"),
    [
        ({}, "neither path nor url, delta or iceberg"),
        ({"path": "a.csv", "delta": "trips"}, "both path and delta"),
        ({"path": "a.csv", "delta": "trips", "iceberg": "a.b"}, "'path', 'delta', 'iceberg'"),
        ({"delta": "trips", "catalog": "prod"}, "catalog for a Delta Lake table"),
        ({"path": "a.csv", "version": 1}, "version for files"),
        ({"delta": "trips", "version": -1}, "greater than or equal to 0"),
        ({"delta": "trips", "format": "parquet"}, "a format for a Delta Lake table"),
        ({"iceberg": "a.b", "encoding": "cp1252"}, "an encoding for an Iceberg table"),
        ({"iceberg": "a.b", "profile": "database"}, "'database' for an Iceberg table"),
        ({"iceberg": "lake/trips"}, "'lake/trips', which is neither"),
        ({"iceberg": "a.b", "catalog": {"type": "rest", "token": "abc"}}, "the secret 'token' in plain text"),
        ({"iceberg": "a.b", "catalog": {"uri": "postgresql://ann:abc@db/x"}}, "a password in plain text"),
        ({"delta": "s3://key:abc@bucket/trips"}, "a password in plain text"),
        ({"path": "a.csv", "url": "duckdb://", "table": "t"}, "both path and url"),
        ({"url": "duckdb://"}, "url without table"),
        ({"path": "a.csv", "table": "t"}, "table without url"),
        ({"url": "duckdb://", "table": "t", "format": "csv"}, "a format for a database table"),
    ],
)
def test_a_source_is_files_or_a_table(given_: dict[str, Any], found: str) -> None:
    """Exactly one place to read from, named whole."""
    with pytest.raises(ValidationError, match=found):
        Source(**given_)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"columns__numeric": [], "columns__categorical": []}, "no feature"),
        ({"columns__categorical": ["amount"]}, "'amount' more than once"),
        ({"columns__target": "ts"}, "'ts' more than once"),
        ({"columns__target": "speed"}, "'speed' more than once"),
        ({"columns__numeric": ["prediction"]}, "a column called 'prediction'"),
        ({"columns__target": "prediction"}, "a column called 'prediction'"),
        ({"columns__time": "prediction"}, "a column called 'prediction'"),
        ({"columns__target": ""}, "at least 1 character"),
        ({"columns__time_zone": "Mars/Base"}, "a time zone such as"),
        ({"columns__label_delay": "-1d"}, "a duration such as"),
        ({"windows__current": "0d"}, "a duration above 0"),
        ({"windows__align": "0s"}, "a duration above 0"),
        ({"preflight__max_unseen_share": 5}, "less than or equal to 1"),
        ({"preflight__max_unseen_share": float("nan")}, "finite number"),
        ({"preflight__min_rows": 0}, "greater than or equal to 1"),
        ({"drift__numeric": {"threshold": 0}}, "a number above 0"),
        ({"drift__numeric": {"threshold": float("nan")}}, "a number above 0"),
        ({"drift__numeric": {"threshold": float("inf")}}, "a number above 0"),
        ({"drift__numeric": {"threshold": "0.1"}}, "`calibrated`, or a number above 0"),
        ({"drift__numeric": {"threshold": True}}, "`calibrated`, or a number above 0"),
        ({"drift__numeric": {"effect_floor": -1}}, "greater than or equal to 0"),
        ({"drift__false_alarm_rate": 0}, "greater than or equal to 0.000000001"),
        ({"drift__numeric": {"method": "evidently:ks", "threshold": "calibrated"}}, "cannot be calibrated"),
        ({"drift__numeric": {"method": "evidently:chisquare"}}, "a method for numeric columns"),
        ({"drift__categorical": {"method": "ks"}}, "a method for categorical columns"),
        ({"drift__columns": {"city": {"method": "ks"}}}, "a method for categorical columns"),
        ({"drift__columns": {"prediction": {"method": "evidently:TVD"}}}, "a method for numeric columns"),
        ({"drift__columns": {"ts": {"method": "ks"}}}, "no such column"),
        ({"drift__numeric": {"method": "evidently:ks", "threshold": 5}}, "a share below 1"),
        (
            {"drift__numeric": {"method": "evidently:ks"}, "drift__columns": {"amount": {"threshold": 1}}},
            "a share below 1",
        ),
        ({"model": "Default"}, "an experiment of MLflow's own"),
        ({"performance__loss": "log_loss"}, "a loss that fits task regression"),
        ({"task": "binary", "performance__loss": "mae"}, "a loss that fits task binary"),
        ({"model": "../up"}, "match pattern"),
        ({"model": "a\n"}, "match pattern"),
        ({"preflight__min_row": 3}, "Extra inputs"),
    ],
)
def test_what_could_never_work_is_refused(change: dict[str, Any], found: str) -> None:
    """A config that would fail, or silently never fire, at its first check is refused when it is read."""
    with pytest.raises(ValidationError, match=found):
        monitored(**change)


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_a_loss_of_its_own(task: Task) -> None:
    """Without a word the first loss of the task counts, and each of its losses may be chosen."""
    names = fitting(task)
    assert monitored(task=task).loss.name == names[0]
    assert [monitored(task=task, performance=example(name).model_dump()).loss.loss for name in names] == list(names)


@pytest.mark.parametrize(
    ("task", "target", "prediction"),
    [
        ("regression", "numeric", "numeric"),
        ("binary", "categorical", "numeric"),
        ("multiclass", "categorical", "categorical"),
    ],
)
def test_how_target_and_prediction_are_scored_follows_from_the_task(task: str, target: str, prediction: str) -> None:
    """Features are what they are listed as; a binary prediction is a probability, one of many classes a class."""
    config = monitored(task=task)
    kinds = [config.kind(name) for name in ("amount", "city", "y", "prediction")]
    assert kinds == ["numeric", "categorical", target, prediction]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_may_be_chosen_for_every_kind_it_scores(method: str) -> None:
    """A method of ours is calibrated without a word; one of Evidently's has a default that the config would take."""
    for kind in METHODS[method].kinds:
        chosen = monitored(**{f"drift__{kind}": {"method": method}}).drift.chosen("any", kind)
        assert (chosen.method, chosen.threshold) == (method, METHODS[method].default_threshold or "calibrated")


def test_an_unset_default_falls_back_to_the_products_own() -> None:
    """A threshold alone keeps the method of its kind."""
    drift = Drift.model_validate({"numeric": {"threshold": 0.3}, "categorical": {"threshold": 0.4}})
    assert drift.chosen("a", "numeric").method == "wasserstein"
    assert drift.chosen("a", "categorical").method == "tvd"
