"""What a person does with credit notes in a world: credits, pays, settles; with the mails that were sent."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from billing.domain.credit import CreditNote
from billing.domain.credit_request import AmountCredit, CreditRequest, LinesCredit, WholeCredit
from billing.domain.payment import Payment, PaymentSource
from billing.domain.run_report import Settled
from billing.ports import Mail
from billing.render.mail.compose import compose
from billing.store.payments import Payments
from billing.usecases.collect import Collecting
from billing.usecases.deliver import Mailing
from billing.usecases.issue_credit_note import IssuedCredit, issue_credit_note
from billing.usecases.settle_invoices import sweep
from tests.builders import a_fee, a_plan, a_tenant
from tests.paying import pay
from tests.reviewing import call
from tests.world import World

WHOLE = WholeCredit()
What = WholeCredit | LinesCredit | AmountCredit


@pytest.fixture
def world() -> World:
    """One invoice of 49.00 for January, of a tenant that charges cards."""
    world = World(tenant=a_tenant(gateway="stripe"))
    world.subscribes("acme", to=world.plan(a_plan(fees=[a_fee("49.00")])), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    return world


@dataclass(kw_only=True)
class Outbox:
    """A mailer that keeps what it is given, once per Message-ID."""

    mails: dict[str, Mail] = field(default_factory=dict)

    def send(self, mail: Mail) -> None:
        self.mails[mail.message_id] = mail


def issue(
    world: World,
    what: What = WHOLE,
    *,
    of: str = "INV-2026-01-0001",
    key: str = "k1",
    reason: str = "outage",
    **changes: Any,  # noqa: ANN401 - any field of the request
) -> IssuedCredit:
    """Credit an invoice, by its number."""
    request = CreditRequest(key=key, what=what, reason=reason, **changes)
    return issue_credit_note(world.documents, of, request, call=call(world))


def gives_back(world: World, what: What = WHOLE, **changes: Any) -> CreditNote:  # noqa: ANN401
    """The same, and the credit note alone."""
    return issue(world, what, **changes).credit_note.value


def settles(world: World, *, gateway: Any = None, outbox: Outbox | None = None) -> Settled:  # noqa: ANN401
    """Sweep what is pending, with a gateway and a mailer where they are given."""
    make: Callable[[], Any] = lambda: gateway  # noqa: E731
    collecting = Collecting(documents=world.documents, gateway=make, tenant_id=world.tenant.id) if gateway else None
    mailing = Mailing(mailer=outbox, compose=compose, tenant=world.tenant) if outbox is not None else None
    settlement = replace(world.settlement(), collecting=collecting, mailing=mailing)
    return sweep(settlement, out_of_time=lambda: False)


def pays(
    world: World,
    amount: int,
    *,
    id: str = "p1",  # noqa: A002
    gateway_id: str = "",
    number: str = "INV-2026-01-0001",
) -> Payment:
    """Pay an invoice, by card where the gateway has an id for it."""
    [invoice_id] = [each.id for each in world.invoices() if each.number == number]
    source = PaymentSource.CARD if gateway_id else PaymentSource.BANK_TRANSFER
    return pay(world, amount, id=id, source=source, invoice_ids=(invoice_id,), gateway_id=gateway_id)


def payment(world: World, payment_id: str = "p1") -> Payment:
    """A payment as it stands."""
    [stored] = Payments.of(world.documents, world.tenant.id).get([payment_id])
    assert stored is not None
    return stored.value
