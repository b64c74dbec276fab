"""What the proxy's routes work with: one tenant's books, its gateway, and the settings of the doors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from secrets import token_urlsafe
from time import monotonic
from typing import Protocol

from billing.api.call_log import CallLog, json_lines
from billing.api.identity import Trusted
from billing.api.jobs_in_process import JobsInProcess, RunningEngine
from billing.api.rate_limits import RateLimits
from billing.domain.attempt import AttemptSource
from billing.domain.credit import CreditNote
from billing.domain.run_report import Settled
from billing.domain.tenant import Tenant
from billing.ports import Clock, Documents, Gateway, Objects, Secrets
from billing.ports.jobs import Jobs
from billing.store.collection import Stored
from billing.usecases.call import Call
from billing.usecases.charge_invoice import charge_invoice
from billing.usecases.deliver import Mailing
from billing.usecases.deliver_events import EventsDelivered
from billing.usecases.follow_checkout import HostedPages
from billing.usecases.generate_invoices import RunOptions

_CHECKOUT = "https://checkout.stripe.com"


class PayEngine(Protocol):
    """The product with its outside parts connected."""

    @property
    def documents(self) -> Documents:
        """The document store."""
        ...

    @property
    def objects(self) -> Objects:
        """The object store."""
        ...

    @property
    def secrets(self) -> Secrets:
        """Keys of links and webhooks."""
        ...

    @property
    def payment_link_base(self) -> str | None:
        """What pay links begin with; None where there are none."""
        ...

    @property
    def stripe_base_url(self) -> str | None:
        """Where a stand-in for Stripe is; None is Stripe itself."""
        ...

    def gateway(self, tenant: Tenant) -> Gateway | None:
        """What charges the tenant's cards, or None."""
        ...

    def counted(self) -> RunningEngine:
        """The same parts for one call of a job, counting anew what is asked of the stores."""
        ...

    def run_options(self, tenant_id: str) -> RunOptions:
        """How a tenant's invoices are linked and settled."""
        ...

    def settle_rest(self, tenant_id: str) -> Settled:
        """Settle what waits of a tenant's documents."""
        ...

    def settle_credit_notes(self, tenant: Tenant, credit_notes: Sequence[Stored[CreditNote]]) -> Settled:
        """Do the pending steps of a tenant's credit notes."""
        ...

    def mailing(self, tenant: Tenant) -> Mailing | None:
        """How the tenant's mails are made and sent, or None."""
        ...

    def deliver_events(self, call: Call, *, out_of_time: Callable[[], bool] = ..., task: str = ...) -> EventsDelivered:
        """Tell the tenant's own system what is due."""
        ...

    def send_test_event(self, call: Call) -> str:
        """Send the tenant's own system an event that tells of nothing; its id."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorParts:
    """What a door works with once the configuration is read.

    `trusted` says whose tokens open the API, nobody's unless told. `cors_origins` are the pages of browsers that may
    call it, none unless told. `jobs` runs what the other functions do, this process itself unless told; a run may take
    `run_deadline_seconds`. `revision` is the deployed one.
    """

    engine: PayEngine
    max_body_bytes: int
    trusted: Trusted = field(default_factory=Trusted)
    limits: RateLimits = field(default_factory=RateLimits)
    cors_origins: tuple[str, ...] = ()
    jobs: Jobs | None = None
    run_deadline_seconds: int = 540
    revision: str = "local"

    @property
    def checkout_origin(self) -> str:
        """Where hosted pages stand: no form may lead anywhere else."""
        return self.engine.stripe_base_url or _CHECKOUT


def hosted_pages(documents: Documents, gateway: Gateway, *, call: Call) -> HostedPages:
    """What the end of a hosted page leads to: a method that was saved is charged at once for what was waiting."""

    def charge_again(invoice_id: str) -> None:
        charge_invoice(documents, invoice_id, gateway=gateway, source=AttemptSource.SAVED_METHOD, call=call)

    return HostedPages(gateway=gateway, charge_again=charge_again)


def _secret() -> str:
    return token_urlsafe(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The parts, which may raise (Misconfigured), and what tells the time, makes ids, and makes secrets of 256 bits.

    `log` has the lines of the jobs that run in this very process.
    """

    parts: Callable[[], DoorParts]
    clock: Clock
    new_id: Callable[[], str]
    new_secret: Callable[[], str] = _secret
    log: CallLog = field(default_factory=json_lines)

    def call(self, tenant_id: str, *, actor: str, request_id: str) -> Call:
        """A call for a tenant, now."""
        return Call(tenant_id=tenant_id, actor=actor, recorded_at=self.clock.now(), request_id=request_id)

    def jobs(self) -> Jobs:
        """What runs jobs: the functions that are deployed for them, or this process."""
        parts = self.parts()
        return parts.jobs or JobsInProcess(
            engine=parts.engine.counted, clock=self.clock, monotonic=monotonic, new_id=self.new_id, log=self.log
        )
