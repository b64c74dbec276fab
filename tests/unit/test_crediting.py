"""What a credit note gives back, worked out by hand: of discounted, prorated and inclusive charges, lines and units."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.domain.catalog import Proration
from billing.domain.coupon import Coupon, Discount
from billing.domain.credit import CreditNote
from billing.domain.credit_left import credit_left
from billing.domain.credit_request import AmountCredit, CreditRequest, LineCredit, LinesCredit, WholeCredit
from billing.domain.credited_ahead import with_credited
from billing.domain.crediting import InvoiceNotCreditable, credit
from billing.domain.document_check import differing_lines, differing_sums
from billing.domain.errors import InvalidInput
from billing.domain.explained import explain
from billing.domain.explanation import CreditStep, Explanation, FlatStep, LateUsageStep, PackageStep
from billing.domain.invoice import AccountingTax, Invoice, InvoiceStatus, LineItem, LineKind
from billing.domain.money import Money, Rounding
from billing.domain.subscription import Prepaid
from billing.domain.tax import (
    TaxableLine,
    TaxCategory,
    TaxRate,
    TaxTreatment,
    net_total,
    tax_lines,
    total_tax,
)
from tests.builders import GERMAN_VAT, Account, a_fee, a_meter, a_plan, shown, utc

VAT = TaxTreatment(category=TaxCategory.STANDARD, rates=(TaxRate(country="DE", name="VAT", percent=Decimal(19)),))
OLD_VAT = TaxTreatment(category=TaxCategory.STANDARD, rates=(TaxRate(country="DE", name="VAT", percent=Decimal(16)),))
CITY, STATE = (
    TaxRate(country="US", state="NY", name=name, percent=Decimal(percent))
    for name, percent in (("City", "4.875"), ("State", "4"))
)
NEW_YORK = TaxTreatment(category=TaxCategory.STANDARD, rates=(CITY, STATE))
REVERSE = TaxTreatment(category=TaxCategory.REVERSE_CHARGE, note="Reverse charge")
BASE, SEAT = "base:20260101T000000Z:flat", "seat:20260101T000000Z:flat"
PATTERN = Account.opened(a_plan(fees=[a_fee("1.00")]), start="2026-01-01").bill()


def invoice(
    *charges: tuple[str, TaxTreatment], inclusive: bool = False, ids: Sequence[str] = (BASE, SEAT, "c:x:flat")
) -> Invoice:
    """An issued invoice of amounts as text, each under its treatment."""
    lines, taxable = list[LineItem](), list[TaxableLine]()
    for line_id, (price, treatment) in zip(ids, charges, strict=False):
        amount = Money.of(Decimal(price), "USD").minor
        line = replace(
            PATTERN.lines[0],
            id=line_id,
            unit_price=Decimal(price),
            amount=amount,
            tax_category=str(treatment.category),
            tax_percent=sum((each.percent for each in treatment.rates), Decimal(0)),
            tax_inclusive=inclusive,
            explanation=Explanation(plan="plan@1", step=FlatStep(quantity=Decimal(1), unit_price=Decimal(price))),
        )
        lines.append(line)
        taxable.append(TaxableLine(amount=amount, inclusive=inclusive, treatment=treatment))
    rows, subtotal = (
        tax_lines(taxable, currency="USD", rounding=Rounding.HALF_UP),
        net_total(taxable, rounding=Rounding.HALF_UP),
    )
    tax = total_tax(rows)
    total = subtotal + tax
    return issued(replace(PATTERN, lines=tuple(lines), tax_lines=rows, subtotal=subtotal, tax=tax, total=total))


def issued(draft: Invoice) -> Invoice:
    return replace(draft, number="INV-1", status=InvoiceStatus.ISSUED)


def note(
    of: Invoice,
    what: WholeCredit | LinesCredit | AmountCredit,
    *,
    earlier: Sequence[CreditNote] = (),
    later: Sequence[LineItem] = (),
) -> CreditNote:
    request = CreditRequest(key="k1", what=what, reason=" outage ")
    return credit(of, request, earlier=earlier, later=later, at=utc("2026-03-02"), on=date(2026, 3, 2))


def by_line(line_id: str, amount: int | None = None, quantity: str | None = None) -> LinesCredit:
    units = None if quantity is None else Decimal(quantity)
    return LinesCredit(lines=(LineCredit(line_id=line_id, amount=amount, quantity=units),))


def sums(of: CreditNote) -> tuple[int, int, int]:
    return of.subtotal, of.tax, of.total


def test_a_line_is_credited_with_its_tax() -> None:
    given = note(invoice(("49.00", VAT), ("10.00", OLD_VAT)), by_line(BASE))
    assert (sums(given), shown(given.lines)) == ((4900, 931, 5831), [("Base (monthly)", "1", "49.00", 4900)])
    assert [(row.percent, row.base, row.tax) for row in given.tax_lines] == [(Decimal(19), 4900, 931)]
    assert (given.id, given.number, given.reason) == (f"{PATTERN.id}.c.k1", "", "outage")


def test_a_part_of_a_line_is_one_amount() -> None:
    given = note(invoice(("49.00", VAT)), by_line(BASE, amount=1000))
    assert (sums(given), shown(given.lines)) == ((1000, 190, 1190), [("Base (monthly)", "1", "10.00", 1000)])


def test_units_of_a_line_are_shown_as_units() -> None:
    """2 of 3 seats at 10.00."""
    sold = invoice(("10.00", VAT))
    line = replace(sold.lines[0], quantity=Decimal(3), amount=3000)
    rows = tax_lines([TaxableLine(amount=3000, treatment=VAT)], currency="USD", rounding=Rounding.HALF_UP)
    sold = replace(sold, lines=(line,), tax_lines=rows, subtotal=3000, tax=570, total=3570)
    given = note(sold, by_line(BASE, quantity="2"))
    assert (sums(given), shown(given.lines)) == ((2000, 380, 2380), [("Base (monthly)", "2", "10.00", 2000)])


def test_a_charge_goes_back_with_its_share_of_the_discount() -> None:
    """100.00 and 50.00 less a tenth: of the base 90.00 was asked for."""
    tenth = Discount(coupon=Coupon(coupon_id="TENTH", name="A tenth", percent=Decimal(10)), start=utc("2026-01-01"))
    account = Account.opened(
        a_plan(fees=[a_fee("100.00"), a_fee("50.00", "seat")]), start="2026-01-01", taxes=GERMAN_VAT
    )
    account = replace(account, subscription=replace(account.subscription, discounts=(tenth,)))
    sold = issued(account.bill())
    assert [line.amount for line in sold.lines] == [10_000, 5_000, -1_500]
    assert [each.left for each in credit_left(sold, earlier=[]).charges] == [9_000, 4_500]
    assert sums(note(sold, by_line(BASE))) == (9_000, 1_710, 10_710)
    with pytest.raises(InvalidInput, match="at most 90.00 USD, what is left of it"):
        note(sold, by_line(BASE, amount=9_001))


def test_a_prorated_charge_goes_back_prorated() -> None:
    """31.00 from the 15th: 17 of 31 days are 17.00."""
    account = Account.opened(a_plan(fees=[a_fee("31.00")], anchor_day=1), start="2026-01-15")
    sold = issued(account.bill())
    assert [line.amount for line in sold.lines] == [3_100, -1_400]
    given = note(sold, by_line(sold.lines[0].id))
    assert (given.total, shown(given.lines)) == (1_700, [("Base (monthly)", "1", "17.00", 1_700)])


def test_a_credit_on_the_invoice_lowers_what_its_charges_give_back() -> None:
    """100.00 less a credit of 30.00: 70.00 was asked for."""
    sold = invoice(("100.00", VAT), ("-30.00", VAT))
    assert sums(note(sold, by_line(BASE))) == (7_000, 1_330, 8_330)


def test_where_credits_at_another_rate_lower_the_invoice_no_more_than_its_total_goes_back() -> None:
    """100.00 at 19 % less 30.00 at 16 %: 119.00 - 34.80 = 84.20 in all, though the charge alone was 119.00."""
    sold = invoice(("100.00", VAT), ("-30.00", OLD_VAT))
    assert sold.total == 8_420
    with pytest.raises(InvalidInput, match="less than 84.20 USD, what is left of INV-1 in all and at each rate"):
        note(sold, by_line(BASE))
    assert sums(note(sold, by_line(BASE, amount=7_000))) == (7_000, 1_330, 8_330)
    assert sums(note(sold, WholeCredit())) == (7_000, 1_420, 8_420)


def test_an_inclusive_price_goes_back_as_it_was_asked_for() -> None:
    """11.90 contain 1.90; 5.00 of it contain 0.80 (0.798) and leave 6.90 with 1.10."""
    sold = invoice(("11.90", VAT), inclusive=True)
    first = note(sold, AmountCredit(amount=500))
    assert sums(first) == (420, 80, 500)
    assert sums(note(sold, WholeCredit(), earlier=[replace(first)])) == (580, 110, 690)


def test_each_jurisdiction_gets_its_tax_back() -> None:
    """Half of 100.00 with 4.875 % and 4 %: 4.88 and 4.00 were billed, 2.44 (2.4375) and 2.00 are left."""
    given = note(invoice(("100.00", NEW_YORK)), by_line(BASE, amount=5_000))
    assert [(row.name, row.base, row.tax) for row in given.tax_lines] == [("City", 5_000, 244), ("State", 5_000, 200)]
    assert sums(given) == (5_000, 444, 5_444)


def test_an_amount_that_no_net_amount_comes_to_is_met_by_a_cent_less_tax() -> None:
    """0.05 and 0.01 of tax: 0.02 less leave 0.04 to pay, 0.03 less leave 0.02, so that 0.03 is 0.03 without tax."""
    sold = invoice(("0.05", VAT))
    first = note(sold, AmountCredit(amount=3))
    assert sums(first) == (3, 0, 3)
    assert sums(note(sold, WholeCredit(), earlier=[first])) == (2, 1, 3)


def test_nobody_owes_tax_on_a_reverse_charge_and_none_goes_back() -> None:
    given = note(invoice(("100.00", REVERSE)), AmountCredit(amount=2_500))
    assert sums(given) == (2_500, 0, 2_500)
    assert [(row.category, row.note) for row in given.tax_lines] == [(TaxCategory.REVERSE_CHARGE, "Reverse charge")]


def test_the_tax_in_the_sellers_currency_goes_back_at_the_invoices_rate() -> None:
    """19.00 USD at 0.9 are 17.10 EUR; without the 1.90 of a tenth 17.10 USD, 15.39 EUR, are left: 1.71 goes back."""
    billed = AccountingTax(currency="EUR", rate=Decimal("0.9"), rate_on=date(2026, 1, 31), tax=1_710)
    sold = replace(invoice(("100.00", VAT)), accounting_tax=billed)
    first = note(sold, by_line(BASE, amount=1_000))
    assert first.accounting_tax == replace(billed, tax=171)
    assert note(sold, WholeCredit(), earlier=[first]).accounting_tax == replace(billed, tax=1_539)


def test_lines_of_other_bills_lower_what_is_left() -> None:
    """Of 31.00 billed ahead 21.00 were given back as unused, and of 10 calls 4.00 were corrected later."""
    unused = replace(
        PATTERN.lines[0],
        id="base:20260101T000000Z:credit",
        amount=-2_100,
        explanation=Explanation(
            plan="plan@1",
            step=CreditStep(invoice_id=PATTERN.id, price=Decimal(31), billed=3_100, used=10, whole=31, unit="day"),
        ),
    )
    sold = invoice(("31.00", VAT), ("5.00", VAT))
    assert [each.left for each in credit_left(sold, earlier=[], later=[unused]).charges] == [1_000, 500]
    calls = issued(
        Account.opened(a_plan(metered=[a_meter("1.00")]), start="2026-01-01")
        .using("calls", {"2026-01-02": "10"})
        .bill()
    )
    corrected = replace(
        calls.lines[0],
        id="late",
        amount=-400,
        explanation=Explanation(
            plan="plan@1",
            step=LateUsageStep(
                meter="calls",
                usage_before=Decimal(10),
                usage_after=Decimal(6),
                before=(),
                after=(),
                invoice_id=calls.id,
            ),
        ),
    )
    assert [each.left for each in credit_left(calls, earlier=[], later=[corrected]).charges] == [600]


CALL = PackageStep(meter="calls", usage=Decimal(1), size=Decimal(1), quantity=Decimal(1), unit_price=Decimal(1))
"""One call at 1.00."""


@pytest.mark.parametrize(("is_rest", "left"), [(True, 600), (False, 1000)])
def test_a_correction_lowers_the_rest_of_its_period_and_no_late_usage_of_another(*, is_rest: bool, left: int) -> None:
    """Ten calls after a bill of five, or ten late ones of the month before; 4.00 of this invoice's are taken back."""
    step = LateUsageStep(
        meter="calls",
        usage_before=Decimal(5),
        usage_after=Decimal(15),
        before=(CALL,) * 5,
        after=(CALL,) * 15,
        invoice_id="an-earlier-one",
        is_rest=is_rest,
    )
    fee = invoice(("10.00", VAT))
    line = replace(fee.lines[0], kind=LineKind.USAGE, explanation=Explanation(plan="plan@1", step=step))
    sold = replace(fee, lines=(line,))
    taken = replace(step, usage_before=Decimal(15), usage_after=Decimal(11), invoice_id=sold.id, is_rest=False)
    corrected = replace(line, id="late", amount=-400, explanation=Explanation(plan="plan@1", step=taken))
    assert [each.left for each in credit_left(sold, earlier=[], later=[corrected]).charges] == [left]


