"""Whatever happens to a customer's invoices, in the end the books have what the gateway kept, and nobody waits.

Random lives: cards that pay, decline or take days, hosted pages, transfers that bounce, refunds and credit notes,
refunds and disputes that others make at the gateway, invoices that are void or written off; calls that are lost,
processes that die at any call or commit, events that come when they will or never.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from random import Random
from typing import Any

import pytest

from billing.api.pay_engine import hosted_pages
from billing.domain.attempt import AttemptStatus
from billing.domain.credit_request import AmountCredit, CreditRequest, WholeCredit
from billing.domain.errors import BillingError
from billing.domain.invoice import CollectionMethod, Invoice
from billing.domain.payment import Payment, PaymentSource, PaymentStatus, RefundTarget
from billing.domain.payment_totals import payment_totals
from billing.ports import ChargeOrder, Documents, EventAbout, GatewayDispute, GatewayEvent, RefundStatus
from billing.store.payments import decode_payment
from billing.usecases.apply_gateway_event import apply_gateway_event
from billing.usecases.close_other_ways import WaysToPay
from billing.usecases.dunning_run import DunningParts, DunningRequest
from billing.usecases.issue_credit_note import issue_credit_note
from billing.usecases.open_payment import WayBack, open_payment
from billing.usecases.record_payment import NewPayment, record_payment
from billing.usecases.refund_payment import RefundRequest, refund_payment
from billing.usecases.reverse_payment import reverse_payment
from billing.usecases.run_dunning import run_dunning
from billing.usecases.settle_invoices import settle_invoices, sweep
from billing.usecases.void_invoice import void_invoice
from billing.usecases.write_off_invoice import write_off_invoice
from tests.bank_in_memory import THREE_DECIMAL, Bank, Crash, Intent
from tests.builders import a_fee, a_plan, a_tenant
from tests.collecting import SentMails, plain_mail
from tests.paying import balance, call, payments_that_differ
from tests.watched_documents import WatchedDocuments
from tests.world import World

LIVES = 80
PRICES = {"USD": "49.00", "JPY": "4900", THREE_DECIMAL: "49.015"}
BACK = WayBack(success_url="https://pay.example/thanks", cancel_url="https://pay.example")
OURS = ("bills", "duns", "later", "later", "refunds", "credits", "voids", "writes_off")
CUSTOMER_S = ("pays", "pays", "wires", "bounces", "saves")
BANK_S = ("debits_end", "refunds_arrive")
OTHERS = ("by_hand", "disputed", "decided", "told", "told", "told", "told")
ENDLESS = {AttemptStatus.STARTED, AttemptStatus.UNKNOWN, AttemptStatus.PENDING}


class Life:
    """The invoices of one customer, and what happens to them; without `events` none comes."""

    def __init__(self, seed: int, *, events: bool) -> None:
        self.random, self.events = Random(seed), events
        self.currency = self.random.choice(["USD", *PRICES])
        tenant = a_tenant(gateway="stripe", currency=self.currency, mail_sender="billing@acme.test")
        self.world = World(tenant=tenant, mailer=SentMails(), compose=plain_mail)
        fee = a_fee(PRICES[self.currency])
        plan = self.world.plan(a_plan(fees=[fee], anchor_day=1, currency=self.currency))
        how = self.random.choice([CollectionMethod.SEND_INVOICE, *[CollectionMethod.CHARGE_AUTOMATICALLY] * 3])
        card = {"gateway_id": "cus_1", "payment_method_id": "pm_1"} if self.random.random() < 0.8 else {}
        self.world.customer("lumen", currency=self.currency, collection_method=how, **card)
        self.world.subscribes("lumen", to=plan, on="2026-01-01")
        method = self.random.choice(["succeeded", "processing", "expired_card"])
        bank: Any = Bank(random=self.random, now=lambda: self.world.now, is_asked=self.is_owed)
        bank.method, bank.methods = method, len(card)
        self.bank = self.world.gateway = bank
        self.overcharged: list[str] = []
        self.wired: dict[str, int] = {}
        self.bounced: set[str] = set()
        self.numbers = count(1)
        self.world.travels_to("2026-02-01")
        self.does("bills")
        self.world.runs_billing(render=lambda _: [], sweeps=False)

    # what is so

    @property
    def mortal(self) -> Documents:
        """The books, through a process that may die at one of its first commits."""
        left = self.random.choice([1, 2, 3, 9, 9, 9])

        def crash(_writes: object) -> None:
            nonlocal left
            left -= 1
            if not left and not self.bank.is_reliable:
                raise Crash

        return WatchedDocuments(self.world.documents, **{self.random.choice(["before", "after"]): crash})

    @property
    def payments(self) -> list[Payment]:
        return [decode_payment(each).value for each in self.world.collection("payments")]

    @property
    def invoice(self) -> Invoice:
        return self.random.choice(self.world.invoices())

    @property
    def intent(self) -> Intent:
        return self.random.choice([*self.bank.intents.values()])

    def some(self, most: int) -> int:
        part = self.random.choice([most, most, most // 2, most // 3])
        return max(1, part - part % 10 if self.currency == THREE_DECIMAL else part)

    def is_owed(self, order: ChargeOrder) -> None:
        """Note a charge for more than is owed by what the gateway has, or expects, of the invoice.

        Money that went back the way it came is owed again; what became credit is the customer's.
        """
        [invoice] = [each for each in self.world.invoices() if each.id == order.invoice_id]
        intents = [each for each in self.bank.intents.values() if each.metadata["invoice_id"] == invoice.id]
        there = sum(each.amount if each.state == "processing" else each.kept for each in intents)
        credited = sum(
            each.to_balance + sum(back.amount for back in each.refunds if back.target is RefundTarget.BALANCE)
            for each in self.payments
            if each.gateway_id in {intent.id for intent in intents}
        )
        if order.amount + there - credited > invoice.total - invoice.amount_credited:
            self.overcharged.append(order.key)

    # what happens

    def does(self, name: str) -> None:
        act: Callable[[], object] = getattr(self, name)
        self.world.now += timedelta(minutes=20)
        with suppress(BillingError, Crash, IndexError):
            act()

    def bills(self) -> None:
        self.world.runs_billing(through=self.mortal)

    def duns(self) -> None:
        books, now = self.mortal, self.world.now
        request = DunningRequest(tenant_id="acme", as_of=now, run_id=f"run-{next(self.numbers)}", actor="scheduler")
        settlement = self.world.settlement(documents=books)
        parts = DunningParts(
            gateway=lambda: self.bank, mailing=settlement.mailing, pdf=lambda _: b"", now=lambda: self.world.now
        )
        run_dunning(books, request, parts)
        sweep(settlement, out_of_time=lambda: False)

    def later(self) -> None:
        self.world.now += timedelta(days=self.random.choice([1, 2, 4, 7]))

    def refunds(self) -> None:
        payment = self.random.choice(self.payments)
        part = self.random.choice(payment.parts_left)
        request = RefundRequest(
            id=f"r{next(self.numbers)}",
            payment_id=payment.id,
            amount=self.some(part.amount),
            target=self.random.choice([*RefundTarget]),
            invoice_id=part.invoice_id,
        )
        refund_payment(self.mortal, request, gateway=self.bank, call=call(self.world))

    def credits(self) -> None:
        invoice = self.invoice
        part = AmountCredit(amount=self.some(invoice.total))
        what = part if self.random.random() < 0.5 else WholeCredit()
        to = self.random.choice([None, *RefundTarget])
        request = CreditRequest(key=f"k{next(self.numbers)}", what=what, reason="outage", refund_to=to)
        issue_credit_note(self.mortal, invoice.id, request, call=call(self.world))

    def voids(self) -> None:
        books = self.mortal
        settle = partial(settle_invoices, self.world.settlement(documents=books))
        void_invoice(books, self.invoice.id, reason="wrong", call=call(self.world), settle=settle)

    def writes_off(self) -> None:
        if self.random.random() < 0.3:
            write_off_invoice(self.mortal, self.invoice.id, reason="insolvent", call=call(self.world))

    def pays(self) -> None:
        page = open_payment(self.mortal, self.bank, self.invoice.id, back=BACK, call=call(self.world))
        how = self.random.choice(["succeeded", "succeeded", "processing", "insufficient_funds"])
        self.bank.is_paid_on(self.bank.pages[page.id], how)

    def wires(self) -> None:
        invoice, name = self.invoice, f"wire{next(self.numbers)}"
        self.wired[name] = amount = self.some(invoice.amount_due or invoice.total)
        new = NewPayment(
            id=name,
            amount=amount,
            currency=self.currency,
            source=PaymentSource.BANK_TRANSFER,
            received_at=self.world.now,
            invoice_ids=(invoice.id,),
        )
        record_payment(self.world.documents, new, call=call(self.world))
        WaysToPay(documents=self.mortal, gateway=lambda: self.bank, call=call(self.world)).close(invoice.id)

    def bounces(self) -> None:
        name = self.random.choice([each for each in self.wired if each not in self.bounced])
        reverse_payment(self.world.documents, name, reason="it bounced", call=call(self.world))
        self.bounced.add(name)

    def saves(self) -> None:
        self.bank.method = self.random.choice(["succeeded", "processing", "authentication_required", "expired_card"])
        self.bank.methods += 1
        self.bank.events.append((EventAbout.CUSTOMER, "cus_1"))

    def debits_end(self) -> None:
        self.bank.ends(self.intent)

    def by_hand(self) -> None:
        intent = self.intent
        if self.events and intent.takes_back(amount := self.some(intent.kept)):
            self.bank.refunds(intent, amount)

    def disputed(self) -> None:
        intent = self.intent
        if self.events and intent.takes_back(amount := self.some(intent.kept)):
            name = f"du_{next(self.numbers)}"
            intent.disputes[name] = GatewayDispute(id=name, amount=amount, is_lost=False)
            self.bank.tells(intent)

    def decided(self) -> None:
        for intent in self.bank.intents.values():
            for name, dispute in [*intent.disputes.items()]:
                if not dispute.is_lost and self.random.random() < 0.3:
                    del intent.disputes[name]
                else:
                    intent.disputes[name] = replace(dispute, is_lost=True)
                self.bank.tells(intent)

    def refunds_arrive(self) -> None:
        for intent in self.bank.intents.values():
            for name, refund in intent.refunds.items():
                if refund.status is RefundStatus.PENDING:
                    end = self.random.choice([RefundStatus.FAILED, *[RefundStatus.SUCCEEDED] * 3])
                    intent.refunds[name] = replace(refund, status=end)
                    self.bank.tells(intent)

    def told(self) -> None:
        self.tells([self.random.randrange(len(self.bank.events) or 1) for _ in range(3)])

    def tells(self, places: list[int]) -> None:
        """These events come, if any do: in this order, some of them again."""
        books, pages = self.mortal, hosted_pages(self.mortal, self.bank, call=call(self.world))
        for place in places if self.events else []:
            about, subject = self.bank.events[place]
            event = GatewayEvent(id=f"evt_{place}_{next(self.numbers)}", type="news", about=about, subject=subject)
            apply_gateway_event(books, pages, event, call=call(self.world))

    def comes_to_rest(self) -> None:
        """Nothing fails any more, all that is under way has its end, and the runs of two months."""
        self.bank.is_reliable, self.bank.method = True, "succeeded"
        self.decided()
        for _ in range(16):
            self.refunds_arrive()
            for intent in [*self.bank.intents.values()]:
                self.bank.ends(intent)
            self.tells([*range(len(self.bank.events))])
            self.world.now += timedelta(days=4)
            self.duns()


@pytest.mark.parametrize("events", [True, False], ids=["told at some time", "never told"])
@pytest.mark.parametrize("seeds", [range(start, start + 20) for start in range(0, LIVES, 20)], ids=str)
def test_in_the_end_all_money_is_in_the_books_once_and_nothing_waits(seeds: range, *, events: bool) -> None:
    for seed in seeds:
        life = Life(seed, events=events)
        for name in life.random.choices(OURS + CUSTOMER_S + BANK_S + OTHERS, k=life.random.randrange(4, 18)):
            life.does(name)
        life.comes_to_rest()
        assert (life.overcharged, life.bank.twice) == ([], []), seed
        invoices, kept = life.world.invoices(), sum(each.kept for each in life.bank.intents.values())
        by_card = payment_totals(each for each in life.payments if each.source is PaymentSource.CARD)
        wired = sum(amount for name, amount in life.wired.items() if name not in life.bounced)
        assert sum(each.kept for each in by_card) == kept, seed
        assert sum(each.amount_paid for each in invoices) + balance(life.world, "lumen") == kept + wired, seed
        assert [each.overpaid for each in invoices] == [0] * len(invoices), seed
        assert not any(each.pending for each in invoices), seed
        assert not any(each.pending for each in life.world.credit_notes()), seed
        known = {each.metadata["key"]: each.state for each in life.bank.intents.values()}
        for invoice in invoices:
            assert invoice.page_payment_id == "", seed
            unanswered = [each.number for each in invoice.attempts if each.status in ENDLESS]
            assert not any(f"acme/{invoice.id}/charge/{number}" in known for number in unanswered), seed
        assert not any(each.waits for payment in life.payments for each in payment.refunds), seed
        assert all(each.status is not PaymentStatus.DISPUTED for each in life.payments), seed
        assert payments_that_differ(life.world) == [], seed
