"""Charges that the gateway itself refuses hold back no invoice for ever, and nobody pays for them with its service."""

from typing import Any

import pytest

from billing.domain.attempt import AttemptStatus
from billing.domain.decline import GATEWAY_REFUSED
from billing.domain.invoice import CollectionMethod, Invoice, InvoiceStatus
from billing.domain.pay_state import PayState, pay_state
from billing.ports import ChargeOrder, Gateway, GatewayRefused, GatewayUnavailable
from billing.usecases.charge_invoice import charge_invoice
from billing.usecases.charge_waiting import charge_waiting
from billing.usecases.dunning_run import DunningRequest
from billing.usecases.run_dunning import run_dunning
from billing.usecases.settle_invoices import sweep
from tests.builders import a_fee, a_party, a_plan
from tests.collected_invoice import COLLECT, DELIVER, bills, running, sandbox, the_invoice, world
from tests.collecting import CardWorld
from tests.paying import pay

__all__ = ["running", "sandbox", "world"]

TO = "lumen@kunde.test"


def owes(world: CardWorld, amount: str, *, name: str = "lumen", card: bool = True) -> None:
    """A customer who owes an amount every month: by a card on file, or by transfer."""
    plan = world.plan(a_plan(plan_id=f"plan-{name}", fees=[a_fee(amount)], anchor_day=1))
    method = CollectionMethod.CHARGE_AUTOMATICALLY if card else CollectionMethod.SEND_INVOICE
    world.customer(name, collection_method=method, party=a_party(email=f"{name}@kunde.test"))
    world.subscribes(name, to=plan, on="2026-01-01")
    if card:
        world.saves_card(name)


def chased(world: CardWorld, *days: str) -> None:
    for day in days:
        world.travels_to(day)
        assert world.runs_dunning().failures == []


@pytest.mark.parametrize(
    ("amount", "code"), [("0.30", "amount_too_small"), ("1200000.00", "amount_too_large")]
)  # a charge in USD is of 50 cents at least, and of eight digits
def test_an_amount_that_no_card_is_charged_is_sent_at_once_and_can_be_paid(
    world: CardWorld, amount: str, code: str
) -> None:
    owes(world, amount)
    report = bills(world)
    invoice = the_invoice(world)
    assert [(each.status, each.code, each.advice) for each in invoice.attempts] == [
        (AttemptStatus.DECLINED, code, None)
    ]
    assert (invoice.pending, invoice.dunning, pay_state(invoice)) == ((), None, PayState.DUE)
    assert world.sent.kinds() == ["invoice_issued", "tenant_payment_failed"]
    assert (report.unsettled, dict(report.collected.failed)) == (0, {code: 1})


@pytest.mark.parametrize("amount", ["0.30", "1200000.00"])
def test_what_no_card_is_charged_is_chased_as_what_is_paid_by_transfer(world: CardWorld, amount: str) -> None:
    owes(world, amount)
    owes(world, amount, name="wire", card=False)
    bills(world)
    for day in ("2026-02-04", "2026-03-04", "2026-03-07", "2026-03-11", "2026-03-18", "2026-03-25"):
        chased(world, day)
        by_card, by_transfer = the_invoice(world), the_invoice(world, "wire")
        assert world.sent.kinds(TO) == world.sent.kinds("wire@kunde.test")
        assert (by_card.dunning and by_card.dunning.state) == (by_transfer.dunning and by_transfer.dunning.state)
    assert world.sent.kinds(TO) == ["invoice_issued", "payment_reminder", "service_suspended", "urgent_notice"]
    assert world.stripe.calls.count("charge") == 1


def test_what_is_left_of_an_amount_that_was_too_large_is_charged_by_the_schedule(world: CardWorld) -> None:
    owes(world, "1200000.00")
    bills(world)
    pay(world, 70_000_000, invoice_ids=(the_invoice(world).id,))
    chased(world, "2026-03-04")
    assert (the_invoice(world).status, world.taken()) == (InvoiceStatus.PAID, [50_000_000])


