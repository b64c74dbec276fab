"""Spans by OpenTelemetry, sent to a collector as OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp).

A span has a name, numbers and ids of tenants and runs; of an error it tells the kind alone. The libraries cost a tenth
of a second to import, so that is done at the first span. A collector that is away delays nothing and fails nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from billing.adapters.trace_place import TracePlace
from billing.ports.trace import Attribute, Begun, Trace

if TYPE_CHECKING:
    import requests
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider

EXPORT_SECONDS = 5
_EXPORT_EVERY_MILLISECONDS = 1_000
_GOOGLE = "telemetry.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/trace.append"


class OtlpSpans:
    """The Spans of one function. Whether a trace is kept is the caller's decision; a trace that begins here is kept."""

    def __init__(self, place: TracePlace, *, service: str, revision: str) -> None:
        """`service` and `revision` are what the spans are said to come from."""
        self._place = place
        self._service = {"service.name": service, "service.version": revision}
        self._connecting = Lock()

    @contextmanager
    def begin(self, name: str, below: Trace | None, attributes: Mapping[str, Attribute]) -> Iterator[Begun]:
        """As Spans.begin."""
        from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415

        span = self._connected.get_tracer("billing").start_span(name, context=_context(below), attributes=attributes)
        context = span.get_span_context()
        trace = Trace(
            trace_id=f"{context.trace_id:032x}",
            span_id=f"{context.span_id:016x}",
            sampled=context.trace_flags.sampled,
        )
        try:
            yield Begun(trace=trace, note=span.set_attributes)
        except BaseException as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            span.end()

    def flush(self) -> None:
        """Send what has ended, before the process is put to sleep."""
        self._connected.force_flush(EXPORT_SECONDS * 1_000)

    @property
    def _connected(self) -> "TracerProvider":
        with self._connecting:  # two first spans at once connect once
            return self._provider

    @cached_property
    def _provider(self) -> "TracerProvider":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        project = {"gcp.project_id": self._place.project} if self._place.project else {}
        provider = TracerProvider(resource=Resource.create({**self._service, **project}))
        exporter = OTLPSpanExporter(
            f"{self._place.url}/v1/traces", timeout=EXPORT_SECONDS, session=_session(self._place.url)
        )
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=_EXPORT_EVERY_MILLISECONDS))
        return provider


def _context(below: Trace | None) -> "Context | None":
    """The caller's span as OpenTelemetry knows it."""
    from opentelemetry.context import Context  # noqa: PLC0415
    from opentelemetry.trace import (  # noqa: PLC0415
        NonRecordingSpan,
        SpanContext,
        TraceFlags,
        set_span_in_context,
    )

    if below is None:
        return Context()
    flags = TraceFlags(TraceFlags.SAMPLED if below.sampled else TraceFlags.DEFAULT)
    parent = SpanContext(int(below.trace_id, 16), int(below.span_id, 16), is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(parent), Context())


def _session(url: str) -> "requests.Session | None":
    """Google's own collector asks for this function's account; any other for nothing."""
    if urlsplit(url).hostname != _GOOGLE:
        return None
    import google.auth  # noqa: PLC0415
    from google.auth.transport.requests import AuthorizedSession  # noqa: PLC0415

    credentials, _project = google.auth.default(scopes=[_SCOPE])
    return AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
