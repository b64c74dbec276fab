"""Worker processes for large runs: what they connect to, and when they are worth their start."""

from dataclasses import dataclass

from billing.adapters.mail_place import MailPlace
from billing.config import ObjectPlace, SecretSource, Store
from billing.usecases.run_context import RunContext
from billing.usecases.spread_run import many_due

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Worker processes for large runs: how many, what they connect to, and how many due bills are worth their start."""

    size: int
    parts: Parts
    worth_starting: int = _WORTH_STARTING


def worth_starting(crew: Crew, context: RunContext) -> bool:
    """Whether a run is quicker with the crew than without."""
    request = context.request
    if not request.settle and len(context.shards) == 1:  # nothing to do for a second worker
        return False
    number = crew.worth_starting * (1 if request.settle else _QUICKER_WITHOUT_PDF)
    return many_due(context.documents, request.tenant_id, as_of=request.as_of, shards=context.shards, number=number)
