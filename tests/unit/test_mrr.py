"""Monthly recurring revenue, added up exactly and rounded once; what moved it, and what stands beside it."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from billing.domain.mrr import InvoicedMonth, MrrSection, ReportInstant, mrr_section, tax_taken_off
from billing.domain.period import Cycle, Unit
from billing.domain.recurring import RecurringLevel, RecurringLife, recurring_life
from tests.builders import a_fee, a_plan, a_subscription, utc

BEFORE = ReportInstant(at=utc("2026-02-01"), on=utc("2026-02-01").date(), closed_month="2026-01")
NOW = ReportInstant(at=utc("2026-03-01"), on=utc("2026-03-01").date(), closed_month="2026-02")


def a_life(customer: str, *levels: tuple[str, str], currency: str = "USD") -> RecurringLife:
    """Levels from `(day, amount)`; the subscription is named for its customer."""
    return RecurringLife(
        subscription_id=f"sub-{customer}",
        customer_id=customer,
        begun=utc(levels[0][0]),
        end=None,
        levels=tuple(RecurringLevel(at=utc(day), currency=currency, net=Fraction(net)) for day, net in levels),
    )


def the_section(*lives: RecurringLife, currency: str = "USD", **months: InvoicedMonth) -> MrrSection:
    by_name = {each.month: each for each in months.values()}
    return mrr_section(lives, currency=currency, months=by_name, trend=[BEFORE, NOW], before=BEFORE)


def moved(section: MrrSection) -> dict[str, tuple[int, int]]:
    return {each.movement.value: (each.customers, each.amount) for each in section.movements if each.customers}


def test_weeks_are_added_up_before_they_are_rounded() -> None:
    # 10.00 a week is 43.333... a month; three are 130.00, and 129.99 if each were rounded
    plan = a_plan(fees=[a_fee("10.00")], cycle=Cycle(1, Unit.WEEK))
    life = recurring_life(a_subscription(plan, start="2026-01-01"), {plan.ref: plan})
    three = [replace(life, subscription_id=f"s{number}", customer_id=f"c{number}") for number in range(3)]
    section = the_section(*three)
    assert (section.recurring, section.customers) == (130_00, 3)


def test_each_movement_has_its_customers() -> None:
    section = the_section(
        a_life("stays", ("2026-01-01", "10")),
        a_life("new", ("2026-02-10", "20")),
        a_life("more", ("2026-01-01", "30"), ("2026-02-10", "35")),
        a_life("less", ("2026-01-01", "40"), ("2026-02-10", "38")),
        a_life("gone", ("2026-01-01", "50"), ("2026-02-10", "0")),
        a_life("back", ("2025-11-01", "60"), ("2025-12-01", "0"), ("2026-02-10", "61")),
    )
    assert moved(section) == {
        "new": (1, 20_00),
        "expansion": (1, 5_00),
        "contraction": (1, -2_00),
        "churn": (1, -50_00),
        "reactivation": (1, 61_00),
    }
    assert (section.recurring_before, section.recurring) == (
        130_00,
        164_00,
    )  # 10 + 30 + 40 + 50; 10 + 20 + 35 + 38 + 61
    assert section.recurring_growth == Decimal("26.2")  # 34 / 130 = 0.2615...
    assert section.customers == 5


def test_a_customer_s_subscriptions_move_as_one() -> None:
    first = a_life("ada", ("2026-01-01", "50"), ("2026-02-10", "0"))
    second = replace(a_life("ada", ("2026-02-10", "70")), subscription_id="sub-second")
    assert moved(the_section(first, second)) == {"expansion": (1, 20_00)}


def test_a_change_on_the_very_day_a_month_before_is_none_of_this_month() -> None:
    assert moved(the_section(a_life("ada", ("2026-02-01", "10")))) == {}
    assert moved(the_section(a_life("ada", ("2026-03-01", "10")))) == {"new": (1, 10_00)}


def test_currencies_are_never_added_up() -> None:
    lives = a_life("ada", ("2026-01-01", "10")), a_life("bob", ("2026-01-01", "700"), currency="JPY")
    assert (the_section(*lives).recurring, the_section(*lives, currency="JPY").recurring) == (10_00, 700)
    assert the_section(*lives, currency="EUR").recurring == 0


def test_usage_and_the_total_with_tax_stand_beside_it() -> None:
    january = InvoicedMonth(month="2026-01", usage=200_00, subtotal=300_00, total=357_00, invoices=3)
    february = InvoicedMonth(month="2026-02", usage=250_00, subtotal=300_00, total=357_00, invoices=3)
    section = the_section(january=january, february=february)
    assert (section.closed, section.closed_before) == (february, january)
    assert (section.usage_growth, section.total_growth) == (Decimal("25.0"), Decimal("0.0"))
    assert [(each.usage, each.usage_month) for each in section.trend] == [(200_00, "2026-01"), (250_00, "2026-02")]
    assert section.recurring_growth is None


def test_a_month_without_invoices_is_nothing() -> None:
    assert the_section().closed == InvoicedMonth(month="2026-02")


def test_tax_is_taken_out_of_prices_that_contain_it() -> None:
    level = RecurringLevel(at=utc("2026-01-01"), currency="USD", net=Fraction(10), gross=Fraction("11.90"))
    life = replace(a_life("ada", ("2026-01-01", "0")), levels=(level,))
    (lowered,) = tax_taken_off(life, percent=Fraction(19)).levels
    assert [lowered.net, lowered.gross] == [20, 0]  # 11.90 with 19 % is 10.00 without
