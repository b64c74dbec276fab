"""Worker processes for large runs: what they connect to, and when they are worth their start."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TypeAlias

from billing.adapters.kept_places import ObjectPlace, SecretSource, Store
from billing.adapters.mail_place import MailPlace
from billing.ports import OperationCounts
from billing.usecases.generate_invoices import RunOptions, bill_shards
from billing.usecases.run_context import RunContext
from billing.usecases.run_tasks import Line
from billing.usecases.spread_run import bill_in, many_due

_WORTH_STARTING = 800
"""Invoices with PDFs: about two seconds of work for one process, and workers take half a second to start."""

_QUICKER_WITHOUT_PDF = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What an engine is connected to, as another process needs to know it."""

    store: Store
    objects: ObjectPlace
    secrets: SecretSource
    payment_link_base: str | None
    stripe_base_url: str | None = None
    mail: MailPlace | None = None
    loopback_events: bool = False
    look_before_charging: bool = False


Work: TypeAlias = Callable[[Line, tuple[Parts, Path]], None]
"""What a worker process does; the path is that of the turn which a crew shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Worker processes for large runs: how many, what they connect to and do, how many bills are worth their start."""

    size: int
    parts: Parts
    work: Work
    worth_starting: int = _WORTH_STARTING


def bill_with(
    crew: Crew, context: RunContext, options: RunOptions, *, count: Callable[[OperationCounts], None]
) -> None:
    """Bill the shards with the crew where that is quicker than without; `count` hears what it asked of the stores."""
    if not worth_starting(crew, context):
        bill_shards(context, options)
        return
    from billing.adapters.worker_processes import worker_processes  # noqa: PLC0415 - where there is a large run

    size = crew.size if context.request.settle else min(crew.size, len(context.shards))
    with (
        NamedTemporaryFile(prefix="billing-turn-") as turn,
        worker_processes(size, crew.work, knowing=(crew.parts, Path(turn.name))) as workers,
    ):
        bill_in(workers, context, options, count=count)


def worth_starting(crew: Crew, context: RunContext) -> bool:
    """Whether a run is quicker with the crew than without."""
    request = context.request
    if not request.settle and len(context.shards) == 1:  # nothing to do for a second worker
        return False
    number = crew.worth_starting * (1 if request.settle else _QUICKER_WITHOUT_PDF)
    return many_due(context.documents, request.tenant_id, as_of=request.as_of, shards=context.shards, number=number)
