"""Whatever goes back of one payment, by whom and in what order: in the end the books have what the gateway kept.

Random lives of a payment by card: refunds of ours to the card and to the balance, with answers that are lost and
processes that die; refunds on the gateway's own pages; parts that the bank disputes and takes; refunds that fail;
transfers, void invoices, a reversal by hand; events that come when they will.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest

from billing.domain.errors import BillingError
from billing.domain.payment import Payment, PaymentStatus, RefundState, RefundTarget
from billing.ports import (
    Documents,
    GatewayDispute,
    GatewayPayment,
    GatewayRefund,
    GatewayUnavailable,
    RefundOrder,
    RefundRefused,
    RefundStatus,
    Succeeded,
)
from billing.store.payments import Payments
from billing.usecases.follow_disputes import follow_disputes
from billing.usecases.follow_refunds import follow_refunds
from billing.usecases.refund_payment import RefundRequest, refund_payment
from billing.usecases.reverse_payment import reverse_payment
from billing.usecases.void_invoice import void_invoice
from tests.paying import balance, call, ids, pay, payments_that_differ, three_unpaid
from tests.watched_documents import WatchedDocuments
from tests.world import World

LIVES = 240
OURS = ("refunds", "refunds", "moves", "again")
OTHERS = ("by_hand", "disputed", "decided", "fails", "arrives", "told", "told", "void", "wire", "reversed")
UNDER_WAY = RefundStatus.PENDING


class Crash(BaseException):
    """The process is gone."""


@dataclass(kw_only=True)
class Card:
    """The gateway's side of the payment: it gives back no more than it took, and nothing while a dispute is open."""

    random: Random
    amount: int
    refunds: dict[str, GatewayRefund] = field(default_factory=dict)
    disputes: dict[str, GatewayDispute] = field(default_factory=dict)

    @property
    def kept(self) -> int:
        """What is left of the money; a refund that is under way is as good as gone."""
        gone = sum(each.amount for each in self.refunds.values() if each.status is not RefundStatus.FAILED)
        return self.amount - gone - sum(each.amount for each in self.disputes.values())

    def takes(self, amount: int) -> bool:
        return 0 < amount <= self.kept and all(each.is_lost for each in self.disputes.values())

    def made(self, amount: int, *, key: str = "", invoice_id: str | None = None) -> GatewayRefund:
        made = GatewayRefund(
            id=f"re_{len(self.refunds)}",
            payment_id="pi_1",
            amount=amount,
            currency="USD",
            status=self.random.choice([UNDER_WAY, *[RefundStatus.SUCCEEDED] * 3]),
            key=key,
            invoice_id=invoice_id,
        )
        self.refunds[made.id] = made
        return made

    def payment(self, payment_id: str) -> GatewayPayment:
        return GatewayPayment(
            id=payment_id,
            outcome=Succeeded(payment_id=payment_id, amount=self.amount, currency="USD"),
            amount=self.amount,
            currency="USD",
            customer="cus_1",
            refunds=tuple(reversed(self.refunds.values())),
            disputes=tuple(self.disputes.values()),
        )

    def refund(self, order: RefundOrder) -> GatewayRefund:
        lost = self.random.choice(["question", "answer", "", "", ""])
        if lost == "question":
            raise GatewayUnavailable("stripe", reason="connection reset")
        if not self.takes(order.amount):
            raise RefundRefused("stripe", reason="more than is left")
        made = self.made(order.amount, key=order.key, invoice_id=order.invoice_id)
        if lost == "answer":
            raise GatewayUnavailable("stripe", reason="time-out")
        return made


