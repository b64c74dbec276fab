"""The trace that a piece of work belongs to: taken over from the caller, known to all below, passed on to the called.

The header is W3C's `traceparent` (https://www.w3.org/TR/trace-context/#traceparent-header), with Google's older
`X-Cloud-Trace-Context` (https://cloud.google.com/trace/docs/trace-context) where only that came. A stranger may
choose the trace that his own call is found under, and nothing else.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from secrets import token_hex
from typing import Final, ParamSpec, Protocol, TypeAlias, TypeVar

TRACE_HEADER: Final = "traceparent"
CLOUD_TRACE_HEADER: Final = "x-cloud-trace-context"

Attribute: TypeAlias = str | int | bool

_W3C = re.compile("(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_CLOUD = re.compile("([0-9a-f]{32})/([0-9]{1,20})(?:;o=([0-9]))?")
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
_LARGEST_SPAN = 2**64

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A trace by its id (32 hex digits), the span that all below belong to (16), and whether spans of it are kept."""

    trace_id: str
    span_id: str
    sampled: bool

    @property
    def traceparent(self) -> str:
        """What tells a callee of it."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A span that has begun: the trace as it goes on below it, and what takes attributes that are known later."""

    trace: Trace
    note: Callable[[Mapping[str, Attribute]], None]


class Spans(Protocol):
    """Where spans go. Keeping them raises nothing, wherever they go."""

    def begin(
        self, name: str, below: Trace | None, attributes: Mapping[str, Attribute]
    ) -> AbstractContextManager[Begun]:
        """A span for as long as the block runs, failed where it raises."""
        ...

    def flush(self) -> None:
        """Send what has ended."""
        ...


@dataclass(frozen=True, slots=True)
class _Scope:
    trace: Trace
    spans: Spans | None = None
    note: Callable[[Mapping[str, Attribute]], None] | None = None


_CURRENT: ContextVar[_Scope | None] = ContextVar("billing_trace", default=None)


def trace_of(header: Callable[[str], str | None]) -> Trace | None:
    """The caller's trace by the headers of the call; None where none came, or none that can be read."""
    return _w3c(header(TRACE_HEADER) or "") or _cloud(header(CLOUD_TRACE_HEADER) or "")


def current_trace() -> Trace | None:
    """The trace that this thread or task works for."""
    scope = _CURRENT.get()
    return None if scope is None else scope.trace


def trace_headers() -> dict[str, str]:
    """What a call to one of our own functions carries, now or by the queue, so that it belongs to the same trace."""
    scope = _CURRENT.get()
    return {} if scope is None else {TRACE_HEADER: scope.trace.traceparent}


@contextmanager
def traced(
    name: str, came_with: Trace | None, attributes: Mapping[str, Attribute], *, spans: Spans | None
) -> Iterator[Trace]:
    """Work for a trace while the block runs: the caller's, or a new one. Spans below go where `spans` says."""
    if spans is None:
        trace = came_with or Trace(trace_id=token_hex(16), span_id=token_hex(8), sampled=False)
        with _working_in(_Scope(trace)):
            yield trace
        return
    with spans.begin(name, came_with, attributes) as begun, _working_in(_Scope(begun.trace, spans, begun.note)):
        yield begun.trace


@contextmanager
def span(name: str, **attributes: Attribute) -> Iterator[None]:
    """A part of the work as a span of its own, where somebody keeps spans. Attributes are never anybody's data."""
    scope = _CURRENT.get()
    if scope is None or scope.spans is None:
        yield
        return
    spans = scope.spans
    with spans.begin(name, scope.trace, attributes) as begun, _working_in(_Scope(begun.trace, spans, begun.note)):
        yield


def note_in_span(**attributes: Attribute) -> None:
    """What is known of the running span only now; nothing where nobody keeps spans."""
    scope = _CURRENT.get()
    if scope is not None and scope.note is not None:
        scope.note(attributes)


def in_this_trace(work: Callable[P, R]) -> Callable[P, R]:
    """The work for another thread, which would know of no trace by itself."""
    scope = _CURRENT.get()

    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with _working_in(scope):
            return work(*args, **kwargs)

    return run


@contextmanager
def _working_in(scope: _Scope | None) -> Iterator[None]:
    before = _CURRENT.set(scope)
    try:
        yield
    finally:
        _CURRENT.reset(before)


def _w3c(text: str) -> Trace | None:
    found = _W3C.fullmatch(text)
    if found is None or (found[1] == "00" and found[5]) or found[2] == _NO_TRACE or found[3] == _NO_SPAN:
        return None
    return Trace(trace_id=found[2], span_id=found[3], sampled=bool(int(found[4], 16) & 1))


def _cloud(text: str) -> Trace | None:
    found = _CLOUD.fullmatch(text)
    if found is None or found[1] == _NO_TRACE or not 0 < int(found[2]) < _LARGEST_SPAN:
        return None
    return Trace(trace_id=found[1], span_id=f"{int(found[2]):016x}", sampled=found[3] == "1")
