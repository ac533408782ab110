"""Checks and training runs as other tools see them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from driftloop.monitoring.errors import SourceMissing
from tests import openlineage_schema
from tests.conftest import Model
from tests.servers.recording import recording
from tests.spans import Spans
from tests.streams import day, stream

pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
pytest.importorskip("openlineage.client")


def test_a_check_with_its_training_is_one_trace(model: Callable[..., Model], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first check trains: both runs with model, window, outcome and phases; an error has its status."""
    with recording() as collector, recording() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "http")
        monkeypatch.setenv("OPENLINEAGE__TRANSPORT__URL", receiver.url)
        check = model(stream(28)).check(day(21))
    spans = Spans.of(collector)
    tree = spans.tree()
    assert tree["check"] is None
    assert tree["retrain"] == "check"
    assert {"finding the champion", "reading rows"} <= {name for name, parent in tree.items() if parent == "check"}
    assert {"gate", "registering the model"} <= {name for name, parent in tree.items() if parent == "retrain"}
    values = spans.attributes("check")
    assert (values["driftloop.outcome"], values["driftloop.rows"]) == (check.outcome.value, check.window.rows)
    assert values["driftloop.window.end"] == check.window.end.isoformat()
    assert check.retrain is not None
    assert spans.attributes("retrain")["driftloop.challenger.version"] == check.retrain.version
    events = [json.loads(sent.body) for sent in receiver.sent]
    for event in events:
        openlineage_schema.validate(event)
    kinds = [(event["job"]["name"].rpartition(".")[2], event["eventType"]) for event in events]
    assert kinds == [("check", "START"), ("retrain", "START"), ("retrain", "COMPLETE"), ("check", "COMPLETE")]
    trained, checked = events[2], events[3]
    assert trained["run"]["facets"]["parent"]["run"]["runId"] == checked["run"]["runId"] == check.prefect_flow_run_id
    assert trained["outputs"][0]["facets"]["version"]["datasetVersion"] == check.retrain.version
    columns = trained["outputs"][0]["facets"]["columnLineage"]["fields"]["prediction"]["inputFields"]
    assert {one["field"] for one in columns} == {"amount", "speed", "city", "kind", "y"}
    assert checked["inputs"][0]["name"].endswith("rows.parquet")
    assert checked["inputs"][0]["inputFacets"]["dataQualityMetrics"]["rowCount"] == check.window.rows
    monkeypatch.delenv("OPENLINEAGE__TRANSPORT__TYPE")
    monkeypatch.delenv("OPENLINEAGE__TRANSPORT__URL")
    with recording() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        broken = model()
        with pytest.raises(SourceMissing):
            broken.check(day(21))
    spans = Spans.of(collector)
    for name in ("check", "reading rows"):
        assert spans.attributes(name)["error.type"] == "SourceMissing"
        assert spans.named(name).status.code == 2
        assert [event.name for event in spans.named(name).events] == ["exception"]
