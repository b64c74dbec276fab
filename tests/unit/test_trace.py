"""Which trace a piece of work belongs to: https://www.w3.org/TR/trace-context/#traceparent-header."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from billing.ports.tasks import Task
from billing.ports.trace import (
    Attribute,
    Begun,
    Trace,
    current_trace,
    in_this_trace,
    note_in_span,
    span,
    trace_headers,
    trace_of,
    traced,
)

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED = Trace(trace_id=TRACE, span_id=SPAN, sampled=True)


@dataclass
class Kept:
    """Spans by name, each with the id of the one that it is below and its attributes, those noted later included."""

    spans: list[tuple[str, str, dict[str, Attribute]]] = field(default_factory=list)

    @contextmanager
    def begin(self, name: str, below: Trace | None, attributes: Mapping[str, Attribute]) -> Iterator[Begun]:
        known = dict(attributes)
        self.spans.append((name, "" if below is None else below.span_id, known))
        yield Begun(trace=Trace(trace_id=TRACE, span_id=f"{len(self.spans):016x}", sampled=True), note=known.update)

    def flush(self) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("headers", "trace"),
    [
        ({"traceparent": f"00-{TRACE}-{SPAN}-01"}, SAMPLED),
        ({"traceparent": f"00-{TRACE}-{SPAN}-00"}, Trace(trace_id=TRACE, span_id=SPAN, sampled=False)),
        ({"traceparent": f"00-{TRACE}-{SPAN}-03"}, SAMPLED),  # other flags mean nothing to us
        ({"traceparent": f"cc-{TRACE}-{SPAN}-01-what-is-to-come"}, SAMPLED),
        ({"x-cloud-trace-context": f"{TRACE}/67667974448284343;o=1"}, SAMPLED),  # the same span, decimal
        ({"x-cloud-trace-context": f"{TRACE}/1"}, Trace(trace_id=TRACE, span_id=f"{1:016x}", sampled=False)),
        ({"traceparent": f"00-{TRACE}-{SPAN}-01", "x-cloud-trace-context": f"{'b' * 32}/1"}, SAMPLED),
        ({"traceparent": "nonsense", "x-cloud-trace-context": f"{TRACE}/67667974448284343;o=1"}, SAMPLED),
    ],
)
def test_the_callers_trace_is_read(headers: dict[str, str], trace: Trace) -> None:
    assert trace_of(headers.get) == trace


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("traceparent", f"00-{'0' * 32}-{SPAN}-01"),
        ("traceparent", f"00-{TRACE}-{'0' * 16}-01"),
        ("traceparent", f"ff-{TRACE}-{SPAN}-01"),
        ("traceparent", f"00-{TRACE.upper()}-{SPAN}-01"),
        ("traceparent", f"00-{TRACE}-{SPAN}-01-more"),
        ("traceparent", f"00-{TRACE}-{SPAN}"),
        ("traceparent", f"00-{TRACE}-{SPAN}-01\n"),
        ("x-cloud-trace-context", f"{TRACE}/0"),
        ("x-cloud-trace-context", f"{TRACE}/{2**64}"),
        ("x-cloud-trace-context", f"{'0' * 32}/1"),
        ("x-cloud-trace-context", TRACE),
    ],
)
def test_what_is_no_trace_is_none(name: str, text: str) -> None:
    assert trace_of({name: text}.get) is None


def test_work_without_a_caller_s_trace_has_one_of_its_own_that_is_passed_on() -> None:
    with traced("door", None, {}, spans=None) as one:
        assert trace_of(trace_headers().get) == one == current_trace()
    with traced("door", None, {}, spans=None) as other:
        assert other.trace_id != one.trace_id
    assert (trace_headers(), current_trace()) == ({}, None)


def test_spans_stand_below_each_other_and_what_is_called_within_one_is_told_of_it() -> None:
    kept = Kept()
    with traced("door", SAMPLED, {"method": "POST"}, spans=kept):
        with span("run", tenant="acme"), span("page", number=1):
            assert trace_headers() == {"traceparent": f"00-{TRACE}-{3:016x}-01"}
        with span("settle"):
            note_in_span(documents=3)
    assert kept.spans == [
        ("door", SPAN, {"method": "POST"}),
        ("run", f"{1:016x}", {"tenant": "acme"}),
        ("page", f"{2:016x}", {"number": 1}),
        ("settle", f"{1:016x}", {"documents": 3}),
    ]


def test_where_nobody_keeps_spans_there_are_none() -> None:
    with span("alone"):
        assert current_trace() is None
    with traced("door", SAMPLED, {}, spans=None), span("run"):
        note_in_span(documents=3)
        assert current_trace() == SAMPLED


def test_a_task_takes_the_trace_along_that_it_was_made_in() -> None:
    with traced("door", SAMPLED, {}, spans=None):
        task = Task(name="t-1", queue="runs", function="run_dunning", headers={"X-Tenant-ID": "acme"})
    assert task.headers == {"traceparent": SAMPLED.traceparent, "X-Tenant-ID": "acme"}


def test_work_in_another_thread_belongs_to_the_trace_only_where_it_is_told() -> None:
    with ThreadPoolExecutor(2) as pool, traced("door", SAMPLED, {}, spans=None):
        assert pool.submit(current_trace).result() is None
        asked = in_this_trace(current_trace)
        assert [pool.submit(asked).result() for _ in range(4)] == [SAMPLED] * 4
        assert pool.submit(current_trace).result() is None
