"""What the proxy's routes work with: one tenant's books, its gateway, and the settings of the doors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from billing.domain.attempt import AttemptSource
from billing.domain.tenant import Tenant
from billing.ports import Clock, Documents, Gateway, Objects, Secrets
from billing.usecases.call import Call
from billing.usecases.charge_invoice import charge_invoice
from billing.usecases.follow_checkout import HostedPages

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


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorParts:
    """What a door works with once the configuration is read."""

    engine: PayEngine
    max_body_bytes: int

    @property
    def checkout_origin(self) -> str:
        """Where hosted pages stand: no form may lead anywhere else."""
        return self.engine.stripe_base_url or _CHECKOUT


def hosted_pages(documents: Documents, gateway: Gateway, *, call: Call) -> HostedPages:
    """What the end of a hosted page leads to: a method that was saved is charged at once for what was waiting."""

    def charge_again(invoice_id: str) -> None:
        charge_invoice(documents, invoice_id, gateway=gateway, source=AttemptSource.SAVED_METHOD, call=call)

    return HostedPages(gateway=gateway, charge_again=charge_again)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The parts, which may raise (Misconfigured), and what tells the time and makes ids."""

    parts: Callable[[], DoorParts]
    clock: Clock
    new_id: Callable[[], str]

    def call(self, tenant_id: str, *, actor: str, request_id: str) -> Call:
        """A call for a tenant, now."""
        return Call(tenant_id=tenant_id, actor=actor, recorded_at=self.clock.now(), request_id=request_id)
