"""A plan of another interval on the anchor that the subscription has: first what is left until its next date. Cents."""

from dataclasses import replace
from datetime import datetime

import pytest

from billing.domain.billing_cycle import next_bill_for
from billing.domain.catalog import Plan
from billing.domain.errors import InvalidInput
from billing.domain.kept_anchor import Anchor
from billing.domain.life_change import PlanChange, changed
from billing.domain.life_words import life_in_words
from billing.domain.period import Cycle, Unit
from billing.domain.trial import subscribed
from tests.builders import QUARTERLY, YEARLY, Account, a_fee, a_plan, utc
from tests.fees import AHEAD, billed

WEEKLY = Cycle(1, Unit.WEEK)
MONTHLY = a_plan(fees=[a_fee("28")])
ANNUAL = a_plan(fees=[a_fee("365")], cycle=YEARLY, plan_id="annual")
MONTHLY_AHEAD = replace(MONTHLY, billed=AHEAD, plan_id="monthly-ahead")
ANNUAL_AHEAD = replace(ANNUAL, billed=AHEAD, plan_id="annual-ahead")


def moved(account: Account, plan: Plan, *, at: str, anchor: Anchor = Anchor.KEEP) -> Account:
    plans = {**account.plans, plan.ref: plan}
    value = changed(
        account.subscription, PlanChange(plan=plan.ref, at=utc(at), anchor=anchor), plans=plans, now=utc(at)
    )
    return replace(account, subscription=value, plans=plans)


def boundaries(account: Account, *, after: str, count: int) -> list[str]:
    found: list[str] = []
    at: datetime | None = utc(after)
    while at is not None and len(found) < count:
        at = next_bill_for(account.subscription, after=at)
        found.append(f"{at:%Y-%m-%d}")
    return found


def test_in_arrears_the_days_until_the_change_are_billed_then_and_the_stub_at_the_anchor() -> None:
    account = moved(Account.opened(MONTHLY, start="2026-02-01"), ANNUAL, at="2026-02-08")
    assert account.subscription.next_billing_at == utc("2026-02-08")
    # 7 of 28 days of 28.00; 358 of 365 days of 365.00, until 1 February 2027; a whole year
    assert billed(account, until="2028-02-01") == [[2800, -2100], [36500, -700], [36500]]


@pytest.mark.parametrize("anchor", Anchor)
def test_a_plan_of_the_same_interval_that_names_no_day_keeps_the_days_whatever_is_asked(anchor: Anchor) -> None:
    on_the_first = replace(MONTHLY, anchor_day=1, plan_id="on-the-first")
    account = moved(Account.opened(on_the_first, start="2026-02-01"), MONTHLY, at="2026-02-08", anchor=anchor)
    assert account.subscription.next_billing_at == utc("2026-03-01")
    # 7 and 21 of 28 days of 28.00; a whole month
    assert billed(account, until="2026-04-01") == [[2800, -2100, 2800, -700], [2800]]


def test_a_plan_of_the_same_interval_that_names_the_day_of_the_anchor_keeps_it() -> None:
    on_the_first = replace(MONTHLY, anchor_day=1, plan_id="on-the-first")
    account = moved(Account.opened(MONTHLY, start="2026-02-01"), on_the_first, at="2026-02-08")
    assert billed(account, until="2026-04-01")[-1] == [2800]
    assert account.subscription.phases[0].schedule == account.subscription.phases[1].schedule


def test_in_advance_the_unused_is_credited_and_the_stub_charged_with_one_bill_at_the_change() -> None:
    account = Account.opened(MONTHLY_AHEAD, start="2026-02-01").billed(1)
    account = moved(account, ANNUAL_AHEAD, at="2026-02-08")
    # 21 of 28 days of 28.00 back, 358 of 365 days of 365.00; from 1 February 2027 a whole year
    assert billed(account, until="2027-02-01") == [[-2100, 36500, -700], [36500]]


def test_to_a_shorter_interval_the_rest_of_the_longer_one_comes_back() -> None:
    account = Account.opened(ANNUAL_AHEAD, start="2026-02-01").billed(1)
    account = moved(account, MONTHLY_AHEAD, at="2026-02-08")
    # 358 of 365 days of 365.00 back, 21 of 28 days of 28.00; March is 28.00 again
    assert billed(account, until="2026-03-01") == [[-35800, 2800, -700], [2800]]


def test_the_restart_is_what_happens_unless_it_is_asked_for() -> None:
    account = Account.opened(MONTHLY, start="2026-02-01")
    assert moved(account, ANNUAL, at="2026-02-08", anchor=Anchor.RESTART) == account.changing_plan(
        ANNUAL, at="2026-02-08"
    )


def test_the_31st_comes_back_after_the_short_months_of_the_new_interval() -> None:
    monthly = a_plan(fees=[a_fee("31")], anchor_day=31)
    quarterly = a_plan(fees=[a_fee("89")], cycle=QUARTERLY, anchor_day=31, plan_id="quarterly")
    account = moved(Account.opened(monthly, start="2026-01-31"), quarterly, at="2026-02-10")
    assert boundaries(account, after="2026-02-10", count=3) == ["2026-04-30", "2026-07-31", "2026-10-31"]
    # 31 January to 9 February is 10 of the 28 days until 28 February: 11.07 of 31.00; 79 of 89 days of 89.00
    assert billed(account, until="2026-04-30") == [[3100, -1993], [8900, -1000]]


