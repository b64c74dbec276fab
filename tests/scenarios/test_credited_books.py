"""Beside the money: a credit note's mail, unused time, open pages, and what the books say of it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.catalog import Billed
from billing.domain.credit_request import AmountCredit, LineCredit, LinesCredit, WholeCredit
from billing.domain.errors import InvalidInput
from billing.domain.invoice import SettlementStep
from billing.domain.payment import RefundTarget
from billing.domain.subscription_changes import end_subscription
from billing.domain.tax import TaxTable
from billing.ports import Checkout, CheckoutStatus, Value
from billing.store.subscriptions import subscription_fields
from billing.usecases.issue_credit_note import OtherCreditNote
from billing.usecases.verify import VerifyRequest, verify
from tests.builders import a_fee, a_party, a_plan, a_rate, a_tenant, utc
from tests.crediting import Outbox, What, gives_back, pays, settles, world
from tests.paying import RefundingGateway
from tests.world import World

__all__ = ["world"]


def test_the_customer_is_mailed_the_note_once() -> None:
    world = World(tenant=a_tenant(mail_sender="billing@acme.example"))
    world.customer("acme", party=a_party(email="jo@kunde.example"))
    world.subscribes("acme", to=world.plan(a_plan(fees=[a_fee("49.00")])), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    gives_back(world)
    settles(world)
    assert world.credit_notes()[0].pending == (SettlementStep.DELIVER,)
    outbox = Outbox()
    for _ in range(2):
        settles(world, outbox=outbox)
    [mail] = [each for each in outbox.mails.values() if "CN-2026-01-0001" in each.subject]
    assert (mail.to, [each.name for each in mail.files]) == (("jo@kunde.example",), ["CN-2026-01-0001.pdf"])
    assert mail.files[0].content == b"%PDF CN-2026-01-0001 4900 of INV-2026-01-0001"
    assert world.credit_notes()[0].pending == ()


@pytest.mark.parametrize(("kept", "found"), [(-900, []), (-800, ["-800"]), (900, ["900"])])
def test_what_the_version_before_kept_of_an_invoice_that_is_paid_and_credited_is_no_difference(
    world: World, kept: int, found: list[str]
) -> None:
    """It kept what is due below 0 until the refund was made."""
    pays(world, 4900, gateway_id="pi_1")
    gives_back(world, AmountCredit(amount=900))
    world.damages(f"invoices/{world.invoices()[0].id}", {"amount_due": kept})
    request = VerifyRequest(tenant_id=world.tenant.id, as_of=world.now, objects=False)
    findings = verify(world.documents, world.objects, request).findings.kept
    assert [(each.field, each.stored, each.expected) for each in findings] == [
        ("amount_due", stored, "0") for stored in found
    ]


AHEAD = a_plan(plan_id="ahead", fees=[a_fee("31.00")], anchor_day=1, billed=Billed.IN_ADVANCE)


def billed_ahead() -> World:
    """31.00 for January, billed on the 1st."""
    world = World()
    world.subscribes("acme", to=world.plan(AHEAD), on="2026-01-01")
    world.travels_to("2026-01-01")
    world.runs_billing()
    return world


def leaves(world: World, at: str) -> None:
    ended = end_subscription(world.subscription("sub-acme"), at=utc(at))
    world.damages("subscriptions/sub-acme", subscription_fields(ended))
    world.travels_to(at)
    world.runs_billing()


def test_what_was_credited_is_not_credited_again_as_unused_time() -> None:
    """21 of 31 days unused of 31.00, of which 15.50 were credited: half of 21.00 is left to give back."""
    world = billed_ahead()
    gives_back(world, AmountCredit(amount=1550))
    leaves(world, "2026-01-11")
    [_, unused] = sorted(world.credit_notes(), key=lambda note: note.number)
    assert (unused.total, unused.invoice_id) == (1050, world.invoices()[0].id)


def test_what_was_credited_as_unused_time_is_not_left_to_be_credited() -> None:
    world = billed_ahead()
    leaves(world, "2026-01-11")
    with pytest.raises(InvalidInput, match="at most 10.00 USD, what is left of INV-2026-01-0001"):
        gives_back(world, AmountCredit(amount=1001))
    assert gives_back(world).total == 1000


def seats_and_a_fee() -> tuple[World, str, str]:
    """A fee of 49.00 and 3 seats of 10.00 at 19 %, paid; the world, and the ids of both lines."""
    plan = a_plan(fees=[a_fee("49.00")], addons=[a_fee("10.00", "seat")])
    world = World(tenant=a_tenant(gateway="stripe"), taxes=TaxTable(rates=(a_rate("19"),)))
    world.subscribes("acme", to=world.plan(plan), on="2026-01-01")
    seats: dict[str, Value] = {
        "id": "seat",
        "charge_id": "seat",
        "quantity": "3",
        "start": utc("2026-01-01").isoformat(),
        "end": None,
    }
    world.damages("subscriptions/sub-acme", {"items": [seats]})
    world.travels_to("2026-02-01")
    world.runs_billing()
    pays(world, 9401, gateway_id="pi_1")
    fee, seat = (each.id for each in world.invoices()[0].lines)
    return world, fee, seat


def test_a_note_explains_itself_and_the_books_still_verify() -> None:
    """A fee of 49.00 and 3 seats of 10.00 at 19 %: one seat is 11.90, then half of what is left, then the rest."""
    world, _, seat = seats_and_a_fee()
    one_seat = LinesCredit(lines=(LineCredit(line_id=seat, quantity=Decimal(1)),))
    notes = [
        gives_back(world, one_seat),
        gives_back(world, AmountCredit(amount=4100), key="k2"),
        gives_back(world, key="k3"),
    ]
    assert [(note.subtotal, note.tax, note.total) for note in notes] == [
        (1000, 190, 1190),
        (3445, 655, 4100),
        (3455, 656, 4111),
    ]
    settles(world, gateway=RefundingGateway())
    request = VerifyRequest(tenant_id="acme", as_of=world.now)
    report = verify(world.documents, world.objects, request)
    assert [str(each) for each in report.findings.kept] == []


class PagedGateway(RefundingGateway):
    """A gateway with one hosted page open for 49.00."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Checkout(id="cs_1", url="https://pay.example", status=CheckoutStatus.OPEN, amount=4900)

    def checkout(self, checkout_id: str) -> Checkout:
        assert checkout_id == "cs_1"
        return self.page

    def expire_checkout(self, checkout_id: str) -> Checkout:
        assert checkout_id == "cs_1"
        self.page = replace(self.page, status=CheckoutStatus.EXPIRED)
        return self.page