def test_what_was_credited_of_a_charge_counts_as_not_paid_ahead() -> None:
    sold = invoice(("31.00", VAT), ("5.00", VAT))
    ahead = Prepaid(
        item_id="base",
        name="Base",
        plan="plan@1",
        invoice_id=sold.id,
        price=Decimal(31),
        period=sold.lines[0].period,
        whole=sold.lines[0].period,
        proration=Proration.DAY,
        amount=3_100,
        treatment=VAT,
        tax_inclusive=False,
    )
    other = replace(ahead, invoice_id="other")
    given = note(sold, by_line(BASE, amount=600))
    before, after = (credit_left(sold, earlier=earlier).charges for earlier in ([], [given]))
    assert with_credited([ahead, other], invoice_id=sold.id, before=before, after=after) == (
        replace(ahead, discount=600),
        other,
    )


def test_an_invoice_that_does_not_tell_its_lines_rates_goes_back_whole_only() -> None:
    """19 % under one name and under another: which of them a line bears nobody can tell."""
    same = TaxTreatment(category=TaxCategory.STANDARD, rates=(replace(VAT.rates[0], name="Levy"),))
    sold = invoice(("10.00", VAT), ("20.00", same))
    with pytest.raises(InvalidInput, match="lines: expected the whole, as the invoice does not tell"):
        note(sold, by_line(BASE))
    with pytest.raises(InvalidInput, match="amount: expected the whole"):
        note(sold, AmountCredit(amount=100))
    assert sums(note(sold, WholeCredit())) == (3_000, 570, 3_570)


