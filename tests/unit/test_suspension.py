"""Bills without suspended time: fees by the days of service, usage of those days alone, nothing ahead (semantics 5)."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from billing.domain.catalog import Billed, FirstPeriod, GraduatedPrice, Plan, Proration
from billing.domain.customer import Customer
from billing.domain.dunning_policy import WhileSuspended
from billing.domain.invoicing import CreditDraft, Draft, InvoiceFacts, Skip, draft_invoice
from billing.domain.late_usage import LateBuckets
from billing.domain.period import Period
from billing.domain.subscription import OneTimeCharge
from billing.domain.suspension import restored, waits_for_return
from tests.builders import (
    HOURLY,
    YEARLY,
    Account,
    a_customer,
    a_fee,
    a_meter,
    a_plan,
    a_tenant,
    amounts,
    tiers,
    utc,
)

BILL, SKIP = WhileSuspended.BILL, WhileSuspended.SKIP
FEE = a_fee("31.00")
ARREARS = a_plan(fees=[FEE], metered=[a_meter("1.00")], anchor_day=1)
AHEAD = replace(ARREARS, billed=Billed.IN_ADVANCE)
AHEAD_FEE = replace(AHEAD, metered=())


def opened(plan: Plan, *, start: str = "2026-03-01", rule: WhileSuspended = SKIP, **changes: Any) -> Account:  # noqa: ANN401 - any field
    return Account.opened(plan, start=start, tenant=a_tenant(while_suspended=rule), **changes)


def suspended(account: Account, at: str) -> Account:
    return replace(account, customer=replace(account.customer, suspended_at=utc(at)))


def back(account: Account, at: str) -> Account:
    return replace(account, customer=restored(account.customer, at=utc(at)))


def told(outcome: Draft | CreditDraft | Skip) -> dict[str, int] | str:
    """The lines of an invoice, or why there is none."""
    match outcome:
        case Draft():
            return amounts(outcome.invoice.lines)
        case CreditDraft():
            return amounts(outcome.credit_note.lines)
        case Skip():
            return outcome.reason.value


def billed(outcome: Draft | CreditDraft | Skip) -> list[int]:
    """The amounts of an invoice's lines, in their order; none where there is no invoice."""
    return [line.amount for line in outcome.invoice.lines] if isinstance(outcome, Draft) else []


def bills(account: Account, *, until: str) -> list[dict[str, int] | str]:
    return [told(each) for each in account.bills(until=until)]


def drafted(facts: InvoiceFacts) -> Draft:
    outcome = draft_invoice(facts)
    assert isinstance(outcome, Draft)
    return outcome


# the service is suspended on 21 March at nine and back on 15 April in the afternoon
GRADUATED = GraduatedPrice(tiers=tiers((None, "1.00", "10.00")))
SUSPENDED, BACK = "2026-03-21T09:00", "2026-04-15T14:30"
USAGE = {
    "2026-03-10": "5",
    "2026-03-21": "6",
    "2026-03-25": "7",
    "2026-04-10": "3",
    "2026-04-15": "1",
    "2026-04-20": "4",
}


def test_in_arrears_the_days_of_service_are_billed_and_the_usage_of_those_days() -> None:
    account = opened(ARREARS).using("calls", USAGE)
    account = suspended(account, SUSPENDED)
    march, account = account.next_bill()
    # 1 to 20 March: 20 of 31 days of 31.00; calls of 10 March
    assert told(march) == {"Calls": 500, "Base (monthly)": 3100, "Base - proration": -1100}
    april, _ = back(account, BACK).next_bill()
    # 15 to 30 April: 16 of 30 days of 31.00 are 16.533; calls of 15 and 20 April
    assert told(april) == {"Calls": 500, "Base (monthly)": 3100, "Base - proration": -1447}


def test_in_advance_the_period_that_begins_in_it_is_skipped_and_what_is_left_of_it_follows_with_the_next_bill() -> None:
    account = opened(AHEAD_FEE)
    march, account = account.next_bill()
    assert told(march) == {"Base (monthly)": 3100}
    skipped, account = suspended(account, SUSPENDED).next_bill()
    assert (told(skipped), skipped.subscription.next_billing_at) == ("suspended", utc("2026-05-01"))
    may, account = back(account, BACK).next_bill()
    assert isinstance(may, Draft)
    # 16 of 30 days of April, 16.53, and May
    assert [line.amount for line in may.invoice.lines] == [3100, -1447, 3100]
    assert may.invoice.period == Period(utc("2026-05-01"), utc("2026-06-01"))
    june, _ = account.next_bill()
    assert told(june) == {"Base (monthly)": 3100}


