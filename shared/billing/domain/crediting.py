"""Credit notes against issued invoices: the whole of what is left, some lines, or an amount (semantics 8).

A credit note is the difference between what the invoice says of what was left of it and what it would say of what is
left afterwards. So rounding never adds up over many notes, every tax row comes out, and the last note takes the
remainder: the invoice less all its notes is zero to the cent, in net, in each tax row and in total.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, assert_never

from billing.domain.accounting_tax import accounted
from billing.domain.credit import CreditNote
from billing.domain.credit_left import CreditLeft, LeftCharge, Sums, amount_of_units, credit_left, row_key
from billing.domain.credit_request import AmountCredit, CreditRequest, LineCredit, LinesCredit, WholeCredit
from billing.domain.document_check import rounding_of
from billing.domain.errors import Conflict, InvalidInput
from billing.domain.exact import times
from billing.domain.explanation import CreditedStep, Explanation
from billing.domain.invoice import AccountingTax, Invoice, InvoiceStatus, LineItem
from billing.domain.money import Money, allocate, to_minor

_ONE = Decimal(1)


class InvoiceNotCreditable(Conflict):
    """Only what is left of an issued invoice can be credited."""

    code: ClassVar[str] = "invoice_not_creditable"
    retryable: ClassVar[bool] = False

    def __init__(self, invoice: Invoice, *, reason: str, way_out: str) -> None:
        super().__init__(f"invoice {invoice.number or invoice.id} can't be credited, as {reason}: {way_out}")


def credit_note_id(invoice_id: str, key: str) -> str:
    """The id of the credit note that a key asks for."""
    return f"{invoice_id}.c.{key}"


def credit(
    invoice: Invoice,
    request: CreditRequest,
    *,
    earlier: Sequence[CreditNote],
    at: datetime,
    on: date,
    later: Sequence[LineItem] = (),
) -> CreditNote:
    """The credit note without a number, dated `at` (UTC) and `on` (the tenant's day).

    `earlier` are the notes against the invoice so far, `later` the lines of other bills that gave a part of it back.
    Raises InvoiceNotCreditable with what to do instead, InvalidInput for more than is left.
    """
    _require_issued(invoice)
    left = credit_left(invoice, earlier=earlier, later=later)
    if left.sums.total <= 0:
        raise InvoiceNotCreditable(invoice, reason="nothing is left of it", way_out="there is nothing to give back")
    taken, sums, lines = _credited(left, request.what)
    note = _note(invoice, sums, lines=lines or _remainder(left, taken), at=at, on=on)
    return replace(
        note,
        id=credit_note_id(invoice.id, request.key),
        notes=(request.reason.strip(),),
        accounting_tax=_accounting_tax(left, sums, earlier=earlier),
        reason=request.reason.strip(),
    )


def _note(invoice: Invoice, sums: Sums, *, lines: tuple[LineItem, ...], at: datetime, on: date) -> CreditNote:
    return CreditNote(
        id="",
        number="",
        customer_id=invoice.customer_id,
        subscription_id=invoice.subscription_id,
        invoice_id=invoice.id,
        currency=invoice.currency,
        locale=invoice.locale,
        zone=invoice.zone,
        period=invoice.period,
        bill_for_date=invoice.bill_for_date,
        issued_at=at,
        issued_on=on,
        seller=invoice.seller,
        buyer=invoice.buyer,
        lines=lines,
        tax_lines=tuple(row for row in sums.rows if row.base or row.tax) or sums.rows[:1],
        subtotal=sums.subtotal,
        tax=sums.tax,
        total=sums.total,
        balance_added=0,
        buyer_reference=invoice.buyer_reference,
    )


def _require_issued(invoice: Invoice) -> None:
    if invoice.status is InvoiceStatus.DRAFT:
        raise InvoiceNotCreditable(invoice, reason="it is a draft", way_out="reject it")
    if invoice.status is InvoiceStatus.VOID:
        way_out = "nothing is owed for it; `reissue` invoices its period again"
        raise InvoiceNotCreditable(invoice, reason="it is void", way_out=way_out)


_Credited = tuple[Sequence[int], Sums, tuple[LineItem, ...]]
"""What is taken of each charge, the note's sums, and its lines."""


def _credited(left: CreditLeft, what: WholeCredit | LinesCredit | AmountCredit) -> _Credited:
    match what:
        case WholeCredit():
            return _whole(left)
        case LinesCredit():
            return _by_line(left, what.lines)
        case AmountCredit():
            return _by_amount(left, what.amount)
        case _:
            assert_never(what)


def _whole(left: CreditLeft) -> _Credited:
    taken = [each.left for each in left.charges]
    if left.is_untouched:
        lines = tuple(_line(left.invoice, line, line.amount, billed=line.amount) for line in left.invoice.lines)
        return taken, left.sums, lines
    return taken, left.sums, _lines(left, taken)


def _by_line(left: CreditLeft, lines: Sequence[LineCredit]) -> _Credited:
    _require_lines(left, lines)
    wanted = {each.line_id: each for each in lines}
    asked = [wanted.get(each.line.id) for each in left.charges]
    taken = [0 if one is None else _amount(left, each, one) for each, one in zip(left.charges, asked, strict=True)]
    sums = _taken_off(left, taken)
    if taken != [each.left for each in left.charges]:
        _require_within(left, sums)
    units = {each.line_id: each.quantity for each in lines if each.quantity is not None}
    return taken, sums, _lines(left, taken, units=units)


def _require_lines(left: CreditLeft, lines: Sequence[LineCredit]) -> None:
    """Refuse what is no charge, what is named twice, and nothing at all."""
    _require_charges(left, field="lines")
    known, named = {each.line.id for each in left.charges if each.left > 0}, [each.line_id for each in lines]
    wrong = [name for place, name in enumerate(named) if name not in known or name in named[:place]]
    if wrong or not named:
        expected = f"lines that charge something which is left, each once ({', '.join(sorted(known)) or 'none'})"
        raise InvalidInput("lines", expected=expected, given=", ".join(wrong))


def _require_charges(left: CreditLeft, *, field: str) -> None:
    if not left.charges:
        raise InvalidInput(field, expected="the whole, as the invoice does not tell its lines' rates", given="a part")


def _amount(left: CreditLeft, charge: LeftCharge, asked: LineCredit) -> int:
    field, amount = f"lines.{asked.line_id}", charge.left
    if asked.amount is not None and asked.quantity is not None:
        raise InvalidInput(field, expected="an amount or a quantity", given="both")
    if asked.amount is not None:
        amount = asked.amount
    if asked.quantity is not None:
        if not 0 < asked.quantity <= charge.line.quantity:
            expected = f"more than 0 and at most {charge.line.quantity}, the line's quantity"
            raise InvalidInput(field, expected=expected, given=str(asked.quantity))
        units, rounding = charge.line.quantity, rounding_of(left.invoice)
        amount = amount_of_units(asked.quantity, of=units, billed=charge.billed, rounding=rounding)
    if not 0 < amount <= charge.left:
        most = Money(charge.left, left.invoice.currency)
        given = str(Money(amount, left.invoice.currency))
        raise InvalidInput(field, expected=f"more than 0 and at most {most}, what is left of it", given=given)
    return amount


def _by_amount(left: CreditLeft, amount: int) -> _Credited:
    """The smallest part of all charges whose total is enough; the cents that rounding adds are left in the tax rows."""
    if not 0 < amount <= left.sums.total:
        given = str(Money(amount, left.invoice.currency))
        raise InvalidInput("amount", expected=f"more than 0 and at most {_left(left)}", given=given)
    if amount == left.sums.total:
        return _whole(left)
    _require_charges(left, field="amount")
    weights = [max(0, each.left) for each in left.charges]
    low, high = 0, min(amount, sum(weights))
    while high - low > 1:
        middle = (low + high) // 2
        enough = _taken_off(left, allocate(middle, weights)).total >= amount
        low, high = (low, middle) if enough else (middle, high)
    taken = allocate(high, weights)
    sums = _taken_off(left, taken)
    sums = _less_tax(sums, sums.total - amount)
    _require_within(left, sums)
    return taken, sums, _lines(left, taken)


def _taken_off(left: CreditLeft, taken: Sequence[int]) -> Sums:
    """What is left now less what would be left: the sums of a part, none of which is of a rate that it does not bear.

    A cent that an earlier amount left in a tax row goes with that rate's next part, and no tax is below zero.
    """
    after = left.sums_of([each.left - part for each, part in zip(left.charges, taken, strict=True)])
    bears = {row_key(row) for row in left.sums_of(taken).rows if row.base or row.tax}
    sums = left.sums.less(after)
    return replace(
        sums, rows=tuple(replace(row, tax=max(0, row.tax) if row_key(row) in bears else 0) for row in sums.rows)
    )


def _require_within(left: CreditLeft, sums: Sums) -> None:
    """Refuse a part that is more than what is left in all or at one rate, where credits at it lower the invoice."""
    rows = zip(sums.rows, left.sums.rows, strict=True)
    over = any(row.base > max(0, most.base) or row.tax > max(0, most.tax) for row, most in rows)
    if over or sums.total >= left.sums.total:
        given = str(Money(sums.total, left.invoice.currency))
        raise InvalidInput(
            "credited", expected=f"less than {_left(left)} in all and at each rate, or the whole", given=given
        )


def _less_tax(sums: Sums, cents: int) -> Sums:
    if not cents:
        return sums
    parts = allocate(cents, [row.tax for row in sums.rows])
    return replace(
        sums, rows=tuple(replace(row, tax=row.tax - part) for row, part in zip(sums.rows, parts, strict=True))
    )


def _left(left: CreditLeft) -> str:
    return f"{Money(left.sums.total, left.invoice.currency)}, what is left of {left.invoice.number}"


def _lines(
    left: CreditLeft, taken: Sequence[int], *, units: Mapping[str, Decimal] | None = None
) -> tuple[LineItem, ...]:
    asked = units or {}
    return tuple(
        _line(left.invoice, each.line, part, billed=each.billed, units=asked.get(each.line.id))
        for each, part in zip(left.charges, taken, strict=True)
        if part
    )


def _remainder(left: CreditLeft, taken: Sequence[int]) -> tuple[LineItem, ...]:
    """Where cents of tax alone are left: the greatest charge, with nothing of it."""
    largest = max(range(len(taken)), key=lambda place: left.charges[place].billed)
    charge = left.charges[largest]
    return (_line(left.invoice, charge.line, 0, billed=charge.billed),)


def _line(invoice: Invoice, line: LineItem, credited: int, *, billed: int, units: Decimal | None = None) -> LineItem:
    quantity, price = _ONE, Money(credited, invoice.currency).amount
    for count in (line.quantity, units):
        if count is not None and to_minor(times(count, line.unit_price), invoice.currency) == credited:
            quantity, price = count, line.unit_price  # in the invoice's units where those say the amount
            break
    step = CreditedStep(
        invoice_id=invoice.id, line_id=line.id, billed=billed, credited=credited, quantity=quantity, unit_price=price
    )
    explanation = Explanation(plan=line.explanation.plan, step=step)
    return replace(line, quantity=quantity, unit_price=price, amount=credited, explanation=explanation)


def _accounting_tax(left: CreditLeft, sums: Sums, *, earlier: Sequence[CreditNote]) -> AccountingTax | None:
    """The tax in the seller's currency at the invoice's rate: again what was left less what is left afterwards."""
    billed = left.invoice.accounting_tax
    if billed is None:
        return None
    after = left.sums.tax - sums.tax
    notes = [each.accounting_tax.tax for each in earlier if each.is_by_hand and each.accounting_tax is not None]
    tax = billed.tax - sum(notes) - accounted(after, left.invoice.currency, billed, rounding=rounding_of(left.invoice))
    return replace(billed, tax=tax)
