"""Traces as an OTLP receiver decodes them."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from driftloop.pipelines.runtime import phases
from driftloop.pipelines.telemetry import background, tracing
from driftloop.pipelines.telemetry.tracing import traced
from tests.servers.recording import Recording, recording
from tests.spans import Spans, values

pytest.importorskip("opentelemetry.exporter.otlp.proto.http")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*tracing.ENDPOINTS, *tracing.PROTOCOLS, "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "TRACEPARENT"):
        monkeypatch.delenv(name, raising=False)


def test_phases_are_spans_below_their_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run within a run has phases of its own; one trace, delivered once, with service and attributes."""
    monkeypatch.setenv("TRACEPARENT", "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01")
    with recording() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=abc")
        with traced("check", {"model": "m", "nothing": None}) as annotate:
            phases.enter("reading rows")
            phases.enter("decision")
            with traced("retrain", {"model": "m"}):
                phases.enter("gate")
            phases.enter("writing the report")
            annotate({"outcome": "steady", "rows": 3})
    (sent,) = collector.sent
    assert (sent.path, sent.headers["x-key"]) == ("/v1/traces", "abc")
    spans = Spans.of(collector)
    assert spans.tree() == {
        "check": None,
        "reading rows": "check",
        "decision": "check",
        "retrain": "check",
        "gate": "retrain",
        "writing the report": "check",
    }
    assert spans.named("decision").end_time_unix_nano <= spans.named("retrain").start_time_unix_nano
    assert spans.attributes("check") == {"driftloop.model": "m", "driftloop.outcome": "steady", "driftloop.rows": 3}
    assert spans.resource["service.name"] == "driftloop"
    assert {span.trace_id for span in spans.spans} == {bytes.fromhex("ab" * 16)}
    assert spans.named("check").parent_span_id == bytes.fromhex("cd" * 8)
    assert {span.status.code for span in spans.spans} == {0}


def test_an_error_is_a_status_of_the_run_and_of_its_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the exception as an event of both; it passes through unchanged, and the phases before it are well."""
    with recording() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.url + "/custom")
        monkeypatch.setenv("OTEL_SERVICE_NAME", "fares")

        def fails() -> None:
            with traced("check", {}):
                phases.enter("reading rows")
                phases.enter("decision")
                try:
                    raise ValueError("no such column")
                except ValueError:
                    phases.enter("writing the site")
                    raise

        with pytest.raises(ValueError, match="no such column"):
            fails()
    spans = Spans.of(collector)
    assert collector.sent[0].path == "/custom"
    assert spans.resource["service.name"] == "fares"
    statuses = {span.name: span.status.code for span in spans.spans}
    assert statuses == {"reading rows": 0, "decision": 2, "writing the site": 0, "check": 2}
    assert spans.attributes("check") == {"error.type": "ValueError"}
    for name in ("check", "decision"):
        failed = spans.named(name)
        assert failed.status.message == "ValueError: no such column"
        (event,) = failed.events
        known = values(event.attributes)
        assert (event.name, known["exception.type"]) == ("exception", "ValueError")
        assert (known["exception.message"], "in fails" in known["exception.stacktrace"]) == ("no such column", True)


def test_an_error_that_is_handled_is_none_of_its_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    """As rows that cannot be read, which are an outcome; an error that is translated is the phase's."""
    with recording() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with traced("check", {}):
            phases.enter("reading rows")
            try:
                raise ValueError("no such column")
            except ValueError:
                phases.enter("writing the site")
        assert {span.status.code for span in Spans.of(collector).spans} == {0}
    with recording() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)

        def fails() -> None:
            with traced("check", {}):
                phases.enter("reading rows")
                try:
                    raise ValueError("no such column")
                except ValueError as error:
                    phases.enter("writing the site")
                    raise OSError("away") from error

        with pytest.raises(OSError, match="away"):
            fails()
        found = {span.name: span.status.message for span in Spans.of(collector).spans}
    assert found == {"check": "OSError: away", "reading rows": "OSError: away", "writing the site": ""}


def test_no_secret_of_an_error_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in its own text nor in that of its cause, which tracebacks print."""
    with recording() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)

        def fails() -> None:
            secret = "hunter" + "2"
            with traced("check", {}, lambda text: text.replace(secret, "${PASSWORD}")):
                phases.enter("reading rows")
                cause = OSError(f"password {secret} is wrong")
                raise ConnectionError(f"refused: postgres://ann:{secret}@db/x") from cause

        with pytest.raises(ConnectionError):
            fails()
    assert b"hunter2" not in collector.sent[0].body
    assert b"postgres://ann:${PASSWORD}@db/x" in collector.sent[0].body


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "URL", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "URL", "OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "URL", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
    ],
)
def test_it_is_off_unless_requested(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a collector, switched off, or by a protocol that is not supported, which is a warning."""
    with recording() as collector, caplog.at_level(logging.WARNING, "driftloop.telemetry"):
        for name, value in variables.items():
            monkeypatch.setenv(name, value.replace("URL", collector.url))
        with traced("check", {}) as annotate:
            phases.enter("decision")
            annotate({"rows": 1})
    assert collector.sent == []
    ours = [record for record in caplog.records if record.name == "driftloop.telemetry"]
    assert len(ours) == ("OTEL_EXPORTER_OTLP_PROTOCOL" in variables)


def _traced(collector: Recording, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Any:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    with caplog.at_level(logging.WARNING, "driftloop.telemetry"), traced("check", {}):
        pass
    return [record.message for record in caplog.records if record.name == "driftloop.telemetry"]


def test_a_collector_that_does_not_answer_is_left_behind(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """At the limit the check goes on; so it does where the collector refuses."""
    monkeypatch.setattr(background.deliver, "__defaults__", (0.2,))
    with recording(answers=False) as collector:
        assert _traced(collector, monkeypatch, caplog) == ["the trace was not delivered within 0.2 s"]
    caplog.clear()
    monkeypatch.setattr(background.deliver, "__defaults__", (20.0,))
    with recording() as collector:
        collector.status = 401
        assert _traced(collector, monkeypatch, caplog) == ["the trace was not delivered: it was refused"]