def test_usage_before_it_is_billed_when_it_is_due_though_the_next_period_is_not_billed_ahead() -> None:
    account = suspended(opened(AHEAD).using("calls", USAGE).billed(), SUSPENDED)
    assert bills(account, until="2026-06-01") == [{"Calls": 500}, "suspended", "suspended"]


def test_a_period_ahead_without_usage_before_it_brings_no_invoice_of_zero() -> None:
    assert bills(suspended(opened(AHEAD).billed(), SUSPENDED), until="2026-04-01") == ["suspended"]


@pytest.mark.parametrize("plan", [ARREARS, AHEAD], ids=["arrears", "advance"])
def test_a_run_that_comes_late_bills_what_one_in_time_would_have(plan: Plan) -> None:
    account = opened(plan).using("calls", {**USAGE, "2026-05-11": "8"})
    account = account.billed() if plan is AHEAD else account
    late = back(suspended(account, SUSPENDED), "2026-05-10T12:00").bills(until="2026-06-01")
    in_time = suspended(account, SUSPENDED).bills(until="2026-05-01")
    now = replace(suspended(account, SUSPENDED), subscription=in_time[-1].subscription)
    in_time += back(now, "2026-05-10T12:00").bills(until="2026-06-01")
    assert [billed(each) for each in late] == [billed(each) for each in in_time]
    assert late[-1].subscription == in_time[-1].subscription
    # 10 to 31 May: 22 of 31 days of 31.00
    left = [800, 3100, -900]
    if plan is ARREARS:
        assert [billed(each) for each in late] == [[500, 3100, -1100], [], left]
    else:
        assert [billed(each) for each in late] == [[500], [], [*left, 3100]]


@pytest.mark.parametrize("plan", [ARREARS, AHEAD], ids=["arrears", "advance"])
def test_by_default_everything_is_billed(plan: Plan) -> None:
    account = opened(plan, rule=BILL).using("calls", USAGE)
    assert bills(suspended(account, SUSPENDED), until="2026-05-01") == bills(account, until="2026-05-01")


def test_in_advance_by_the_year_what_is_left_of_the_year_follows_with_the_next() -> None:
    account = opened(a_plan(fees=[a_fee("365.00")], cycle=YEARLY, billed=Billed.IN_ADVANCE), start="2026-01-01")
    skipped, account = suspended(account.billed(), "2026-12-10T09:00").next_bill()
    assert told(skipped) == "suspended"
    both, _ = back(account, "2027-01-20T09:00").next_bill()
    assert isinstance(both, Draft)
    # 20 January to 31 December 2027: 346 of 365 days; and 2028
    assert both.invoice.subtotal == 34600 + 36500


def test_a_year_in_advance_is_not_given_back_for_a_suspension_in_its_middle() -> None:
    account = opened(a_plan(fees=[a_fee("365.00")], cycle=YEARLY, billed=Billed.IN_ADVANCE), start="2026-01-01")
    account = back(suspended(account.billed(), "2026-03-01T09:00"), "2026-05-01T09:00")
    assert bills(account, until="2027-01-01") == [{"Base (yearly)": 36500}]


def test_in_arrears_by_the_year_two_months_are_left_out() -> None:
    account = opened(a_plan(fees=[a_fee("365.00")], cycle=YEARLY), start="2026-01-01")
    account = back(suspended(account, "2026-03-01T09:00"), "2026-05-01T09:00")
    # March and April are 61 of 365 days
    assert account.bill().subtotal == 30400


def test_two_suspensions_in_one_period_are_both_left_out() -> None:
    account = back(suspended(opened(ARREARS), "2026-03-05T09:00"), "2026-03-08T09:00")
    account = back(suspended(account, "2026-03-20T09:00"), "2026-03-25T09:00")
    # 5, 6, 7 March and 20 to 24 March: 4 days of service, then 12, then 7 of 31
    assert account.bill().subtotal == 2300
    assert account.billed().subscription.unbilled == (
        Period(utc("2026-03-05T09:00"), utc("2026-03-08T09:00")),
        Period(utc("2026-03-20T09:00"), utc("2026-03-25T09:00")),
    )


