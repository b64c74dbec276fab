"""The guide's tables name every type of event, and all that an event of it says."""

import re
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.credit_note_events import credit_note_issued
from billing.domain.credit_request import AmountCredit
from billing.domain.dunning_case import CaseCause, entered
from billing.domain.dunning_events import dunning_events
from billing.domain.event import Event, EventType
from billing.domain.invoice_events import invoice_events
from billing.domain.payment import Payment, PaymentSource, Refund, RefundState, RefundTarget
from billing.domain.payment_events import payment_events
from billing.domain.subscription_events import subscription_event
from tests.builders import a_fee, a_plan
from tests.crediting import gives_back
from tests.world import World

GUIDE = (Path(__file__).parents[2] / "docs/guides/events.md").read_text(encoding="utf-8")
SECTIONS = re.split(r"^### ", GUIDE.partition("## What arrives")[2].partition("\n## ")[0], flags=re.MULTILINE)[1:]
ROWS = [row for section in SECTIONS for row in section.splitlines() if row.startswith("| `")]


def test_every_type_is_in_a_table_and_no_other_is() -> None:
    named = [name for row in ROWS for name in re.findall(r"`([^`]+)`", row.split("|")[1])]
    assert sorted(named) == sorted(EventType)


@pytest.fixture(scope="module")
def told() -> list[Event]:
    """An event of each kind that has fields of its own."""
    world = World()
    world.subscribes("lumen", to=world.plan(a_plan(fees=[a_fee("49.00")])), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    note, [invoice] = gives_back(world, AmountCredit(amount=900)), world.invoices()
    at, waits = world.now, AttemptStatus.REQUIRES_ACTION
    attempts = [
        PaymentAttempt(number=number, attempted_at=at, amount=4000, status=status, payment_id="pi_1")
        for number, status in ((1, AttemptStatus.DECLINED), (2, waits))
    ]
    refund = Refund(id="r1", amount=1, target=RefundTarget.METHOD, refunded_at=at, state=RefundState.DONE)
    paid = Payment(
        id="p1", customer_id="lumen", currency="USD", amount=1, source=PaymentSource.CARD, received_at=at, to_balance=1
    )
    tried = replace(invoice, attempts=tuple(attempts), amount_credited=invoice.amount_credited + 1)
    case = entered(CaseCause.OVERDUE, on=at.date(), at=at)
    return [
        *chain(invoice_events(invoice, tried, at=at), invoice_events(None, invoice, at=at)),
        *chain(payment_events(None, paid, at=at), payment_events(paid, replace(paid, refunds=(refund,)), at=at)),
        *dunning_events(None, invoice, case, at=at),
        credit_note_issued(note, at=at),
        subscription_event(EventType.SUBSCRIPTION_CREATED, world.subscription("sub-lumen"), at=at),
    ]


def test_what_an_event_says_is_named_beside_its_type(told: list[Event]) -> None:
    assert {each.type.value.split(".")[0] for each in told} == {
        "invoice",
        "payment",
        "dunning",
        "credit_note",
        "subscription",
    }
    for event in told:
        [section] = [
            each for each in SECTIONS if f"| `{event.type.value}`" in each or f", `{event.type.value}`" in each
        ]
        unnamed = [name for name in event.fields if f"`{name}`" not in section]
        assert unnamed == [], event.type
