"""Where spans go, as a setting says."""

from dataclasses import dataclass

from billing.adapters.variables import Variables

TRACES = "BILLING_TRACES"


@dataclass(frozen=True, slots=True, kw_only=True)
class TracePlace:
    """A collector that takes OTLP over HTTP at `url` (without /v1/traces). `project` is Google Cloud's, or ""."""

    url: str
    project: str = ""


def trace_place(read: Variables) -> TracePlace | None:
    """Read the variable; None where there is none, so that no span is kept."""
    url = read.url(TRACES)
    return None if url is None else TracePlace(url=url, project=read.text("GOOGLE_CLOUD_PROJECT"))
