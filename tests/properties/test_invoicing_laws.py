"""Laws of the bill: for any subscription, its bills together charge everything once, and each adds up."""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.billing_cycle import first_bill_for, usage_bucket
from billing.domain.catalog import Billed, Proration
from billing.domain.credit import CreditNote
from billing.domain.explanation import amount_of
from billing.domain.invoice import Invoice, LineItem, LineKind
from billing.domain.invoicing import CreditDraft, Draft, Skip, draft_invoice
from billing.domain.money import Rounding
from billing.domain.period import Cycle, Period, Unit, count_days
from billing.domain.subscription import Phase, schedule_of
from tests.builders import GERMAN_VAT, Account, a_fee, a_meter, a_plan, a_tenant, utc
from tests.properties.test_billing_cycle_laws import ZONES, accounts, instants, month_cycles

laws = settings(deadline=None, max_examples=60)
days = st.integers(0, 89).map(lambda number: timedelta(days=number))


def unit_of_usage(account: Account) -> Account:
    """The same subscription on plans that bill one dollar a unit."""
    plans = {
        ref: a_plan(
            version=plan.version,
            cycle=plan.cycle,
            anchor_day=plan.anchor_day,
            billed=plan.billed,
            metered=[a_meter("1")],
        )
        for ref, plan in account.plans.items()
    }
    return Account(subscription=account.subscription, plans=plans)


def documents(account: Account, *, most: int = 30) -> list[Invoice | CreditNote]:
    found: list[Invoice | CreditNote] = []
    for _ in range(most):
        if account.subscription.next_billing_at is None:
            break
        outcome, account = account.next_bill()
        match outcome:
            case Draft():
                found.append(outcome.invoice)
            case CreditDraft():
                found.append(outcome.credit_note)
            case Skip():
                pass
    return found


@laws
@given(
    accounts(), st.lists(st.tuples(st.timedeltas(timedelta(0), timedelta(days=120)), st.integers(1, 999)), max_size=8)
)
def test_every_unit_of_usage_is_billed_exactly_once(account: Account, events: list[tuple[timedelta, int]]) -> None:
    billed_account = unit_of_usage(account)
    subscription = billed_account.subscription
    buckets: dict = defaultdict(Decimal)
    recorded = []
    for after, units in events:
        at = subscription.start + after
        if subscription.end is None or at < subscription.end:
            buckets[usage_bucket(subscription, occurred_at=at)] += units
            recorded.append((at, units))
    last = subscription.start + timedelta(days=130)
    billed_account = Account(subscription=subscription, plans=billed_account.plans, usage={"calls": dict(buckets)})
    units_billed = Decimal(0)
    while (due := billed_account.subscription.next_billing_at) is not None:
        outcome, billed_account = billed_account.next_bill()
        if isinstance(outcome, Draft):
            units_billed += sum(line.quantity for line in outcome.invoice.lines)
        if due > last:
            break
    assert units_billed == sum(units for _, units in recorded)


@st.composite
def subscribed(draw: st.DrawFn, *, mode: Billed) -> Account:
    """A calendar or anniversary subscription with a fee of one dollar a day's share, and add-ons that come and go."""
    calendar = draw(st.booleans())
    plan = a_plan(
        cycle=draw(month_cycles),
        anchor_day=draw(st.integers(1, 31)) if calendar else None,
        billed=mode,
        fees=[a_fee(str(draw(st.integers(0, 99_999))), "base")],
        addons=[a_fee(str(draw(st.decimals(0, 999, places=2))), "seat", tax_inclusive=draw(st.booleans()))],
        metered=[a_meter("0.013")],
    )
    start = draw(instants)
    account = Account.opened(
        plan,
        start=start.replace(tzinfo=None).isoformat(),
        zone=draw(st.sampled_from(ZONES)),
        taxes=GERMAN_VAT,
        tenant=a_tenant(rounding=draw(st.sampled_from(Rounding))),
    )
    account = account.adding("seat", start=(start + draw(days)).replace(tzinfo=None).isoformat(), quantity="2")
    return account.using("calls", {(start + draw(days)).replace(tzinfo=None).isoformat(): "777.5"})


