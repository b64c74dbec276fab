"""What the process that runs a billing run and its worker processes say to each other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Protocol, TypeAlias

from billing.domain.run_report import RunReport, Settled
from billing.ports import OperationCounts
from billing.usecases.run_context import RunRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class BillShards:
    """Do the shards that the request names: the whole path, from what is due to the last PDF."""

    request: RunRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleInvoices:
    """Settle issued invoices that another worker has handed on."""

    tenant_id: str
    invoice_ids: Sequence[str]


class Call(Enum):
    """What a worker is told in the middle of its work."""

    STOP = auto()
    """Begin no further page."""

    SHARE = auto()
    """Somebody is idle: hand on half of what is left to settle of this page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDone:
    """What was done since the last message; `last` says that the task is finished."""

    report: RunReport | None = None
    settled: Settled = field(default_factory=Settled)
    operations: OperationCounts = field(default_factory=OperationCounts)
    last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOn:
    """Issued invoices that another worker may settle."""

    invoice_ids: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFailed:
    """The task could not go on: a store is away (its name), or what no rule foresees (no name)."""

    store: str | None
    reason: str


Task: TypeAlias = BillShards | SettleInvoices
Message: TypeAlias = PageDone | HandedOn | TaskFailed


class Line(Protocol):
    """A worker's end of the line to the process that started it."""

    def send(self, message: Any, /) -> None:  # noqa: ANN401 - a Message
        """Say something."""
        ...

    def recv(self) -> Any:  # noqa: ANN401 - a Task or a Call
        """Wait for what comes next; EOFError where the other end is gone."""
        ...

    def poll(self) -> bool:
        """Whether `recv` would not wait: something came, or the other end is gone."""
        ...
