"""Events of OpenLineage, as a receiver and a file get them."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from driftloop.monitoring.records import ColumnScore, Window
from driftloop.pipelines.telemetry import background, lineage
from driftloop.pipelines.telemetry.column_lineage import InputColumn
from driftloop.pipelines.telemetry.column_metrics import ColumnMetric
from driftloop.pipelines.telemetry.datasets import DatasetName
from driftloop.pipelines.telemetry.lineage import Lineage
from tests import openlineage_schema
from tests.servers.recording import recording
from tests.streams import day

pytest.importorskip("openlineage.client")

FARE = ColumnScore(name="fare", role="feature", kind="numeric", method="ks", score=0.3, threshold=0.1, drifted=True)
RUN = Lineage(
    job="check",
    model="fares",
    run_id="01234567-89ab-cdef-0123-456789abcdef",
    window=Window(start=day(0), end=day(7)),
    inputs=(DatasetName("file", "/data/rows.parquet"), DatasetName("postgres://db:5432", "shop.public.labels")),
)
MEASURED = replace(
    RUN,
    rows=700,
    columns=(FARE, FARE.model_copy(update={"name": "prediction", "role": "prediction"})),
    read=(DatasetName("mlflow", "models:/fares"), "3"),
    documentation="steady: all is well",
)


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The client writes variables of its own into the environment."""
    for name in [name for name in os.environ if name.startswith("OPENLINEAGE")]:
        monkeypatch.delenv(name)
    before = set(os.environ)
    yield
    for name in set(os.environ) - before:
        if name.startswith("OPENLINEAGE__"):
            del os.environ[name]


def events_of(sent: list[bytes]) -> list[dict[str, Any]]:
    events = [json.loads(body) for body in sent]
    for event in events:
        openlineage_schema.validate(event)
    return events


