"""OpenTelemetry traces of checks and training runs: a span for each, and one for each of its phases.

Off unless the standard variables name a collector; needs the extra `otel`.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from driftloop.monitoring.errors import clipped
from driftloop.monitoring.settings.secrets import without_passwords
from driftloop.pipelines.runtime import phases
from driftloop.pipelines.telemetry import background

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.trace import Span, Tracer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
Values = Mapping[str, str | bool | int | float | None]
Annotate = Callable[[Values], None]
Scrub = Callable[[str], str]
LONGEST = 4000
log = logging.getLogger("driftloop.telemetry")
_within: ContextVar[_Phases | None] = ContextVar("within", default=None)


def requested() -> bool:
    """Return whether the environment names a collector of traces, and does not switch them off."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "").strip() or "otlp"
    return not off and exporter == "otlp" and any(os.environ.get(name) for name in ENDPOINTS)


@contextmanager
def traced(name: str, values: Values, scrub: Scrub = without_passwords) -> Iterator[Annotate]:
    """Trace the block as a span with these attributes, its phases as spans below it.

    An error sets the status of the span and of the phase in which it was raised, each with the exception as an event;
    `scrub` takes secrets out of its message. The value adds attributes. The outermost block delivers the trace at its
    end. Without a collector nothing is done.
    """
    outer = _within.get()
    if outer is not None:
        outer.close()
        with _span(outer.tracer, name, values, scrub) as annotate:
            yield annotate
        return
    export = _exporter() if requested() else None
    if export is None:
        yield _ignore
        return
    spans: list[ReadableSpan] = []
    tracer = _provider(spans).get_tracer("driftloop", version("driftloop"))
    try:
        with _span(tracer, name, values, scrub) as annotate:
            yield annotate
    finally:
        if spans:
            background.deliver("the trace was", lambda: export(spans))


@contextmanager
def _span(tracer: Tracer, name: str, values: Values, scrub: Scrub) -> Iterator[Annotate]:
    from opentelemetry import trace

    with tracer.start_as_current_span(
        name, context=_parent(), attributes=_attributes(values), record_exception=False, set_status_on_exception=False
    ) as span:

        def annotate(more: Values) -> None:
            span.set_attributes(_attributes(more))

        within = _Phases(tracer, trace.set_span_in_context(span), scrub)
        before = _within.set(within)
        try:
            with phases.watched_by(within, "trace"):
                yield annotate
        except BaseException as error:
            within.close(error)
            _fail(span, error, scrub)
            raise
        finally:
            _within.reset(before)
        within.close()


class _Phases:
    """Opens a span for each phase; counted work is shown by commands only."""

    def __init__(self, tracer: Tracer, context: Context, scrub: Scrub) -> None:
        self.tracer, self._context, self._scrub = tracer, context, scrub
        self._open: Span | None = None
        self._suspect: tuple[Span, BaseException, int] | None = None

    def enter(self, phase: str) -> None:
        error = sys.exception()
        if error is None or self._open is None or self._suspect is not None:
            self._end()
        else:
            # The error is handled, perhaps recorded and raised again: it was that of the phase before this one.
            self._suspect = self._open, error, time.time_ns()
        self._open = self.tracer.start_span(phase, context=self._context)

    def begin(self, work: str, total: int) -> None: ...

    def advance(self) -> None: ...

    def end(self) -> None: ...

    def close(self, error: BaseException | None = None) -> None:
        """End all spans; the phase in which the error was raised has its status and the exception."""
        if self._suspect is not None:
            span, handled, ended = self._suspect
            self._suspect = None
            if error is not None and any(handled is one for one in (error, error.__cause__, error.__context__)):
                _fail(span, error, self._scrub)
                error = None
            span.end(ended)
        if error is not None and self._open is not None:
            _fail(self._open, error, self._scrub)
        self._end()

    def _end(self) -> None:
        if self._open is not None:
            self._open.end()
        self._open = None


def _fail(span: Span, error: BaseException, scrub: Scrub) -> None:
    """Mark a span as failed, with the exception as an event by OpenTelemetry's conventions.

    The stack has lines of code only: the texts of exceptions before this one may have secrets that its own does not.
    """
    from opentelemetry.trace import Status, StatusCode

    name, text = type(error).__qualname__, clipped(scrub(str(error)), LONGEST)
    span.set_status(Status(StatusCode.ERROR, f"{name}: {text}"))
    span.set_attribute("error.type", name)
    stack = "".join(traceback.format_tb(error.__traceback__))
    span.add_event(
        "exception", {"exception.type": name, "exception.message": text, "exception.stacktrace": stack[-LONGEST:]}
    )


def _provider(spans: list[ReadableSpan]) -> TracerProvider:
    """Return a provider of its own that collects ended spans; other providers of the process are not changed."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

    class Collecting(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            spans.append(span)

    named = "OTEL_SERVICE_NAME" in os.environ or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    own = {"service.version": version("driftloop")} | ({} if named else {"service.name": "driftloop"})
    provider = TracerProvider(resource=Resource.create(own), shutdown_on_exit=False)
    provider.add_span_processor(Collecting())
    return provider


def _exporter() -> Callable[[list[ReadableSpan]], bool] | None:
    """Return what sends spans to the collector; None, with a warning, if that is impossible."""
    protocol = next((os.environ[name] for name in PROTOCOLS if os.environ.get(name)), "http/protobuf")
    if protocol != "http/protobuf":
        log.warning("no traces: the protocol %r is not supported; set %s=http/protobuf", protocol, PROTOCOLS[1])
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import SpanExportResult
    except ImportError:
        log.warning("no traces: the exporter is not installed; run `pip install 'driftloop[otel]'`")
        return None

    def export(spans: list[ReadableSpan]) -> bool:
        exporter = OTLPSpanExporter()
        try:
            return exporter.export(spans) is SpanExportResult.SUCCESS
        finally:
            exporter.shutdown()

    return export


def _parent() -> Context | None:
    """Return the context of `TRACEPARENT` if no span is open, so that a check is part of the trace that started it."""
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    if trace.get_current_span().get_span_context().is_valid or "TRACEPARENT" not in os.environ:
        return None
    carrier = {name.lower(): os.environ[name] for name in ("TRACEPARENT", "TRACESTATE") if name in os.environ}
    return TraceContextTextMapPropagator().extract(carrier)


def _attributes(values: Values) -> dict[str, Any]:
    return {f"driftloop.{name}": value for name, value in values.items() if value is not None}


def _ignore(values: Values) -> None:
    """Take attributes of a block that is not traced."""
