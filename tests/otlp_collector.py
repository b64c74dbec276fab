"""A collector of OpenTelemetry spans on the loopback: OTLP over HTTP, kept in memory."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.local_server import QuietHandler, serving


@dataclass(kw_only=True)
class Collector:
    """What was sent to it, in the order of its arrival: spans with the name of the service that they come from."""

    url: str = ""
    spans: list[tuple[str, Span]] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        return {span.name for _, span in self.spans}

    def named(self, name: str) -> Span:
        """The only span of a name."""
        [span] = [span for _, span in self.spans if span.name == name]
        return span

    def below(self, name: str) -> set[str]:
        """The names of the spans directly below the spans of a name."""
        above = {span.span_id for _, span in self.spans if span.name == name}
        return {span.name for _, span in self.spans if span.parent_span_id in above}


@contextmanager
def otlp_collector() -> Iterator[Collector]:
    """A collector while the block runs."""
    collector = Collector()

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            request = ExportTraceServiceRequest.FromString(body) if self.path == "/v1/traces" else None
            self.answer(404 if request is None else 200)
            for resource in [] if request is None else request.resource_spans:
                said = {each.key: each.value.string_value for each in resource.resource.attributes}
                found = [span for scope in resource.scope_spans for span in scope.spans]
                collector.spans += [(said["service.name"], span) for span in found]

    with serving(Handler) as url:
        collector.url = url
        yield collector


def attributes_of(span: Span) -> dict[str, str | int | bool]:
    """A span's attributes as plain values."""
    return {each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in span.attributes}