@pytest.mark.parametrize(
    ("what", "named"),
    [
        (LinesCredit(lines=()), "lines: expected lines that charge something"),
        (by_line("nope"), f"each once \\({BASE}, {SEAT}\\), got 'nope'"),
        (LinesCredit(lines=(LineCredit(line_id=BASE), LineCredit(line_id=BASE))), "each once"),
        (by_line(BASE, amount=4_901), f"lines.{BASE}: expected more than 0 and at most 49.00 USD"),
        (by_line(BASE, amount=0), "more than 0"),
        (by_line(BASE, amount=1, quantity="1"), "an amount or a quantity, got 'both'"),
        (by_line(BASE, quantity="0"), "more than 0 and at most 1, the line's quantity"),
        (by_line(BASE, quantity="1.5"), "more than 0 and at most 1, the line's quantity"),
        (AmountCredit(amount=7_022), "amount: expected more than 0 and at most 70.21 USD, what is left of INV-1"),
        (AmountCredit(amount=0), "more than 0"),
    ],
)
def test_what_is_not_left_is_refused(what: LinesCredit | AmountCredit, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        note(invoice(("49.00", VAT), ("10.00", VAT)), what)


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"key": "a.b"}, "key: expected 1 to 64 letters"), ({"reason": " "}, "reason: expected why it is credited")],
)
def test_a_request_without_a_plain_key_or_a_reason_is_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        replace(CreditRequest(key="k1", what=WholeCredit(), reason="outage"), **changes)