@st.composite
def changed(draw: st.DrawFn) -> Account:
    """Such a subscription after some bills, with a change that the last of them did not know of."""
    account = draw(subscribed(mode=draw(st.sampled_from(Billed)))).billed(draw(st.integers(0, 3)))
    due = account.subscription.next_billing_at
    assert due is not None
    at = (max(due, account.subscription.items[0].start) + timedelta(hours=7)).replace(tzinfo=None).isoformat()
    match draw(st.sampled_from(["quantity", "plan", "end"])):
        case "quantity":
            return account.changing_quantity("seat", to=str(draw(st.integers(0, 3))), at=at)
        case "plan":
            (plan,) = account.plans.values()
            cheaper = a_plan(
                version=2,
                cycle=draw(month_cycles),
                billed=draw(st.sampled_from(Billed)),
                fees=[a_fee("1")],
                addons=plan.addons,
            )
            return account.changing_plan(cheaper, at=at)
        case _:
            return account.ending(at)


@laws
@given(changed())
def test_every_document_adds_up_and_every_line_replays_to_its_amount(account: Account) -> None:
    for document in documents(account, most=6):
        sign = -1 if isinstance(document, CreditNote) else 1
        for line in document.lines:
            replayed = amount_of(line.explanation.step, document.currency, rounding=account.tenant.rounding)
            assert sign * line.amount == replayed
        assert document.total == document.subtotal + document.tax
        assert document.tax == sum(line.tax for line in document.tax_lines)
        assert document.subtotal == sum(line.base for line in document.tax_lines)
        assert document.total >= 0
        assert len({line.id for line in document.lines}) == len(document.lines)
        exclusive = [line.amount for line in document.lines if not line.tax_inclusive]
        if len(exclusive) == len(document.lines):
            assert document.subtotal == sum(exclusive)


@laws
@given(changed())
def test_the_same_facts_give_the_same_outcome(account: Account) -> None:
    assert draft_invoice(account.facts()) == draft_invoice(account.facts())


@laws
@given(subscribed(mode=Billed.IN_ARREARS), st.sampled_from([Billed.IN_ARREARS, Billed.IN_ADVANCE]), st.integers(1, 5))
def test_a_fee_is_billed_once_for_every_day_whichever_end_it_is_billed_at(
    account: Account, mode: Billed, bills: int
) -> None:
    (plan,) = account.plans.values()
    same = a_plan(cycle=plan.cycle, anchor_day=plan.anchor_day, fees=plan.fees, addons=plan.addons, billed=mode)
    start = account.subscription.start.replace(tzinfo=None).isoformat()
    opened = Account.opened(same, start=start, zone=account.subscription.zone)
    flat: list[LineItem] = []
    for _ in range(bills):
        outcome, opened = opened.next_bill()
        assert isinstance(outcome, Draft)
        flat += [line for line in outcome.invoice.lines if line.kind is LineKind.FLAT]
    assert flat[0].period.start == opened.subscription.start
    assert all(one.period.end == other.period.start for one, other in pairwise(flat))
    covered = [line.period for line in flat]
    zone = opened.subscription.zone
    first_to_last = Period(covered[0].start, covered[-1].end)
    assert sum(count_days(period, zone) for period in covered) == count_days(first_to_last, zone)


def with_fees(account: Account, prices: list[int]) -> Account:
    """The same subscription with a fee in every plan, prorated by the second and known to the cent."""
    plans = {
        ref: a_plan(
            version=plan.version,
            cycle=plan.cycle,
            anchor_day=plan.anchor_day,
            billed=plan.billed,
            fees=[a_fee(str(prices[plan.version % len(prices)]), proration=Proration.SECOND)],
        )
        for ref, plan in account.plans.items()
    }
    return Account(subscription=account.subscription, plans=plans)


@laws
@given(accounts())
def test_every_moment_of_a_fee_is_billed_exactly_once_whatever_plans_follow_one_another(account: Account) -> None:
    flat = [
        line.period
        for document in documents(with_fees(account, [100]), most=25)
        for line in document.lines
        if line.kind is LineKind.FLAT
    ]
    flat.sort(key=lambda period: period.start)
    second = timedelta(seconds=1)  # a stretch shorter than that has no share
    assert all(timedelta(0) <= other.start - one.end < second for one, other in pairwise(flat))
    if flat:
        assert flat[0].start - account.subscription.start < second


def moved(account: Account, change: Phase, known: Account) -> Account:
    plan = known.plans[change.plan]
    keep_anchor = change.schedule != schedule_of(plan, change.start, known.subscription.zone)
    return account.changing_plan(plan, at=change.start.replace(tzinfo=None).isoformat(), keep_anchor=keep_anchor)