def test_a_suspension_that_is_over_on_the_same_day_changes_nothing() -> None:
    account = opened(ARREARS).using("calls", {"2026-03-21": "6"})
    account = back(suspended(account, "2026-03-21T09:00"), "2026-03-21T18:00")
    assert account.bill().subtotal == 3100 + 600


def test_one_that_is_over_at_once_is_not_kept() -> None:
    customer = restored(a_customer(suspended_at=utc(SUSPENDED), suspension_reason="unpaid"), at=utc(SUSPENDED))
    assert customer == a_customer()


def test_one_that_begins_with_the_period_leaves_that_one_billed_ahead() -> None:
    account = suspended(opened(AHEAD_FEE).billed(), "2026-04-01")
    assert bills(account, until="2026-05-01") == [{"Base (monthly)": 3100}, "suspended"]


def test_one_that_is_over_when_the_period_begins_leaves_that_one_billed_ahead() -> None:
    account = back(suspended(opened(AHEAD_FEE).billed(), SUSPENDED), "2026-04-01")
    assert bills(account, until="2026-05-01") == [{"Base (monthly)": 3100}, {"Base (monthly)": 3100}]


def test_days_are_those_of_the_subscription() -> None:
    """23:30 on 20 March in London is 21 March in Berlin: a day of service less."""
    berlin = opened(a_plan(fees=[FEE], anchor_day=1), start="2026-02-28T23:00", zone="Europe/Berlin")
    assert suspended(berlin, "2026-03-20T22:30").bill().subtotal == 1900
    assert suspended(berlin, "2026-03-20T23:30").bill().subtotal == 2000


def test_a_fee_by_the_second_is_owed_to_the_second() -> None:
    fee = a_fee("31.00", proration=Proration.SECOND)
    account = suspended(opened(a_plan(fees=[fee], anchor_day=1)), "2026-03-21T12:00")
    # 20.5 of 31 days
    assert account.bill().subtotal == 2050


def test_a_fee_that_is_not_prorated_is_billed_once_for_a_period_with_some_service() -> None:
    plan = a_plan(fees=[a_fee("31.00", proration=Proration.NONE)], anchor_day=1)
    account = back(suspended(opened(plan), "2026-03-05T09:00"), "2026-03-08T09:00")
    assert bills(account, until="2026-04-01") == [{"Base (monthly)": 3100}]


def test_hours_are_left_out_one_by_one() -> None:
    plan = a_plan(fees=[a_fee("0.60")], metered=[a_meter("1.00")], cycle=HOURLY)
    account = opened(plan, start="2026-03-01T08:00").using("calls", {"2026-03-01T08:00": "2", "2026-03-01T10:00": "9"})
    account = suspended(account, "2026-03-01T09:20")
    # 20 minutes of the hour from nine on are a third of it; usage in the hour of the suspension is left out
    assert bills(account, until="2026-03-01T11:00") == [
        {"Calls": 200, "Base (hourly)": 60},
        {"Base (hourly)": 60, "Base - proration": -40},
        "suspended",
    ]


def test_a_flat_fee_of_a_tier_is_owed_for_a_period_with_some_service_and_not_without() -> None:
    stepped = a_meter(GRADUATED)
    account = suspended(opened(a_plan(metered=[stepped], anchor_day=1)).using("calls", USAGE), SUSPENDED)
    # March: 10.00 and five calls at 1.00
    assert bills(account, until="2026-05-01") == [{"Calls - tier 1": 1500}, "suspended"]


def test_a_commitment_is_owed_for_the_days_of_service() -> None:
    plan = a_plan(metered=[a_meter("1.00")], anchor_day=1, minimum_commitment=Decimal("62.00"))
    account = suspended(opened(plan).using("calls", USAGE), SUSPENDED)
    # 20 of 31 days of 62.00 are 40.00, of which 5.00 are used
    assert bills(account, until="2026-05-01") == [{"Calls": 500, "Plan - minimum commitment": 3500}, "suspended"]


def test_a_short_first_period_that_is_billed_in_full_is_so_but_for_the_suspension() -> None:
    plan = a_plan(fees=[FEE], anchor_day=1, first_period=FirstPeriod.FULL)
    # as if begun on 1 March, and suspended from the 21st on
    assert suspended(opened(plan, start="2026-03-11"), SUSPENDED).bill().subtotal == 2000