@pytest.mark.parametrize(
    ("status", "named"), [(InvoiceStatus.DRAFT, "it is a draft: reject it"), (InvoiceStatus.VOID, "it is void")]
)
def test_what_is_not_issued_is_not_credited(status: InvoiceStatus, named: str) -> None:
    with pytest.raises(InvoiceNotCreditable, match=named):
        note(replace(invoice(("49.00", VAT)), status=status), WholeCredit())


def test_an_invoice_of_nothing_has_nothing_to_give_back() -> None:
    with pytest.raises(InvoiceNotCreditable, match="nothing is left of it"):
        note(invoice(("0.00", VAT)), WholeCredit())


def test_cents_of_tax_alone_are_the_last_note() -> None:
    """0.01 with 100 %: its net cent goes first, and the cent of tax is all that is left."""
    double = TaxTreatment(category=TaxCategory.STANDARD, rates=(replace(VAT.rates[0], percent=Decimal(100)),))
    sold = invoice(("0.01", double))
    first = note(sold, AmountCredit(amount=1))
    rest = note(sold, WholeCredit(), earlier=[first])
    assert (sums(first), sums(rest)) == ((1, 0, 1), (0, 1, 1))
    assert shown(rest.lines) == [("Base (monthly)", "1", "0.00", 0)]


def test_a_note_is_explained_by_what_was_billed() -> None:
    explained = explain(note(invoice(("49.00", VAT)), by_line(BASE, amount=1_000)))
    assert explained.lines[0].facts[1] == f"Billed on {PATTERN.id} by line {BASE}: 49.00."
    assert [each.text for each in explained.lines[0].calculations] == ["credited: 10.00"]
    assert explained.differences == ()


def test_a_note_that_was_altered_does_not_come_out() -> None:
    given = note(invoice(("49.00", VAT)), by_line(BASE, amount=1_000))
    assert [*differing_lines(given), *differing_sums(given)] == []
    [row] = given.tax_lines
    added = replace(row, percent=Decimal(7), base=5, tax=0)
    for altered in ((replace(row, tax=200),), (replace(row, base=1_100),), (row, added)):
        assert [each.field for each in differing_sums(replace(given, tax_lines=altered))][:1] == ["tax row"]
    assert "subtotal" in [each.field for each in differing_sums(replace(given, subtotal=900))]
    line = replace(given.lines[0], amount=900)
    assert [each.field for each in differing_lines(replace(given, lines=(line,)))] == ["line 'Base (monthly)': amount"]