def test_a_page_that_is_open_for_more_than_is_due_now_is_closed(world: World) -> None:
    world.damages(f"invoices/{world.invoices()[0].id}", {"checkout_id": "cs_1"})
    gives_back(world, AmountCredit(amount=1000))
    settles(world)
    assert world.credit_notes()[0].pending == (SettlementStep.REFUND,)
    stripe = PagedGateway()
    settles(world, gateway=stripe)
    assert stripe.page.status is CheckoutStatus.EXPIRED
    assert (world.invoices()[0].checkout_id, world.credit_notes()[0].pending) == ("", ())


def test_an_invoice_that_says_less_than_its_credit_notes_is_found(world: World) -> None:
    gives_back(world, AmountCredit(amount=1000))
    gives_back(world, AmountCredit(amount=500), key="k2")
    settles(world)
    request = VerifyRequest(tenant_id="acme", as_of=world.now)
    assert verify(world.documents, world.objects, request).findings.kept == []
    world.damages(f"invoices/{world.invoices()[0].id}", {"amount_credited": 1000, "amount_due": 3900})
    [found] = verify(world.documents, world.objects, request).findings.kept
    assert (found.field, found.stored, found.expected) == ("amount credited", "1000 of 4900", "1500")


def lines(*asked: tuple[str, int | None, int | None]) -> LinesCredit:
    """Lines by their ids, each with an amount or a quantity."""
    return LinesCredit(
        lines=tuple(
            LineCredit(line_id=name, amount=amount, quantity=None if units is None else Decimal(units))
            for name, amount, units in asked
        )
    )


def test_a_key_is_one_credit_note_of_the_same_lines_and_amounts() -> None:
    """One seat of three is 10.00; with another key of the same day 5.00 of the fee, then the rest."""
    world, fee, seat = seats_and_a_fee()
    first = gives_back(world, lines((seat, None, 1)))
    second = gives_back(world, lines((fee, 500, None)), key="k2")
    last = gives_back(world, key="k3", refund_to=RefundTarget.METHOD)
    before = world.everything()
    for same in (lines((seat, None, 1)), lines((seat, 1000, None)), lines((seat, None, None))):
        assert gives_back(world, same) == first
    assert gives_back(world, lines((fee, 500, None)), key="k2") == second
    assert gives_back(world, key="k3") == last
    others: list[What] = [
        lines((seat, None, 2)),
        lines((fee, None, 1)),
        lines((seat, None, 1), (fee, 500, None)),
        WholeCredit(),
    ]
    for other in [*others, AmountCredit(amount=1000)]:
        with pytest.raises(OtherCreditNote, match="another credit needs another key"):
            gives_back(world, other)
    with pytest.raises(OtherCreditNote):
        gives_back(world, key="k3", refund_to=RefundTarget.BALANCE)
    assert world.everything() == before
