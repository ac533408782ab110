"""Spans that an OTLP receiver got, decoded from protobuf."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.servers.recording import Recording


@dataclass(frozen=True)
class Spans:
    """All spans in the order of their start, and the attributes of their resource."""

    spans: list[Any]
    resource: dict[str, Any]

    @classmethod
    def of(cls, collector: Recording) -> Spans:
        spans: list[Any] = []
        resource: dict[str, Any] = {}
        for sent in collector.sent:
            for group in ExportTraceServiceRequest.FromString(sent.body).resource_spans:
                resource |= values(group.resource.attributes)
                spans += [span for scope in group.scope_spans for span in scope.spans]
        return cls(sorted(spans, key=lambda span: span.start_time_unix_nano), resource)

    def named(self, name: str) -> Any:
        """Return the only span of a name."""
        (span,) = (span for span in self.spans if span.name == name)
        return span

    def attributes(self, name: str) -> dict[str, Any]:
        return values(self.named(name).attributes)

    def tree(self) -> dict[str, str | None]:
        """Return the name of each span's parent, by its name; None for one whose parent was not received."""
        names = {span.span_id: span.name for span in self.spans}
        return {span.name: names.get(span.parent_span_id) for span in self.spans}


def values(attributes: Any) -> dict[str, Any]:
    """Return attributes as a dict."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