class Life:
    """One payment of one or two invoices, and what happens to it."""

    def __init__(self, seed: int, before: World) -> None:
        self.random = Random(seed)
        self.world = World(tenant=before.tenant)
        self.world.copies(before)
        self.world.now = before.now
        self.invoices = ids(self.world)
        self.card: Any = Card(random=self.random, amount=self.random.choice([3000, 4900, 10_000]))
        self.asked: dict[str, RefundRequest] = {}
        self.wired = 0
        self.is_undone = False
        paid = self.random.choice([self.invoices, self.invoices[:1]])
        pay(self.world, self.card.amount, gateway_id="pi_1", invoice_ids=paid)

    @property
    def payment(self) -> Payment:
        [stored] = Payments.of(self.world.documents, self.world.tenant.id).get(["p1"])
        assert stored is not None
        return stored.value

    @property
    def some(self) -> int:
        return self.random.choice([200, 1000, 1500, 4900, self.card.amount, self.card.kept])

    @property
    def mortal(self) -> Documents:
        """The books, through a process that may die at its first or second commit."""
        left = self.random.choice([1, 2, 9, 9])

        def crash(_writes: object) -> None:
            nonlocal left
            left -= 1
            if not left:
                raise Crash

        return WatchedDocuments(self.world.documents, **{self.random.choice(["before", "after"]): crash})

    def asks(self, target: RefundTarget) -> None:
        part = self.random.choice([*self.invoices, ""])
        request = RefundRequest(
            id=f"r{len(self.asked)}", payment_id="p1", amount=self.some, target=target, invoice_id=part
        )
        self.asked[request.id] = request
        refund_payment(self.mortal, request, gateway=self.card, call=call(self.world))

    def refunds(self) -> None:
        self.asks(RefundTarget.METHOD)

    def moves(self) -> None:
        self.asks(RefundTarget.BALANCE)

    def again(self) -> None:
        for request in self.asked.values():
            refund_payment(self.mortal, request, gateway=self.card, call=call(self.world))

    def by_hand(self) -> None:
        amount = self.some
        if self.card.takes(amount):
            self.card.made(amount)

    def disputed(self) -> None:
        amount, name = self.some, f"du_{self.random.random()}"
        if self.card.takes(amount):
            self.card.disputes[name] = GatewayDispute(id=name, amount=amount, is_lost=False)

    def decided(self) -> None:
        for name, dispute in [*self.card.disputes.items()]:
            if not dispute.is_lost and self.random.random() < 0.3:
                del self.card.disputes[name]
            else:
                self.card.disputes[name] = replace(dispute, is_lost=True)

    def ends(self, *, of: set[RefundStatus], as_: RefundStatus) -> None:
        for name, refund in self.card.refunds.items():
            if refund.status in of and self.random.random() < 0.5:
                self.card.refunds[name] = replace(refund, status=as_)

    def fails(self) -> None:
        self.ends(of={UNDER_WAY, RefundStatus.SUCCEEDED}, as_=RefundStatus.FAILED)

    def arrives(self) -> None:
        self.ends(of={UNDER_WAY}, as_=RefundStatus.SUCCEEDED)

    def told(self, documents: Documents | None = None) -> None:
        books, fetched = documents or self.mortal, self.card.payment("pi_1")
        payment = follow_refunds(books, self.payment, fetched.refunds, call=call(self.world))
        follow_disputes(books, payment, fetched, call=call(self.world))

    def void(self) -> None:
        void_invoice(self.world.documents, self.random.choice(self.invoices), reason="wrong", call=call(self.world))

    def wire(self) -> None:
        invoice = self.random.choice(self.invoices)
        pay(self.world, 2000, id=f"wire{self.wired}", invoice_ids=(invoice,))
        self.wired += 2000

    def reversed(self) -> None:
        if self.random.random() < 0.2:
            self.is_undone = True
            reverse_payment(self.mortal, "p1", reason="booked by mistake", call=call(self.world))

    def comes_to_rest(self) -> None:
        """Every dispute is decided, every refund has its end, and the gateway told of it."""
        self.decided()
        while any(each.status is UNDER_WAY for each in self.card.refunds.values()) or self.waits:
            self.arrives()
            self.told(self.world.documents)
            with suppress(GatewayUnavailable):
                for each in self.waits:
                    refund_payment(self.world.documents, self.asked[each], gateway=self.card, call=call(self.world))
        self.told(self.world.documents)

    @property
    def waits(self) -> list[str]:
        return [each.id for each in self.payment.refunds if each.state is RefundState.ASKED]


@pytest.fixture(scope="module")
def before() -> World:
    return three_unpaid()


@pytest.mark.parametrize("seeds", [range(start, start + 40) for start in range(0, LIVES, 40)], ids=str)
def test_in_the_end_the_books_have_what_the_gateway_kept(before: World, seeds: range) -> None:
    for seed in seeds:
        life = Life(seed, before)
        for name in life.random.choices(OURS + OTHERS, k=life.random.randrange(3, 16)):
            act: Callable[[], None] = getattr(life, name)
            with suppress(BillingError, Crash):
                act()
        life.comes_to_rest()
        invoices = life.world.invoices("acme")
        is_undone = life.is_undone and life.payment.status is PaymentStatus.REVERSED
        books = sum(each.amount_paid for each in invoices) + balance(life.world) - life.wired
        assert books == (0 if is_undone else life.card.kept), seed
        assert [each.overpaid for each in invoices] == [0, 0], seed
        assert life.payment.status is not PaymentStatus.DISPUTED, seed
        assert payments_that_differ(life.world) == [], seed