@laws
@given(accounts(), st.lists(st.integers(0, 100_000), min_size=1, max_size=4))
def test_what_fees_come_to_does_not_depend_on_when_a_change_became_known(account: Account, prices: list[int]) -> None:
    known = with_fees(account, prices)
    (first, *changes), start = known.subscription.phases, known.subscription.start
    end = known.subscription.end or start + timedelta(days=150)
    known = known.ending(end.replace(tzinfo=None).isoformat())
    surprised = replace(known, subscription=replace(known.subscription, phases=(first,), end=None))
    first_due = first_bill_for(surprised.subscription, surprised.plans)
    surprised = replace(surprised, subscription=replace(surprised.subscription, next_billing_at=first_due))
    lines, billed = 0, 0
    for change in [*(phase for phase in changes if phase.start < end), None]:
        at = end if change is None else change.start
        while (due := surprised.subscription.next_billing_at) is not None and due < at:
            outcome, surprised = surprised.next_bill()
            lines, billed = lines + len(lines_of(outcome)), billed + net(outcome)
        surprised = (
            surprised.ending(at.replace(tzinfo=None).isoformat()) if change is None else moved(surprised, change, known)
        )
    rest, planned = surprised.bills(until="2199-01-01"), known.bills(until="2199-01-01")
    billed += sum(net(outcome) for outcome in rest)
    lines += sum(len(lines_of(outcome)) for outcome in [*rest, *planned])
    assert abs(billed - sum(net(outcome) for outcome in planned)) <= lines + 1  # a cent a line, for rounding


def lines_of(outcome: Draft | CreditDraft | Skip) -> tuple[LineItem, ...]:
    match outcome:
        case Draft():
            return outcome.invoice.lines
        case CreditDraft():
            return outcome.credit_note.lines
        case Skip():
            return ()


def net(outcome: Draft | CreditDraft | Skip) -> int:
    """What the bill's lines come to, in cents; below zero for a credit note."""
    sign = -1 if isinstance(outcome, CreditDraft) else 1
    return sign * sum(line.amount for line in lines_of(outcome))


@laws
@given(st.integers(0, 27), st.integers(0, 9_999), st.integers(0, 9_999), st.integers(0, 9))
def test_in_advance_and_in_arrears_a_change_of_quantity_costs_the_same(
    day: int, cents: int, fee_cents: int, quantity: int
) -> None:
    at = (utc("2026-02-01") + timedelta(days=day, hours=9)).replace(tzinfo=None).isoformat()
    totals = []
    for mode in Billed:
        plan = a_plan(
            fees=[a_fee(str(Decimal(fee_cents).scaleb(-2)))],
            addons=[a_fee(str(Decimal(cents).scaleb(-2)), "seat")],
            billed=mode,
        )
        account = Account.opened(plan, start="2026-02-01").adding("seat", start="2026-02-01", quantity="3")
        if mode is Billed.IN_ADVANCE:
            account = account.billed(1)
        account = account.changing_quantity("seat", to=str(quantity), at=at)
        # in advance: what the bill of 1 February said, and what the one of 1 March says of February
        outcome, _ = account.next_bill()
        lines = outcome.invoice.lines if isinstance(outcome, Draft) else ()
        note = outcome.credit_note.lines if isinstance(outcome, CreditDraft) else ()
        february = [line.amount for line in lines if line.period.start < utc("2026-03-01")]
        february += [-line.amount for line in note if line.period.start < utc("2026-03-01")]
        paid_ahead = 3 * cents + fee_cents if mode is Billed.IN_ADVANCE else 0
        totals.append(sum(february) + paid_ahead)
    assert totals[0] == totals[1]


@laws
@given(st.integers(1, 6), st.sampled_from([Unit.DAY, Unit.WEEK, Unit.MONTH]), instants)
def test_what_is_remembered_as_paid_ahead_never_grows(every: int, unit: Unit, start: datetime) -> None:
    plan = a_plan(cycle=Cycle(every, unit), billed=Billed.IN_ADVANCE, fees=[a_fee("1", "a"), a_fee("2", "b")])
    account = Account.opened(plan, start=start.replace(tzinfo=None).isoformat())
    for _ in range(8):
        _, account = account.next_bill()
        assert len(account.subscription.prepaid) == 2
