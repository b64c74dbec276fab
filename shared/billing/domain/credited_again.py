"""Whether a credit note is what is asked for once more under its key: one key is one note."""

from collections.abc import Sequence
from typing import assert_never

from billing.domain.credit import CreditNote
from billing.domain.credit_left import CreditLeft, amount_of_units
from billing.domain.credit_request import AmountCredit, CreditRequest, LineCredit, LinesCredit, WholeCredit
from billing.domain.document_check import rounding_of
from billing.domain.explanation import CreditedStep
from billing.domain.invoice import Invoice


def is_credited_by(note: CreditNote, request: CreditRequest, *, left: CreditLeft) -> bool:
    """Whether the note says what the request does; `left` is what was left of the invoice after it.

    What the request leaves open (all that was left of a line, where the money goes) is taken to be as it was.
    """
    is_there = request.refund_to is None or all(each.target is request.refund_to for each in note.refunds)
    return is_there and note.reason == request.reason.strip() and _is_as_much(note, request, left=left)


def _is_as_much(note: CreditNote, request: CreditRequest, *, left: CreditLeft) -> bool:
    match request.what:
        case WholeCredit():
            return left.sums.total <= 0
        case AmountCredit(amount=amount):
            return note.total == amount
        case LinesCredit(lines=lines):
            return _are_its_lines(note, lines, invoice=left.invoice)
        case _:
            assert_never(request.what)


def _are_its_lines(note: CreditNote, lines: Sequence[LineCredit], *, invoice: Invoice) -> bool:
    steps = [each.explanation.step for each in note.lines]
    credited = {each.line_id: each for each in steps if isinstance(each, CreditedStep)}
    return credited.keys() == {each.line_id for each in lines} and all(
        _amount(each, credited[each.line_id], invoice=invoice) == credited[each.line_id].credited for each in lines
    )


def _amount(asked: LineCredit, step: CreditedStep, *, invoice: Invoice) -> int:
    if asked.amount is not None:
        return asked.amount
    if asked.quantity is None:
        return step.credited
    quantity = next(each.quantity for each in invoice.lines if each.id == asked.line_id)
    return amount_of_units(asked.quantity, of=quantity, billed=step.billed, rounding=rounding_of(invoice))
