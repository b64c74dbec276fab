"""Laws of credit notes: whatever is credited in whatever order, nothing exceeds what is left and the rest is zero."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from billing.domain.accounting_tax import accounted
from billing.domain.credit import CreditNote
from billing.domain.credit_left import credit_left
from billing.domain.credit_request import AmountCredit, CreditRequest, LineCredit, LinesCredit, WholeCredit
from billing.domain.crediting import InvoiceNotCreditable, credit
from billing.domain.document_check import differing_lines, differing_sums
from billing.domain.errors import InvalidInput
from billing.domain.explanation import Explanation, FlatStep
from billing.domain.invoice import AccountingTax, Invoice, InvoiceStatus, LineItem
from billing.domain.money import Money, Rounding
from billing.domain.tax import (
    TaxableLine,
    TaxCategory,
    TaxLine,
    TaxRate,
    TaxTreatment,
    net_total,
    tax_lines,
    total_tax,
)
from tests.builders import Account, a_fee, a_plan, utc
from tests.properties.test_discount_laws import accounts, invoices

laws = settings(deadline=None, max_examples=150)


def rate(percent: str, *, name: str = "VAT", country: str = "DE", state: str = "") -> TaxRate:
    return TaxRate(country=country, state=state, name=name, percent=Decimal(percent))


TREATMENTS = {
    "vat": [
        TaxTreatment(category=TaxCategory.STANDARD, rates=(rate("19"),)),
        TaxTreatment(category=TaxCategory.STANDARD, rates=(rate("7"),)),
        TaxTreatment(category=TaxCategory.STANDARD, rates=(rate("16"),)),
    ],
    "us": [
        TaxTreatment(
            category=TaxCategory.STANDARD,
            rates=(
                rate("4.875", name="City", country="US", state="NY"),
                rate("4", name="State", country="US", state="NY"),
                rate("0", name="County", country="US", state="NY"),
            ),
        )
    ],
    "reverse charge": [TaxTreatment(category=TaxCategory.REVERSE_CHARGE, note="Art. 196")],
    "double": [TaxTreatment(category=TaxCategory.STANDARD, rates=(rate("100"),))],
}
PATTERN = Account.opened(a_plan(fees=[a_fee("1.00")]), start="2026-01-01").bill()


@st.composite
def made_up(draw: st.DrawFn) -> Invoice:
    """An invoice of a few charges and credits under some rates, with and without their tax, in euros or yen."""
    treatments = TREATMENTS[draw(st.sampled_from(sorted(TREATMENTS)))]
    currency, rounding = draw(st.sampled_from(["EUR", "JPY"])), draw(st.sampled_from(Rounding))
    amounts = draw(st.lists(st.integers(-3_000, 20_000) | st.integers(-3, 12), min_size=1, max_size=7))
    lines, taxable = list[LineItem](), list[TaxableLine]()
    for place, amount in enumerate(amounts):
        treatment, inclusive = draw(st.sampled_from(treatments)), draw(st.booleans())
        price = Money(amount, currency).amount
        line = replace(
            PATTERN.lines[0],
            id=f"line-{place}:20260101T000000Z:flat",
            quantity=Decimal(1),
            unit_price=price,
            amount=amount,
            tax_category=str(treatment.category),
            tax_percent=sum((each.percent for each in treatment.rates), Decimal(0)),
            tax_inclusive=inclusive,
            explanation=Explanation(plan="plan@1", step=FlatStep(quantity=Decimal(1), unit_price=price)),
        )
        lines.append(line)
        taxable.append(TaxableLine(amount=amount, inclusive=inclusive, treatment=treatment))
    rows = tax_lines(taxable, currency=currency, rounding=rounding)
    subtotal = net_total(taxable, rounding=rounding)
    assert PATTERN.basis is not None
    invoice = replace(
        PATTERN,
        number="INV-1",
        status=InvoiceStatus.ISSUED,
        currency=currency,
        lines=tuple(lines),
        tax_lines=rows,
        subtotal=subtotal,
        tax=total_tax(rows),
        total=subtotal + total_tax(rows),
        basis=replace(PATTERN.basis, rounding=rounding),
    )
    assume(invoice.total > 0)
    return in_dollars(invoice) if draw(st.booleans()) else invoice


def in_dollars(invoice: Invoice) -> Invoice:
    at_rate = AccountingTax(currency="USD", rate=Decimal("1.0837"), rate_on=date(2026, 1, 31), tax=0)
    assert invoice.basis is not None
    tax = accounted(invoice.tax, invoice.currency, at_rate, rounding=invoice.basis.rounding)
    return replace(invoice, accounting_tax=replace(at_rate, tax=tax))


@st.composite
def billed(draw: st.DrawFn) -> Invoice:
    """An invoice as the engine makes it: fees, usage, prorations, coupons, commitments."""
    made = [invoice for _, invoice, _ in invoices(draw(accounts())) if invoice.total > 0]
    assume(made)
    return replace(draw(st.sampled_from(made)), number="INV-1", status=InvoiceStatus.ISSUED)


def noted(
    invoice: Invoice, what: WholeCredit | LinesCredit | AmountCredit, earlier: Sequence[CreditNote]
) -> CreditNote:
    request = CreditRequest(key=f"k{len(earlier)}", what=what, reason="goodwill")
    return credit(invoice, request, earlier=earlier, at=utc("2026-03-02"), on=date(2026, 3, 2))


def draw_part(data: st.DataObject, invoice: Invoice, earlier: Sequence[CreditNote]) -> LinesCredit | AmountCredit:
    left = credit_left(invoice, earlier=earlier)
    charges = [each for each in left.charges if each.left > 0]
    if not charges or data.draw(st.booleans()):
        return AmountCredit(amount=data.draw(st.integers(1, left.sums.total)))
    some = data.draw(st.lists(st.sampled_from(charges), min_size=1, max_size=3, unique_by=lambda each: each.line.id))
    return LinesCredit(
        lines=tuple(
            LineCredit(line_id=each.line.id, amount=data.draw(st.none() | st.integers(1, each.left))) for each in some
        )
    )


def left_of(row: TaxLine, notes: Sequence[CreditNote]) -> tuple[int, int]:
    same = [
        each for note in notes for each in note.tax_lines if replace(each, base=0, tax=0) == replace(row, base=0, tax=0)
    ]
    return row.base - sum(each.base for each in same), row.tax - sum(each.tax for each in same)


def require_zero(invoice: Invoice, notes: Sequence[CreditNote]) -> None:
    assert invoice.subtotal == sum(note.subtotal for note in notes)
    assert invoice.tax == sum(note.tax for note in notes)
    assert invoice.total == sum(note.total for note in notes)
    assert {left_of(row, notes) for row in invoice.tax_lines} == {(0, 0)}
    if invoice.accounting_tax is not None:
        assert invoice.accounting_tax.tax == sum(note.accounting_tax.tax for note in notes if note.accounting_tax)


def require_sound(note: CreditNote) -> None:
    assert note.total == note.subtotal + note.tax > 0
    assert note.lines
    assert [*differing_lines(note), *differing_sums(note)] == []


@laws
@given(made_up() | billed())
def test_an_invoice_less_its_full_credit_note_is_zero(invoice: Invoice) -> None:
    note = noted(invoice, WholeCredit(), [])
    require_zero(invoice, [note])
    require_sound(note)
    assert [line.amount for line in note.lines] == [line.amount for line in invoice.lines]


@laws
@given(made_up() | billed(), st.data())
def test_any_partial_notes_and_then_the_whole_leave_exactly_zero(invoice: Invoice, data: st.DataObject) -> None:
    notes: list[CreditNote] = []
    for _ in range(data.draw(st.integers(1, 5))):
        left = credit_left(invoice, earlier=notes).sums
        if left.total == 0:
            break
        try:
            note = noted(invoice, draw_part(data, invoice, notes), notes)
        except InvalidInput:  # more than is left in all or at a rate, as credits of other kinds lower it
            assert any(each.left < 0 for each in credit_left(invoice, earlier=notes).charges)
            continue
        require_sound(note)
        assert 0 < note.total <= left.total
        rows = {replace(row, base=0, tax=0): row for row in left.rows}
        for row in note.tax_lines:
            most = rows[replace(row, base=0, tax=0)]
            assert row.tax <= max(0, most.tax)
            assert row.base <= max(0, most.base)
        notes.append(note)
    try:
        note = noted(invoice, WholeCredit(), notes)
    except InvoiceNotCreditable:
        assert credit_left(invoice, earlier=notes).sums.total == 0
    else:
        require_sound(note)
        notes.append(note)
    require_zero(invoice, notes)


@laws
@given(made_up() | billed(), st.data())
def test_an_amount_is_credited_to_the_cent(invoice: Invoice, data: st.DataObject) -> None:
    assume(all(each.left >= 0 for each in credit_left(invoice, earlier=[]).charges))
    amount = data.draw(st.integers(1, invoice.total))
    assert noted(invoice, AmountCredit(amount=amount), []).total == amount


@laws
@given(billed())
def test_the_charges_of_an_invoice_add_up_to_it(invoice: Invoice) -> None:
    charges = credit_left(invoice, earlier=[]).charges
    assert sum(each.left for each in charges) == sum(line.amount for line in invoice.lines)
    assert all(each.left >= 0 for each in charges)
