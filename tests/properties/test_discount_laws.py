"""Laws of coupons, commitments and allowances: for any bill, lines add up, and nothing is taken off too far."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.catalog import (
    Billed,
    GraduatedPrice,
    PackagePrice,
    PerUnitPrice,
    StairstepPrice,
    UsagePrice,
)
from billing.domain.coupon import Coupon, Discount
from billing.domain.explanation import CommitmentStep, DiscountStep, amount_of, discount_parts
from billing.domain.invoice import Invoice, InvoiceStatus, LineKind
from billing.domain.invoicing import CreditDraft, Draft, draft_invoice, issue
from billing.domain.money import Rounding
from billing.domain.rating import rate
from billing.domain.subscription import OneTimeCharge
from billing.store.codec import converter
from tests.builders import GERMAN_VAT, Account, a_fee, a_meter, a_plan, a_tenant, tiers, utc

laws = settings(deadline=None, max_examples=80)
START = utc("2026-01-15")
prices = st.decimals(0, 500, places=3).map(str)
shares = st.decimals("0.01", 100, places=2)


@st.composite
def coupons(draw: st.DrawFn, coupon_id: str) -> Coupon:
    periods = draw(st.none() | st.integers(1, 3))
    if draw(st.booleans()):
        return Coupon(coupon_id=coupon_id, name=coupon_id, percent=draw(shares), periods=periods)
    amount = draw(st.decimals("0.01", 300, places=2))
    return Coupon(coupon_id=coupon_id, name=coupon_id, amount=amount, currency="USD", periods=periods)


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    """Fees and usage, with and without their tax, perhaps prorated, with a charge and up to three coupons."""
    plan = a_plan(
        fees=[a_fee(draw(prices)), a_fee(draw(prices), "gross", tax_inclusive=True)],
        metered=[a_meter(draw(prices), included=Decimal(draw(st.integers(0, 9))))],
        anchor_day=draw(st.none() | st.just(1)),
        billed=draw(st.sampled_from(Billed)),
        minimum_commitment=draw(st.none() | st.decimals(0, 2000, places=2)),
    )
    account = Account.opened(
        plan,
        start="2026-01-15",
        taxes=GERMAN_VAT,
        tenant=a_tenant(rounding=draw(st.sampled_from(Rounding))),
    ).using("calls", {"2026-01-20": str(draw(st.integers(0, 20))), "2026-02-20": str(draw(st.integers(0, 20)))})
    setup = OneTimeCharge(
        id="setup", name="Set-up", quantity=Decimal(1), unit_price=draw(st.decimals(0, 99, places=2)), charged_at=START
    )
    names = ["first", "second", "third"][: draw(st.integers(0, 3))]
    discounts = tuple(Discount(coupon=draw(coupons(name)), start=START) for name in names)
    changed = replace(account.subscription, one_time=(setup,), discounts=discounts)
    return replace(account, subscription=changed)


def invoices(account: Account, *, most: int = 4) -> list[tuple[Account, Invoice, Account]]:
    """Each invoice with the account before it and after it."""
    found = []
    for _ in range(most):
        outcome, after = account.next_bill()
        if isinstance(outcome, Draft):
            found.append((account, outcome.invoice, after))
        account = after
    return found


@laws
@given(accounts())
def test_every_line_is_its_explanation_replayed_and_the_invoice_adds_up(account: Account) -> None:
    for before, invoice, _ in invoices(account):
        for line in invoice.lines:
            step = line.explanation.step
            assert line.amount == amount_of(step, "USD", rounding=before.tenant.rounding)
            assert converter().structure(converter().unstructure(line.explanation), type(line.explanation)).step == step
        assert (
            invoice.total == invoice.subtotal + invoice.tax == sum(line.base + line.tax for line in invoice.tax_lines)
        )
        assert invoice.total >= 0
        assert len({line.id for line in invoice.lines}) == len(invoice.lines)


@laws
@given(accounts())
def test_the_parts_of_a_discount_add_up_and_none_exceeds_what_it_is_taken_from(account: Account) -> None:
    for before, invoice, _ in invoices(account):
        rounding = before.tenant.rounding
        discounts = [line for line in invoice.lines if line.kind is LineKind.DISCOUNT]
        steps = [line.explanation.step for line in discounts]
        by_coupon: dict[str, list[DiscountStep]] = {}
        for step in steps:
            assert isinstance(step, DiscountStep)
            by_coupon.setdefault(step.coupon, []).append(step)
        for same in by_coupon.values():
            parts = discount_parts(same[0], rounding=rounding)
            assert all(0 <= part <= weight for part, weight in zip(parts, same[0].weights, strict=True))
            taken = -sum(amount_of(step, "USD", rounding=rounding) for step in same)
            assert taken == sum(parts) <= sum(same[0].weights)
        for one, other in pairwise(by_coupon.values()):  # each is on what the one before left
            left = [w - p for w, p in zip(one[0].weights, discount_parts(one[0], rounding=rounding), strict=True)]
            assert list(other[0].weights) == left


@laws
@given(accounts())
def test_a_coupon_is_counted_for_the_invoices_that_it_lowered(account: Account) -> None:
    for before, invoice, after in invoices(account):
        lowering = {
            line.explanation.step.coupon for line in invoice.lines if isinstance(line.explanation.step, DiscountStep)
        }
        for one, other in zip(before.subscription.discounts, after.subscription.discounts, strict=True):
            assert other.used - one.used == (one.id in lowering)
            assert one.is_left or one.id not in lowering


@laws
@given(accounts())
def test_the_same_facts_give_the_same_outcome(account: Account) -> None:
    assert draft_invoice(account.facts()) == draft_invoice(account.facts())


@laws
@given(accounts())
def test_a_coupon_for_everything_leaves_an_invoice_of_nothing_that_is_paid(account: Account) -> None:
    plans = {ref: replace(plan, minimum_commitment=None) for ref, plan in account.plans.items()}
    everything = Discount(coupon=Coupon(coupon_id="all", name="All", percent=Decimal(100)), start=START)
    free = replace(account.subscription, discounts=(*account.subscription.discounts, everything))
    for _, invoice, _ in invoices(replace(account, subscription=free, plans=plans)):
        assert (invoice.subtotal, invoice.tax, invoice.total) == (0, 0, 0)
        assert issue(invoice, number="1").status is InvoiceStatus.PAID


@laws
@given(st.decimals(0, 2000, places=3), prices, st.integers(0, 40), st.integers(1, 28), st.sampled_from(Rounding))
def test_a_true_up_brings_the_lines_to_the_commitment_exactly(
    commitment: Decimal, price: str, used: int, day: int, rounding: Rounding
) -> None:
    plan = a_plan(fees=[a_fee(price)], metered=[a_meter("1.37")], anchor_day=1, minimum_commitment=commitment)
    account = Account.opened(plan, start=f"2026-02-{day:02}", tenant=a_tenant(rounding=rounding))
    invoice = account.using("calls", {"2026-02-28": str(used)}).bill()
    filling = [line for line in invoice.lines if line.kind is LineKind.COMMITMENT]
    # the day of the start up to the 28th, of 28: computed with fractions of a cent and rounded once
    cents = commitment * 100 * (29 - day) / 28
    owed = int(cents.quantize(Decimal(1), rounding=_DECIMAL_MODE[rounding]))
    assert invoice.subtotal == max(owed, invoice.subtotal - sum(line.amount for line in filling))
    for line in filling:
        assert isinstance(line.explanation.step, CommitmentStep)
        assert line.amount > 0
        assert invoice.subtotal == owed


_DECIMAL_MODE = {Rounding.HALF_UP: "ROUND_HALF_UP", Rounding.HALF_EVEN: "ROUND_HALF_EVEN"}

RISING: list[UsagePrice] = [  # volume prices may fall with more usage; these don't
    PerUnitPrice(unit_price=Decimal("0.137")),
    GraduatedPrice(tiers=tiers(("5", "1.50"), ("20", "0.25"), (None, "0.75"))),
    StairstepPrice(tiers=tiers(("5", "0", "3.00"), (None, "0", "10.00"))),
    PackagePrice(size=Decimal(7), unit_price=Decimal("2.50")),
]


@laws
@given(
    st.sampled_from(RISING),
    st.decimals(0, 100, places=1),
    st.decimals(0, 100, places=1),
    st.decimals(0, 100, places=1),
)
def test_a_larger_allowance_never_costs_more_and_shows_all_of_the_usage(
    price: UsagePrice, usage: Decimal, one: Decimal, other: Decimal
) -> None:
    costs = []
    for included in sorted((one, other)):
        parts = rate(a_meter(price, included=included), usage)
        costs.append(sum(amount_of(part.step, "USD", rounding=Rounding.HALF_UP) for part in parts))
        free = sum(part.quantity for part in parts if part.description == "Calls - included")
        assert free == min(usage, included)
    assert costs[0] >= costs[1]


@laws
@given(accounts(), st.integers(16, 31))
def test_a_credit_never_gives_back_more_than_was_paid(account: Account, day: int) -> None:
    plans = {ref: replace(plan, billed=Billed.IN_ADVANCE) for ref, plan in account.plans.items()}
    ahead = replace(account, plans=plans, subscription=replace(account.subscription, next_billing_at=START)).billed(1)
    paid = {each.item_id: each.amount - each.discount for each in ahead.subscription.prepaid}
    assert all(0 <= each.discount <= each.amount for each in ahead.subscription.prepaid)
    last, _ = ahead.ending(f"2026-01-{day}").next_bill()
    lines = last.invoice.lines if isinstance(last, Draft) else ()
    if isinstance(last, CreditDraft):
        lines = last.credit_note.lines
    back = {line.id.partition(":")[0]: abs(line.amount) for line in lines if line.id.endswith(":credit")}
    assert all(0 < credited <= paid[item_id] for item_id, credited in back.items())