def test_a_check_is_two_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """START with the inputs, COMPLETE with rows, columns, drift and the version that was judged."""
    with recording() as receiver:
        monkeypatch.setenv("OPENLINEAGE_URL", receiver.url)
        with lineage.recorded(lambda: RUN) as add:
            add(lambda known: replace(MEASURED, run_id=known.run_id))
        sent = [one.body for one in receiver.sent]
        assert {one.path for one in receiver.sent} == {"/api/v1/lineage"}
    begun, ended = events_of(sent)
    assert (begun["eventType"], ended["eventType"]) == ("START", "COMPLETE")
    assert begun["run"]["runId"] == ended["run"]["runId"] == RUN.run_id
    assert (ended["job"]["namespace"], ended["job"]["name"]) == ("driftloop", "fares.check")
    assert ended["run"]["facets"]["nominalTime"]["nominalEndTime"] == day(7).isoformat()
    rows, labels, model = ended["inputs"]
    assert (rows["namespace"], rows["name"]) == ("file", "/data/rows.parquet")
    assert [(one["name"], one["type"]) for one in rows["facets"]["schema"]["fields"]] == [("fare", "numeric")]
    assert rows["inputFacets"]["dataQualityMetrics"]["rowCount"] == 700
    (assertion,) = rows["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert (assertion["column"], assertion["success"], assertion["actual"]) == ("fare", False, "0.3")
    assert labels["name"] == "shop.public.labels"
    assert (model["name"], model["facets"]["version"]["datasetVersion"]) == ("models:/fares", "3")


def test_an_error_is_a_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the file transport; a training run names the check that it belongs to, and passes its error on."""
    file = tmp_path / "events.jsonl"
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(file))
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__APPEND", "true")
    monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "shop")

    def fails() -> None:
        with lineage.recorded(lambda: replace(RUN, job="retrain", parent=RUN.run_id)):
            raise ValueError("no such column")

    with pytest.raises(ValueError, match="no such column"):
        fails()
    begun, ended = events_of([line.encode() for line in file.read_text().splitlines()])
    assert (begun["eventType"], ended["eventType"]) == ("START", "FAIL")
    assert ended["run"]["facets"]["errorMessage"]["message"] == "ValueError: no such column"
    parent = ended["run"]["facets"]["parent"]
    assert parent["run"]["runId"] == RUN.run_id
    assert (parent["job"]["namespace"], parent["job"]["name"]) == ("shop", "fares.check")


def test_a_model_version_is_an_output() -> None:
    """A training run writes the version that it registered."""
    from openlineage.client.serde import Serde

    written = replace(RUN, job="retrain", written=(DatasetName("mlflow", "models:/fares"), "4"))
    (event,) = events_of([Serde.to_json(lineage.event("COMPLETE", written)).encode()])
    (model,) = event["outputs"]
    assert (model["name"], model["facets"]["version"]["datasetVersion"]) == ("models:/fares", "4")


def test_columns_of_a_version_and_metrics_of_the_rows() -> None:
    """The prediction comes from features and target, the filter affects all of it; metrics are of columns."""
    from openlineage.client.serde import Serde

    rows, model = RUN.inputs[0], DatasetName("mlflow", "models:/fares")
    learned = (
        InputColumn(rows, "fare", "feature"),
        InputColumn(rows, "ts", "feature", derived=True),
        InputColumn(rows, "tip", "target"),
        InputColumn(rows, "city", "filter"),
    )
    metrics = {"fare": ColumnMetric(690, 10, None, {"0.5": 12.5}), "city": ColumnMetric(700, 0, 3, {})}
    run = replace(MEASURED, job="retrain", written=(model, "4"), learned=learned, metrics=metrics)
    (event,) = events_of([Serde.to_json(lineage.event("COMPLETE", run)).encode()])
    facet = event["outputs"][0]["facets"]["columnLineage"]

    def kinds(fields: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
        return {one["field"]: (made["type"], made["subtype"]) for one in fields for made in one["transformations"]}

    assert kinds(facet["fields"]["prediction"]["inputFields"]) == {
        "fare": ("DIRECT", "IDENTITY"),
        "ts": ("DIRECT", "TRANSFORMATION"),
        "tip": ("INDIRECT", "CONDITIONAL"),
    }
    assert kinds(facet["dataset"]) == {"city": ("INDIRECT", "FILTER")}
    assert {one["name"] for one in facet["dataset"]} == {rows.name}
    quality = event["inputs"][0]["inputFacets"]["dataQualityMetrics"]
    assert quality["columnMetrics"]["fare"]["quantiles"] == {"0.5": 12.5}
    assert quality["columnMetrics"]["city"]["distinctCount"] == 3


def test_the_schema_refuses_what_does_not_fit() -> None:
    """A missing run, a facet without its field and a field that the specification does not have."""
    from openlineage.client.serde import Serde

    event = json.loads(Serde.to_json(lineage.event("COMPLETE", MEASURED)))
    openlineage_schema.validate(event)
    for change in ("run", "facet", "field"):
        broken = json.loads(json.dumps(event))
        if change == "run":
            del broken["run"]
        elif change == "facet":
            del broken["run"]["facets"]["nominalTime"]["nominalStartTime"]
        else:
            broken["job"]["title"] = "x"
        with pytest.raises((jsonschema.ValidationError, KeyError)):
            openlineage_schema.validate(broken)


@pytest.mark.parametrize("variables", [{}, {"OPENLINEAGE_URL": "URL", "OPENLINEAGE_DISABLED": "true"}])
def test_it_is_off_unless_requested(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a transport, or switched off."""
    with recording() as receiver:
        for name, value in variables.items():
            monkeypatch.setenv(name, value.replace("URL", receiver.url))
        with lineage.recorded(lambda: RUN) as add:
            add(lambda known: known)
    assert receiver.sent == []


def test_a_receiver_that_does_not_answer_is_left_behind(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """At the limit the check goes on; an error while an event is made does not reach it either."""
    monkeypatch.setattr(background.deliver, "__defaults__", (0.2,))
    with recording(answers=False) as receiver, caplog.at_level(logging.WARNING, "driftloop.telemetry"):
        monkeypatch.setenv("OPENLINEAGE_URL", receiver.url)
        with lineage.recorded(lambda: RUN):
            pass
    assert "the last event of OpenLineage was not delivered within 0.2 s" in caplog.messages

    def broken() -> Lineage:
        raise KeyError("hunter2")

    caplog.clear()
    with caplog.at_level(logging.WARNING, "driftloop.telemetry"), lineage.recorded(broken) as add:
        add(lambda known: known)
    ours = [record.message for record in caplog.records if record.name == "driftloop.telemetry"]
    assert ours == ["lineage: an event was not made or sent: KeyError"]