def test_a_change_on_a_date_of_the_anchor_begins_a_whole_period() -> None:
    account = moved(Account.opened(MONTHLY, start="2026-02-01").billed(1), ANNUAL, at="2026-03-01")
    assert boundaries(account, after="2026-03-01", count=2) == ["2027-02-01", "2028-02-01"]
    quarterly = a_plan(fees=[a_fee("89")], cycle=QUARTERLY, plan_id="quarterly")
    whole = moved(Account.opened(MONTHLY, start="2026-02-01"), quarterly, at="2026-05-01")
    assert billed(whole, until="2026-08-01") == [[2800], [2800], [2800], [8900]]


def test_weeks_and_months_that_have_a_start_in_common_count_from_it() -> None:
    weekly = a_plan(fees=[a_fee("7")], cycle=WEEKLY)
    account = moved(Account.opened(weekly, start="2026-04-06"), replace(MONTHLY, plan_id="monthly"), at="2026-04-15")
    assert boundaries(account, after="2026-04-15", count=2) == ["2026-05-06", "2026-06-06"]
    back = moved(account, replace(weekly, version=2), at="2026-04-23")
    assert boundaries(back, after="2026-04-23", count=2) == ["2026-04-27", "2026-05-04"]  # Mondays, as before


def test_a_fixed_day_of_month_stays_with_plans_that_name_none() -> None:
    calendar = replace(MONTHLY, anchor_day=1)
    account = moved(Account.opened(calendar, start="2026-03-01"), ANNUAL, at="2026-03-11")
    assert boundaries(account, after="2026-03-11", count=1) == ["2027-03-01"]
    dearer = replace(ANNUAL, version=2)
    later = moved(account, dearer, at="2026-06-01", anchor=Anchor.RESTART)  # the same interval keeps its days
    assert boundaries(later, after="2026-06-01", count=1) == ["2027-03-01"]


def test_the_same_interval_without_the_day_goes_on_as_if_nothing_were() -> None:
    account = Account.opened(replace(MONTHLY, anchor_day=1), start="2026-02-01")
    kept = moved(account, replace(MONTHLY, version=2), at="2026-02-08")
    assert kept.subscription.next_billing_at == utc("2026-03-01")
    assert billed(kept, until="2026-03-01") == [[2800, -2100, 2800, -700]]


def test_a_start_on_a_plans_day_is_as_good_as_the_day() -> None:
    account = moved(Account.opened(MONTHLY, start="2026-02-01"), replace(ANNUAL, anchor_day=1), at="2026-02-08")
    assert account.subscription.phases[-1].schedule.anchor_day == 1
    assert boundaries(account, after="2026-02-08", count=1) == ["2027-02-01"]


def test_in_a_trial_the_anchor_is_that_of_the_first_bill_to_come() -> None:
    plan = replace(MONTHLY, anchor_day=1, trial_days=14)
    begun = subscribed("sub-1", "acct-1", plan=plan, start=utc("2026-02-01"), zone="UTC")
    account = Account(subscription=replace(begun, next_billing_at=utc("2026-03-01")), plans={plan.ref: plan})
    account = moved(account, ANNUAL, at="2026-02-05")
    assert account.subscription.start == utc("2026-02-15")
    assert account.subscription.next_billing_at == utc("2026-03-01")
    assert billed(account, until="2026-03-01") == [[36500, -35100]]  # 14 of the 365 days until 1 March 2026


@pytest.mark.parametrize(
    ("plan", "start", "other", "said"),
    [
        (
            a_plan(cycle=WEEKLY),
            "2026-04-06",
            a_plan(plan_id="calendar", anchor_day=15),
            "anchor: expected restart, as calendar@1 is billed on day 15 and the anchor is 2026-04-06 00:00:00",
        ),
        (
            a_plan(),
            "2026-04-15T10:00",
            a_plan(plan_id="calendar", anchor_day=15, cycle=YEARLY),
            "anchor: expected restart, as calendar@1 is billed on day 15 and the anchor is 2026-04-15 10:00:00",
        ),
        (
            a_plan(anchor_day=15),
            "2026-04-15",
            a_plan(plan_id="week", cycle=WEEKLY),
            "anchor: expected restart, as week@1 is billed by the week and the anchor is a day of month, 15",
        ),
    ],
)
def test_an_anchor_that_the_plan_can_not_have_is_refused(plan: Plan, start: str, other: Plan, said: str) -> None:
    account = Account.opened(plan, start=start)
    with pytest.raises(InvalidInput) as refusal:
        moved(account, other, at="2026-04-20")
    assert said in str(refusal.value)


def test_what_was_paid_ahead_from_the_boundary_of_the_change_is_not_charged_again() -> None:
    account = Account.opened(MONTHLY_AHEAD, start="2026-02-01").billed(2)
    with pytest.raises(InvalidInput, match=r"at: expected an instant after 2026-03-01.*, whose bill is made already"):
        moved(account, ANNUAL_AHEAD, at="2026-03-01")


def test_the_audit_log_tells_the_anchor_that_was_kept_from_the_restart_that_was_planned() -> None:
    account = Account.opened(MONTHLY, start="2026-02-01")
    restarted = moved(account, ANNUAL, at="2026-02-08", anchor=Anchor.RESTART)
    kept = moved(restarted, ANNUAL, at="2026-02-08")
    assert kept == moved(account, ANNUAL, at="2026-02-08")
    said = "plans: plan@1 from 2026-02-01T00:00:00Z, annual@1 from 2026-02-08T00:00:00Z"
    assert life_in_words(restarted.subscription, kept.subscription) == (said, f"{said} with the anchor kept")