def test_another_card_is_not_charged_an_amount_that_no_card_is_charged(world: CardWorld) -> None:
    owes(world, "0.30")
    bills(world)
    world.saves_card("lumen", card="pm_card_mastercard")
    charged: list[str] = []
    charge_waiting(world.documents, "lumen", charged.append, call=world.call())
    assert charged == []


class Refusing:
    """A gateway that refuses charges, for another reason than the amount, and the other calls that are named."""

    def __init__(self, inner: Gateway, *also: str, error: type[Exception] = GatewayRefused) -> None:
        self.inner, self.also, self.error = inner, also, error

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - every other call of the port
        return self._refuse if name in self.also else getattr(self.inner, name)

    def charge(self, order: ChargeOrder) -> None:
        self._refuse(order)

    def _refuse(self, *_args: object) -> None:
        raise self.error("stripe", reason="This account takes no live payments.")  # type: ignore[call-arg]


def refuses(world: CardWorld, *also: str, error: type[Exception] = GatewayRefused) -> Gateway:
    """The gateway as it was before it refused."""
    before = world.stripe.inner
    refusing: Any = Refusing(before, *also, error=error)
    world.stripe.inner = refusing
    return before


def nights(world: CardWorld, *days: str) -> list[int]:
    """How many invoices each of the billing runs could not settle."""
    unsettled = []
    for day in days:
        world.travels_to(day)
        unsettled.append(world.runs_billing().unsettled)
    return unsettled


def test_a_refusal_that_somebody_sees_to_in_time_is_heard_of_by_no_customer(world: CardWorld) -> None:
    before = refuses(world, "find_charge")
    world.joins("lumen")
    bills(world)
    assert nights(world, "2026-02-02", "2026-02-03") == [1, 1]
    assert (the_invoice(world).pending, world.sent.sent) == ((COLLECT, DELIVER), [])
    world.stripe.inner = before
    assert nights(world, "2026-02-03T12:00") == [0]
    assert (the_invoice(world).status, world.sent.kinds()) == (InvoiceStatus.PAID, ["receipt"])


def test_a_charge_that_is_refused_for_three_days_ends_and_the_invoice_goes_out(world: CardWorld) -> None:
    before = refuses(world)
    world.joins("lumen")
    bills(world)
    assert nights(world, "2026-02-02", "2026-02-03", "2026-02-04", "2026-02-05") == [1, 1, 0, 0]
    invoice = the_invoice(world)
    assert [(each.status, each.code) for each in invoice.attempts] == [(AttemptStatus.DECLINED, GATEWAY_REFUSED)]
    assert invoice.attempts[0].message == "This account takes no live payments."
    assert (invoice.pending, invoice.dunning, pay_state(invoice)) == ((), None, PayState.DUE)
    assert (world.sent.kinds(), len(world.sent.sent)) == (["invoice_issued", "tenant_payment_failed"], 2)
    world.stripe.inner = before
    chased(world, "2026-03-04")  # the first day overdue
    assert (the_invoice(world).status, world.taken()) == (InvoiceStatus.PAID, [4900])
    assert world.sent.kinds(TO) == ["invoice_issued", "receipt"]


def test_where_the_gateway_says_nothing_at_all_the_invoice_goes_out_and_the_charge_is_tried_on(
    world: CardWorld,
) -> None:
    before = refuses(world, "find_charge")
    world.joins("lumen")
    bills(world)
    assert nights(world, "2026-02-03", "2026-02-04", "2026-02-05") == [1, 1, 1]
    assert (the_invoice(world).pending, world.sent.kinds(), len(world.sent.sent)) == (
        (COLLECT,),
        ["invoice_issued"],
        1,
    )
    world.stripe.inner = before
    assert nights(world, "2026-02-07", "2026-02-08", "2026-02-09") == [0, 0, 0]
    assert (the_invoice(world).status, world.taken(), world.sent.kinds()) == (
        InvoiceStatus.PAID,
        [4900],
        ["invoice_issued", "receipt"],
    )


