"""What a dunning run works with: its request, its tenant, and the outside parts that its steps need."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.domain.dunning import Rest
from billing.domain.dunning_report import DunningReport
from billing.domain.invoice import Invoice
from billing.domain.tenant import Tenant
from billing.ports import Documents, Gateway
from billing.store.customers import Customers
from billing.store.dunning_cases import DunningCases
from billing.store.invoices import Invoices
from billing.usecases.call import Call
from billing.usecases.deliver import Mailing

CLAIM_SECONDS = 300
"""A charge and its mails, with their time-outs and repeats, take less; a run that died is followed up after so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningRequest:
    """Whose unpaid invoices are chased as of which UTC instant, and on whose behalf.

    A dry run writes, charges and sends nothing. `limit` ends the run after so many cases. `shards` are those to look
    at, so that parts of one run can go side by side, each with a `run_id` of its own; None is all. `fan_out` names what
    the run is a part of, and `sweep_from` is where the slice before says that the settlement goes on.
    """

    tenant_id: str
    as_of: datetime
    run_id: str
    actor: str
    request_id: str = ""
    dry_run: bool = False
    limit: int | None = None
    shards: tuple[int, ...] | None = None
    fan_out: str = ""
    sweep_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningParts:
    """What steps are done with; None where there is nothing to charge or to mail with. `now` is the present instant.

    `pdf` gets the bytes of an invoice's PDF as it was filed, b"" where there is none. A step that was begun is left to
    the run that began it for `claim_seconds`. `looks_first` is as of the gateway: the books may not know of all that it
    took. `tenant` has the settings where they were read already.
    """

    gateway: Callable[[], Gateway] | None
    mailing: Mailing | None
    pdf: Callable[[Invoice], bytes]
    now: Callable[[], datetime]
    claim_seconds: int = CLAIM_SECONDS
    looks_first: bool = False
    tenant: Tenant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningRun:
    """A run under way: the request, the tenant as it was read at its start, and its report."""

    documents: Documents
    request: DunningRequest
    parts: DunningParts
    tenant: Tenant
    report: DunningReport

    @property
    def as_of(self) -> datetime:
        """The instant that decides what is due."""
        return self.request.as_of

    @property
    def shards(self) -> Sequence[int]:
        """The shards to look at."""
        return range(self.tenant.shards) if self.request.shards is None else self.request.shards

    @property
    def invoices(self) -> Invoices:
        """The tenant's invoices."""
        return Invoices.of(self.documents, self.tenant.id)

    @property
    def cases(self) -> DunningCases:
        """The same as far as they are dunning cases."""
        return DunningCases.of(self.documents, self.tenant.id)

    @property
    def customers(self) -> Customers:
        """The tenant's customers."""
        return Customers.of(self.documents, self.tenant.id)

    def call(self) -> Call:
        """Who writes, now."""
        return Call(
            tenant_id=self.tenant.id,
            actor=self.request.actor,
            recorded_at=self.parts.now(),
            request_id=self.request.request_id,
            has_listener=bool(self.tenant.event_url),
        )

    def next_look(self, rest: Rest, invoice: Invoice) -> datetime | None:
        """When a case that rests is looked at again, None for never: each day while its hosted page may be paid on.

        Whatever else there is to do about it: the event that tells may be lost, and nobody else asks.
        """
        if not invoice.checkout_id or self.parts.gateway is None:
            return rest.next_at
        tomorrow = self.as_of + timedelta(days=1)
        return min(rest.next_at or tomorrow, tomorrow)