def test_a_subscription_that_begins_while_its_customer_is_suspended_is_billed_from_the_return_on() -> None:
    first, account = suspended(opened(AHEAD_FEE, start="2026-04-01"), SUSPENDED).next_bill()
    assert told(first) == "suspended"
    may, _ = back(account, BACK).next_bill()
    assert isinstance(may, Draft)
    assert [line.amount for line in may.invoice.lines] == [3100, -1447, 3100]


def test_what_ends_while_it_is_suspended_has_had_its_last_bill() -> None:
    account = suspended(opened(ARREARS).using("calls", USAGE).ending("2026-04-12"), SUSPENDED)
    march, april = account.bills(until="2027-01-01")
    assert (told(march), told(april)) == (
        {"Calls": 500, "Base (monthly)": 3100, "Base - proration": -1100},
        "suspended",
    )
    assert april.subscription.next_billing_at is None


def test_a_one_time_charge_is_no_service_and_is_billed_when_it_is_due() -> None:
    account = suspended(opened(ARREARS).billed(), SUSPENDED)
    charge = OneTimeCharge(
        id="setup", name="Setup", quantity=Decimal(1), unit_price=Decimal("80.00"), charged_at=utc("2026-04-02")
    )
    account = replace(account, subscription=replace(account.subscription, one_time=(charge,)))
    assert bills(account, until="2026-06-01") == [{"Setup": 8000}, "suspended"]


def test_late_usage_of_suspended_days_is_not_billed_and_that_of_other_days_is() -> None:
    account = suspended(opened(a_plan(metered=[a_meter(GRADUATED)], anchor_day=1)).using("calls", USAGE), SUSPENDED)
    account = back(account.billed(), "2026-04-01T00:30")
    late = LateBuckets(
        billed={utc("2026-03-10"): Decimal(5), utc("2026-03-25"): Decimal(7)},
        late={utc("2026-03-11"): Decimal(2), utc("2026-03-26"): Decimal(90)},
    )
    replaced = replace(account, usage={}).facts(late={"calls": late})
    [line] = [each for each in drafted(replaced).invoice.lines if "late" in each.description]
    assert (line.quantity, line.amount) == (Decimal(2), 200)


def test_what_a_bill_left_out_stays_left_out_when_the_setting_changes() -> None:
    account = suspended(opened(AHEAD).using("calls", USAGE).billed(), SUSPENDED).billed()
    account = replace(account, tenant=a_tenant(while_suspended=BILL))
    april, account = account.next_bill()
    # April was not billed ahead and is billed now, as the setting is now; usage before 1 May counts, and May follows
    assert isinstance(april, Draft)
    assert [line.amount for line in april.invoice.lines] == [300 + 100 + 400, 3100, 3100]
    assert account.subscription.unbilled == (Period(utc(SUSPENDED), utc("2026-04-01T00:00:00.000001")),)


def test_what_was_billed_stays_billed_when_the_setting_changes() -> None:
    account = suspended(opened(AHEAD, rule=BILL).using("calls", USAGE), SUSPENDED).billed(2)
    account = replace(account, tenant=a_tenant(while_suspended=SKIP))
    skipped, account = account.next_bill()
    assert told(skipped) == "suspended"  # April was paid ahead: nothing is given back, and its usage is not billed
    assert account.subscription.unbilled == (Period(utc("2026-04-01"), utc("2026-05-01T00:00:00.000001")),)


def test_a_bill_that_is_made_again_leaves_out_what_the_first_one_did() -> None:
    account = suspended(opened(ARREARS).using("calls", USAGE), SUSPENDED)
    _, after = account.next_bill()
    before = replace(account.subscription, unbilled=after.subscription.unbilled)
    facts = account.facts(subscription=before, tenant=a_tenant(while_suspended=BILL), revision=1)
    assert drafted(facts).invoice.subtotal == 500 + 2000
    unseen = account.facts(revision=1)
    assert drafted(unseen).invoice.subtotal == 3100 + 500 + 600 + 700


@pytest.mark.parametrize(
    ("rule", "customer", "waits"),
    [
        (WhileSuspended.CATCH_UP, a_customer(suspended_at=utc(SUSPENDED)), True),
        (WhileSuspended.CATCH_UP, a_customer(), False),
        (SKIP, a_customer(suspended_at=utc(SUSPENDED)), False),
        (BILL, a_customer(suspended_at=utc(SUSPENDED)), False),
    ],
)
def test_only_who_is_suspended_and_billed_on_return_waits(
    rule: WhileSuspended, customer: Customer, waits: bool
) -> None:
    assert waits_for_return(a_tenant(while_suspended=rule), customer) is waits