def refused_nights(world: CardWorld, *days: str) -> None:
    """Runs that name the retry as what could not be done, and tell nobody."""
    for day in days:
        world.travels_to(day)
        report = world.runs_dunning()
        assert [(each.invoice_id, each.code) for each in report.failures] == [
            (the_invoice(world).id, "gateway_refused")
        ]
        assert world.sent.kinds(TO) == ["payment_failed"]


def test_a_retry_that_is_refused_is_named_and_charged_once_somebody_saw_to_it(world: CardWorld) -> None:
    world.joins("lumen", card="pm_card_chargeCustomerFail")
    bills(world)
    world.saves_card("lumen")
    before = refuses(world, "find_charge")
    refused_nights(world, "2026-02-04", "2026-02-05")
    world.stripe.inner = before
    chased(world, "2026-02-06")
    invoice = the_invoice(world)
    assert (invoice.status, world.taken(), len(invoice.attempts)) == (InvoiceStatus.PAID, [4900], 2)
    assert invoice.dunning is not None
    assert (invoice.dunning.tries, world.sent.kinds(TO)) == (1, ["payment_failed", "receipt"])


def test_a_retry_that_is_refused_for_three_days_holds_back_no_reminder(world: CardWorld) -> None:
    world.joins("lumen", card="pm_card_chargeCustomerFail")
    bills(world)
    refuses(world)
    refused_nights(world, "2026-02-04", "2026-02-05", "2026-02-06")
    chased(world, "2026-02-07")
    assert [each.code for each in the_invoice(world).attempts] == ["generic_decline", GATEWAY_REFUSED]
    assert (pay_state(the_invoice(world)), world.sent.kinds(TO)) == (
        PayState.DUE,
        ["payment_failed", "payment_reminder"],
    )


def test_a_charge_by_hand_that_is_refused_says_so_and_leaves_nothing_open(world: CardWorld) -> None:
    world.joins("lumen", card="pm_card_chargeCustomerFail")
    bills(world)
    refuses(world)
    gateway: Any = world.stripe
    charged = charge_invoice(world.documents, the_invoice(world).id, gateway=gateway, call=world.call())
    assert charged.attempt is not None
    assert (charged.attempt.code, pay_state(charged.invoice)) == (GATEWAY_REFUSED, PayState.DUE)


def stuck(world: CardWorld) -> Invoice:
    """As an earlier version left it: never sent, its attempt open, overdue for three weeks, no step done."""
    before = refuses(world, error=GatewayUnavailable)
    owes(world, "0.30")
    bills(world)
    for number, day in enumerate(("2026-03-04", "2026-03-25")):
        world.travels_to(day)
        request = DunningRequest(tenant_id="acme", as_of=world.now, run_id=f"stuck-{number}", actor="scheduler")
        run_dunning(world.documents, request, world.dunning_parts())
    world.stripe.inner = before
    return the_invoice(world)


@pytest.mark.parametrize("first", ["settlement", "dunning"])
def test_what_was_never_sent_is_not_chased_for_the_days_in_which_nobody_heard_of_it(
    world: CardWorld, first: str
) -> None:
    invoice = stuck(world)
    assert ([each.status for each in invoice.attempts], invoice.pending) == (
        [AttemptStatus.STARTED],
        (COLLECT, DELIVER),
    )
    world.travels_to("2026-03-26")
    if first == "settlement":
        sweep(world.settlement(), out_of_time=lambda: False)
    chased(world, "2026-03-26")
    assert world.sent.kinds(TO) == ["invoice_issued"]
    case = the_invoice(world).dunning
    assert case is not None
    assert (str(case.started_on), case.suspended_at, case.in_review) == ("2026-03-26", None, False)
    chased(world, "2026-03-29")
    assert world.sent.kinds(TO) == ["invoice_issued", "payment_reminder"]
    assert [each.code for each in the_invoice(world).attempts] == ["amount_too_small"]
