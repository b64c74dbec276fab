"""Payments of a small world: three unpaid invoices, a gateway that refunds, and what came of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from billing.domain.finding import FindingKind
from billing.domain.invoice import InvoiceStatus
from billing.domain.payment import Payment, PaymentSource
from billing.ports import (
    GatewayPayment,
    GatewayRefund,
    GatewayRefused,
    GatewayUnavailable,
    RefundOrder,
    RefundRefused,
    RefundStatus,
    Succeeded,
)
from billing.store.customers import Customers
from billing.usecases.call import Call
from billing.usecases.record_payment import NewPayment, record_payment
from billing.usecases.verify import VerifyRequest, verify
from tests.builders import a_fee, a_plan
from tests.world import World


@dataclass(kw_only=True)
class RefundingGateway:
    """The part of a gateway that refunds; `fails` are the ways in which its next answers are lost."""

    fails: list[str] = field(default_factory=list)
    made: dict[str, GatewayRefund] = field(default_factory=dict)
    status: RefundStatus = RefundStatus.SUCCEEDED

    def payment(self, payment_id: str) -> GatewayPayment:
        return GatewayPayment(
            id=payment_id,
            outcome=Succeeded(payment_id=payment_id, amount=5000, currency="USD"),
            amount=5000,
            currency="USD",
            customer="cus_1",
            refunds=tuple(each for each in self.made.values() if each.payment_id == payment_id),
        )

    def refunded_by_hand(self, amount: int, *, id: str = "re_9") -> GatewayRefund:  # noqa: A002
        """Somebody refunds on the gateway's own pages."""
        made = GatewayRefund(id=id, payment_id="pi_1", amount=amount, currency="USD", status=RefundStatus.SUCCEEDED)
        self.made[id] = made
        return made

    def refund(self, order: RefundOrder) -> GatewayRefund:
        how = self.fails.pop(0) if self.fails else ""
        if how == "refused":
            raise RefundRefused("stripe", reason="the charge is disputed")
        if how == "account":
            raise GatewayRefused("stripe", reason="no such key")
        if how == "before":
            raise GatewayUnavailable("stripe", reason="connection reset")
        made = GatewayRefund(
            id=f"re_{len(self.made) + 1}",
            payment_id=order.payment_id,
            amount=order.amount,
            currency="USD",
            status=self.status,
            key=order.key,
            invoice_id=order.invoice_id,
        )
        self.made[order.key] = made
        if how == "after":
            raise GatewayUnavailable("stripe", reason="time-out")
        return made


def gateway(**options: Any) -> Any:  # noqa: ANN401 - stands for a Gateway by the two calls that refunds make
    return RefundingGateway(**options)


def three_unpaid() -> World:
    """Two invoices of 49.00 for acme (January and February) and one for other, all due."""
    world = World()
    plan = world.plan(a_plan(fees=[a_fee("49.00")]))
    world.subscribes("acme", to=plan, on="2026-01-01")
    world.subscribes("other", to=plan, on="2026-02-01")
    world.travels_to("2026-03-01")
    world.runs_billing()
    return world


def call(world: World) -> Call:
    return Call(tenant_id=world.tenant.id, actor="kenji", recorded_at=world.now, request_id="req-1")


def ids(world: World, customer: str = "acme") -> tuple[str, ...]:
    return tuple(each.id for each in world.invoices(customer))


def pay(world: World, amount: int, *, id: str = "p1", **changes: Any) -> Payment:  # noqa: A002, ANN401
    usual: dict[str, Any] = {"currency": "USD", "source": PaymentSource.BANK_TRANSFER, "invoice_ids": ids(world)}
    new = NewPayment(id=id, amount=amount, received_at=world.now, **usual | changes)
    return record_payment(world.documents, new, call=call(world)).payment


def cheque(world: World, amount: int, *invoice_ids: str, id: str = "cheque-1") -> NewPayment:  # noqa: A002
    """Dollars that somebody books by hand for these invoices."""
    return NewPayment(
        id=id,
        amount=amount,
        currency="USD",
        source=PaymentSource.MANUAL,
        received_at=world.now,
        invoice_ids=invoice_ids,
    )


def state(world: World) -> list[tuple[InvoiceStatus, int, int]]:
    return [(each.status, each.amount_paid, each.amount_due) for each in world.invoices("acme")]


def balance(world: World, customer: str = "acme") -> int:
    """A customer's credit balance."""
    [stored] = Customers.of(world.documents, world.tenant.id).get([customer])
    assert stored is not None
    return stored.value.credit_balance


def payments_that_differ(world: World) -> list[str]:
    """What `verify` says of invoices whose paid amounts are not what their payments come to."""
    checked = verify(world.documents, world.objects, VerifyRequest(tenant_id=world.tenant.id, as_of=world.now))
    return [str(each) for each in checked.findings.kept if each.kind is FindingKind.PAYMENTS_DIFFER]


def events(world: World) -> list[str]:
    return [
        str(record["event"])
        for batch in world.collection("audit")
        for record in batch.fields["records"]  # type: ignore[union-attr]
        if isinstance(record, Mapping) and str(record["event"]).split(".")[0] == "payment"
    ]
