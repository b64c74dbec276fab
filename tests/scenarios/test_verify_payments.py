"""What invoices say was paid is what their payments come to: after every honest way of paying, and no other."""

from dataclasses import dataclass
from typing import Any

import pytest

from billing.domain.finding import Finding
from billing.domain.payment import RefundTarget
from billing.ports import Delete, Document, Query
from billing.store.customers import Customers
from billing.usecases.call import Call
from billing.usecases.record_payment import record_payment
from billing.usecases.refund_payment import RefundRequest, refund_payment
from billing.usecases.reverse_payment import reverse_payment
from billing.usecases.verify import VerifyReport, VerifyRequest, verify
from tests.builders import a_fee, a_plan
from tests.paying import cheque
from tests.world import World


@pytest.fixture
def world() -> World:
    """Four invoices of 49.00: one is paid, one half, one by credit of 19.00 and a payment that is reversed, one not."""
    world = World()
    plan = world.plan(a_plan(fees=[a_fee("49.00")], anchor_day=1))
    for name in ("ada", "bob", "cyd", "dan"):
        world.subscribes(name, to=plan, on="2026-01-01")
    world.documents.commit([Customers.of(world.documents, "acme").added("cyd", {"credit_balance": 1900})])
    world.travels_to("2026-02-01")
    world.runs_billing()
    pays(world, "ada", 4900)
    pays(world, "bob", 4900)
    refund = RefundRequest(
        id="r1", payment_id="pay-bob", amount=2450, target=RefundTarget.BALANCE, invoice_id=invoice_id("bob"), reason=""
    )
    refund_payment(world.documents, refund, gateway=None, call=call(world))
    pays(world, "cyd", 3000)
    reverse_payment(world.documents, "pay-cyd", reason="R01", call=call(world))
    return world


def call(world: World) -> Call:
    return Call(tenant_id="acme", actor="ada", recorded_at=world.now)


def invoice_id(name: str) -> str:
    return f"sub-{name}.20260101T000000Z.r0"


def pays(world: World, name: str, amount: int) -> None:
    record_payment(world.documents, cheque(world, amount, invoice_id(name), id=f"pay-{name}"), call=call(world))


def verified(world: World, *, through: Any = None) -> VerifyReport:  # noqa: ANN401 - another view of the store
    request = VerifyRequest(tenant_id="acme", as_of=world.now, objects=False)
    return verify(through or world.documents, world.objects, request)


def payment_findings(report: VerifyReport) -> list[tuple[str, str, str, str]]:
    return [told(each) for each in report.findings.kept if each.kind.value == "payments_differ"]


def told(found: Finding) -> tuple[str, str, str, str]:
    return found.entity, found.field, found.stored, found.expected


def test_refunds_reversals_credit_and_part_payments_are_clean(world: World) -> None:
    report = verified(world)

    assert report.findings.kept == []
    assert report.read["payments"] == 4  # three that came in, and the credit that was used
    assert [each.amount_paid for each in world.invoices()] == [4900, 2450, 1900, 0]


def test_an_invoice_made_paid_behind_the_programs_back_is_named(world: World) -> None:
    world.damages(f"invoices/{invoice_id('dan')}", {"amount_paid": 4900, "status": "paid", "amount_due": 0})

    [found] = verified(world).findings.kept

    assert told(found) == (f"invoices/{invoice_id('dan')}", "amount paid", "49.00 USD", "0.00 USD")
    assert found.message == (f"{found.name}, by its payments: amount paid is 49.00 USD, expected 0.00 USD")


def test_a_removed_payment_is_named_by_what_it_paid(world: World) -> None:
    world.documents.commit([Delete("tenants/acme/payments/pay-ada")])

    assert payment_findings(verified(world)) == [
        (f"invoices/{invoice_id('ada')}", "amount paid", "49.00 USD", "0.00 USD")
    ]


def test_credit_that_an_invoice_claims_and_never_had_is_named(world: World) -> None:
    world.damages(f"invoices/{invoice_id('ada')}", {"balance_applied": 100})

    assert payment_findings(verified(world)) == [
        (f"invoices/{invoice_id('ada')}", "part from the balance", "1.00 USD", "0.00 USD")
    ]


def test_a_payment_that_can_not_be_read_is_named_and_nothing_is_guessed_from_it(world: World) -> None:
    world.damages("payments/pay-ada", {"amount": "many"})

    [found] = verified(world).findings.kept

    assert (found.kind.value, found.entity) == ("unreadable", "payments/pay-ada")


def test_money_that_comes_while_the_books_are_verified_is_no_finding(world: World) -> None:
    busy = PaysMeanwhile(world)

    report = verified(world, through=busy)

    assert (busy.paid, report.findings.kept) == (["dan"], [])


def test_an_invoice_that_does_not_hold_still_is_left_alone(world: World) -> None:
    """Its money moves once more between its payments and itself, when it is read again."""
    busy = PaysMeanwhile(world, parts=("first", "second"))

    report = verified(world, through=busy)

    assert (busy.paid, report.findings.kept) == (["first", "second"], [])


@dataclass
class PaysMeanwhile:
    """Passes everything on; dan pays once all payments were read, and again once his were."""

    world: World
    parts: tuple[str, ...] = ("dan",)

    def __post_init__(self) -> None:
        self.paid: list[str] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        return getattr(self.world.documents, name)

    def query(self, query: Query) -> list[Document]:
        found = self.world.documents.query(query)
        of_one = any(each.field == "invoice_ids" for each in query.filters)
        is_time = of_one if self.paid else query.collection.endswith("/payments")
        if is_time and len(self.paid) < len(self.parts):
            name = self.parts[len(self.paid)]
            self.paid.append(name)
            new = cheque(self.world, 1000, invoice_id("dan"), id=f"meanwhile-{name}")
            record_payment(self.world.documents, new, call=call(self.world))
        return found
