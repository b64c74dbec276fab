"""Money comes in, goes back and is argued about; whatever happens twice, it is booked once."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from billing.domain.errors import InvalidInput, NotFound
from billing.domain.invoice import InvoiceStatus
from billing.domain.payment import Application, Payment, PaymentSource, PaymentStatus, RefundState, RefundTarget
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
from billing.store.payments import Payments
from billing.usecases.call import Call
from billing.usecases.record_payment import NewPayment, OtherPayment, record_payment
from billing.usecases.refund_payment import RefundRequest, finish_refunds, refund_payment
from billing.usecases.reverse_payment import dispute_payment, reverse_payment, settle_dispute
from tests.builders import a_fee, a_plan, utc
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
            refunds=tuple(self.made.values()),
        )

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
        )
        self.made[order.key] = made
        if how == "after":
            raise GatewayUnavailable("stripe", reason="time-out")
        return made


def gateway(**options: Any) -> Any:  # noqa: ANN401 - stands for a Gateway by the two calls that refunds make
    return RefundingGateway(**options)


@pytest.fixture
def world() -> World:
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
    options: dict[str, Any] = {"invoice_ids": ids(world)} | changes
    new = NewPayment(
        id=id,
        amount=amount,
        currency=options.pop("currency", "USD"),
        source=PaymentSource.BANK_TRANSFER,
        received_at=world.now,
        **options,
    )
    return record_payment(world.documents, new, call=call(world)).payment


def state(world: World) -> list[tuple[InvoiceStatus, int, int]]:
    return [(each.status, each.amount_paid, each.amount_due) for each in world.invoices("acme")]


def balance(world: World, customer: str = "acme") -> int:
    [stored] = Customers.of(world.documents, world.tenant.id).get([customer])
    assert stored is not None
    return stored.value.credit_balance


def events(world: World) -> list[str]:
    return [
        str(record["event"])
        for batch in world.collection("audit")
        for record in batch.fields["records"]  # type: ignore[union-attr]
        if isinstance(record, Mapping) and str(record["event"]).split(".")[0] == "payment"
    ]


def test_a_payment_pays_the_oldest_invoice_first_and_what_is_over_goes_to_the_balance(world: World) -> None:
    payment = pay(world, 10_000)
    january, february = ids(world)
    assert payment.applications == (
        Application(invoice_id=january, amount=4900),
        Application(invoice_id=february, amount=4900),
    )
    assert payment.to_balance == 200
    assert state(world) == [(InvoiceStatus.PAID, 4900, 0), (InvoiceStatus.PAID, 4900, 0)]
    assert balance(world) == 200
    assert world.invoices("acme")[0].paid_at == utc("2026-03-01")


def test_a_partial_payment_leaves_the_rest_due(world: World) -> None:
    pay(world, 6000)
    assert state(world) == [(InvoiceStatus.PAID, 4900, 0), (InvoiceStatus.ISSUED, 1100, 3800)]
    stored = world.stored(f"invoices/{ids(world)[1]}")
    assert stored is not None
    assert stored.fields["amount_due"] == 3800


def test_the_same_payment_reported_again_is_booked_once(world: World) -> None:
    first = pay(world, 6000)
    again = record_payment(
        world.documents,
        NewPayment(
            id="p1",
            amount=6000,
            currency="USD",
            source=PaymentSource.BANK_TRANSFER,
            received_at=world.now,
            invoice_ids=ids(world),
        ),
        call=call(world),
    )
    assert again.known
    assert again.payment == first
    assert [each.id for each in again.invoices] == list(ids(world))
    assert state(world)[1] == (InvoiceStatus.ISSUED, 1100, 3800)


def test_another_sum_under_the_same_id_is_refused(world: World) -> None:
    pay(world, 6000)
    with pytest.raises(OtherPayment, match="'p1' is booked with 60.00 USD, not 70.00 USD"):
        pay(world, 7000)


def test_eight_reports_of_one_payment_at_once_book_it_once(world: World) -> None:
    with ThreadPoolExecutor(8) as pool:
        payments = list(pool.map(lambda _: pay(world, 4900), range(8)))
    assert len({each.id for each in payments}) == 1
    assert state(world)[0] == (InvoiceStatus.PAID, 4900, 0)
    assert balance(world) == 0


def test_eight_different_payments_at_once_all_count(world: World) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: pay(world, 1500, id=f"p{number}"), range(8)))
    assert state(world) == [(InvoiceStatus.PAID, 4900, 0), (InvoiceStatus.PAID, 4900, 0)]
    assert balance(world) == 8 * 1500 - 9800


def test_a_payment_for_an_invoice_that_is_paid_already_becomes_credit(world: World) -> None:
    pay(world, 9800)
    second = pay(world, 4900, id="p2", invoice_ids=ids(world)[:1])
    assert (second.applications, second.to_balance) == ((), 4900)
    assert balance(world) == 4900


def test_a_payment_without_an_invoice_goes_to_the_customers_balance(world: World) -> None:
    assert pay(world, 700, invoice_ids=(), customer_id="other").to_balance == 700
    assert balance(world, "other") == 700


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"currency": "EUR"}, "currency: expected USD"),
        ({"customer_id": "other"}, "customer_id: expected one customer"),
        ({"invoice_ids": (), "customer_id": "other", "currency": "EUR"}, "currency: expected USD, the customer's"),
        ({"amount": 0}, "payment.amount: expected more than 0"),
    ],
)
def test_a_payment_that_fits_nothing_is_refused_and_changes_nothing(
    world: World, changes: dict[str, Any], named: str
) -> None:
    before = world.everything()
    with pytest.raises(InvalidInput, match=named):
        pay(world, changes.pop("amount", 100), **changes)
    assert world.everything() == before


@pytest.mark.parametrize("changes", [{"invoice_ids": ("nope",)}, {"invoice_ids": (), "customer_id": "nope"}])
def test_a_payment_for_nobody_is_not_found(world: World, changes: dict[str, Any]) -> None:
    with pytest.raises(NotFound, match="nope"):
        pay(world, 100, **changes)


def test_a_reversed_payment_is_owed_again_and_only_once(world: World) -> None:
    pay(world, 10_000)
    world.travels_to("2026-05-01")
    for _ in range(2):
        payment = reverse_payment(world.documents, "p1", reason="returned by the bank", call=call(world))
        assert payment.status is PaymentStatus.REVERSED
    assert state(world) == [(InvoiceStatus.OVERDUE, 0, 4900), (InvoiceStatus.OVERDUE, 0, 4900)]
    assert balance(world) == 0
    assert events(world) == ["payment.recorded", "payment.reversed"]


def test_before_its_due_date_a_reversed_invoice_is_issued_again(world: World) -> None:
    pay(world, 4900)
    reverse_payment(world.documents, "p1", reason="returned", call=call(world))
    assert world.invoices("acme")[0].status is InvoiceStatus.ISSUED
    assert world.invoices("acme")[0].paid_at is None


def test_a_dispute_changes_what_is_owed_only_when_it_is_lost(world: World) -> None:
    pay(world, 4900)
    assert dispute_payment(world.documents, "p1", reason="fraud", call=call(world)).status is PaymentStatus.DISPUTED
    dispute_payment(world.documents, "p1", reason="fraud", call=call(world))
    assert state(world)[0] == (InvoiceStatus.PAID, 4900, 0)
    won = settle_dispute(world.documents, "p1", won=True, reason="evidence", call=call(world))
    assert won.status is PaymentStatus.SUCCEEDED
    settle_dispute(world.documents, "p1", won=True, reason="evidence", call=call(world))
    world.travels_to("2026-03-02")
    dispute_payment(world.documents, "p1", reason="again", call=call(world))
    lost = settle_dispute(world.documents, "p1", won=False, reason="lost", call=call(world))
    assert lost.status is PaymentStatus.REVERSED
    assert state(world)[0] == (InvoiceStatus.ISSUED, 0, 4900)


def refund(world: World, amount: int, **changes: Any) -> RefundRequest:  # noqa: ANN401
    options = {"id": "r1", "payment_id": "p1", "target": RefundTarget.METHOD, "invoice_id": ids(world)[0]} | changes
    return RefundRequest(amount=amount, reason="goodwill", **options)


def test_a_refund_to_the_method_leaves_that_much_unpaid(world: World) -> None:
    pay(world, 5000, gateway_id="pi_1")
    stripe = gateway()
    refund_payment(world.documents, refund(world, 1000), gateway=stripe, call=call(world))
    payment = refund_payment(world.documents, refund(world, 1000), gateway=stripe, call=call(world))
    assert [(each.state, each.gateway_id) for each in payment.refunds] == [(RefundState.DONE, "re_1")]
    assert list(stripe.made) == [f"{world.tenant.id}/p1/refund/r1"]
    assert state(world)[0] == (InvoiceStatus.ISSUED, 3900, 1000)


@pytest.mark.parametrize("lost", ["before", "after"])
def test_a_refund_whose_answer_was_lost_is_made_once(world: World, lost: str) -> None:
    pay(world, 5000, gateway_id="pi_1")
    stripe = gateway(fails=[lost])
    with pytest.raises(GatewayUnavailable):
        refund_payment(world.documents, refund(world, 1000), gateway=stripe, call=call(world))
    assert state(world)[0] == (InvoiceStatus.PAID, 4900, 0)
    finished = finish_refunds(world.documents, stripe, payment_id="p1", call=call(world))
    assert finished.refunds[0].state is RefundState.DONE
    assert len(stripe.made) == 1
    assert state(world)[0] == (InvoiceStatus.ISSUED, 3900, 1000)


def test_a_refund_that_fails_at_the_gateway_can_be_asked_for_again(world: World) -> None:
    pay(world, 4900, gateway_id="pi_1")
    failing = gateway(status=RefundStatus.FAILED)
    payment = refund_payment(world.documents, refund(world, 4900), gateway=failing, call=call(world))
    assert (payment.refunds[0].state, payment.refunded) == (RefundState.FAILED, 0)
    assert state(world)[0] == (InvoiceStatus.PAID, 4900, 0)
    payment = refund_payment(world.documents, refund(world, 4900, id="r2"), gateway=gateway(), call=call(world))
    assert payment.refunded == 4900


def test_a_refund_that_the_gateway_will_never_make_frees_what_it_was_for(world: World) -> None:
    pay(world, 4900, gateway_id="pi_1")
    refusing = gateway(fails=["refused"])
    payment = refund_payment(world.documents, refund(world, 4900), gateway=refusing, call=call(world))
    assert [(each.state, each.gateway_id) for each in payment.refunds] == [(RefundState.FAILED, "")]
    assert state(world)[0] == (InvoiceStatus.PAID, 4900, 0)
    instead = refund(world, 4900, id="r2", target=RefundTarget.BALANCE)
    refund_payment(world.documents, instead, gateway=None, call=call(world))
    assert balance(world) == 4900


def test_a_refund_that_our_own_account_can_not_make_waits_for_a_repeat(world: World) -> None:
    pay(world, 4900, gateway_id="pi_1")
    stripe = gateway(fails=["account"])
    with pytest.raises(GatewayRefused, match="no such key"):
        refund_payment(world.documents, refund(world, 1000), gateway=stripe, call=call(world))
    payment = refund_payment(world.documents, refund(world, 1000), gateway=stripe, call=call(world))
    assert payment.refunds[0].state is RefundState.DONE
    assert state(world)[0] == (InvoiceStatus.ISSUED, 3900, 1000)


def test_a_refund_that_the_gateway_still_works_on_moves_nothing_yet(world: World) -> None:
    pay(world, 4900, gateway_id="pi_1")
    stripe = gateway(status=RefundStatus.PENDING)
    payment = refund_payment(world.documents, refund(world, 1000), gateway=stripe, call=call(world))
    assert (payment.refunds[0].state, payment.refunded) == (RefundState.ASKED, 1000)
    assert state(world)[0] == (InvoiceStatus.PAID, 4900, 0)


def test_what_an_invoice_got_can_go_to_the_balance(world: World) -> None:
    pay(world, 4900)
    request = refund(world, 1000, target=RefundTarget.BALANCE)
    for _ in range(2):
        refund_payment(world.documents, request, gateway=None, call=call(world))
    assert balance(world) == 1000
    assert state(world)[0] == (InvoiceStatus.ISSUED, 3900, 1000)


def test_what_went_to_the_balance_can_be_refunded_to_the_method(world: World) -> None:
    pay(world, 10_000, gateway_id="pi_1")
    refund_payment(world.documents, refund(world, 200, invoice_id=""), gateway=gateway(), call=call(world))
    assert balance(world) == 0
    assert state(world)[0] == (InvoiceStatus.PAID, 4900, 0)


def test_only_what_is_left_of_a_payment_is_reversed(world: World) -> None:
    pay(world, 4900, gateway_id="pi_1")
    refund_payment(world.documents, refund(world, 1000), gateway=gateway(), call=call(world))
    reverse_payment(world.documents, "p1", reason="chargeback", call=call(world))
    assert state(world)[0] == (InvoiceStatus.ISSUED, 0, 4900)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"amount": 4901}, "amount: expected more than 0 and at most 49.00 USD"),
        ({"amount": 0}, "amount: expected more than 0"),
        ({"amount": 100, "invoice_id": ""}, "at most 0.01 USD"),
        ({"amount": 100, "invoice_id": "", "target": RefundTarget.BALANCE}, "invoice_id: expected an invoice"),
    ],
)
def test_more_than_is_left_is_never_refunded(world: World, changes: dict[str, Any], named: str) -> None:
    pay(world, 9900, gateway_id="pi_1")
    refund_payment(world.documents, refund(world, 99, invoice_id="", id="r0"), gateway=gateway(), call=call(world))
    amount = changes.pop("amount")
    with pytest.raises(InvalidInput, match=named):
        refund_payment(world.documents, refund(world, amount, **changes), gateway=gateway(), call=call(world))


def test_a_transfer_can_not_be_refunded_to_a_card(world: World) -> None:
    pay(world, 4900)
    with pytest.raises(InvalidInput, match="target: expected balance"):
        refund_payment(world.documents, refund(world, 100), gateway=gateway(), call=call(world))


def test_without_a_gateway_a_card_refund_waits_for_one(world: World) -> None:
    pay(world, 4900, gateway_id="pi_1")
    with pytest.raises(InvalidInput, match="the tenant has no gateway"):
        refund_payment(world.documents, refund(world, 100), gateway=None, call=call(world))


def test_a_reversed_payment_has_nothing_to_refund(world: World) -> None:
    pay(world, 4900)
    reverse_payment(world.documents, "p1", reason="returned", call=call(world))
    request = refund(world, 100, target=RefundTarget.BALANCE)
    with pytest.raises(InvalidInput, match="payment_id: expected a payment that stands"):
        refund_payment(world.documents, request, gateway=None, call=call(world))


def test_a_payment_nobody_booked_is_not_found(world: World) -> None:
    with pytest.raises(NotFound, match="payment 'p9'"):
        reverse_payment(world.documents, "p9", reason="", call=call(world))
    with pytest.raises(NotFound, match="payment 'p9'"):
        finish_refunds(world.documents, gateway(), payment_id="p9", call=call(world))


def test_payments_are_found_by_invoice_customer_and_gateway(world: World) -> None:
    payment = pay(world, 5000, gateway_id="pi_1")
    payments = Payments.of(world.documents, world.tenant.id)
    found: Sequence[Any] = [
        *payments.of_invoice(ids(world)[0]),
        *payments.of_customer("acme"),
        payments.of_gateway("pi_1"),
    ]
    assert [each.value for each in found] == [payment] * 3
    assert payments.of_gateway("pi_2") is None
    assert payments.page(limit=10) == [payment]
    assert payments.page(limit=10, after_id="p1") == []
