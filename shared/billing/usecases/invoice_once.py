"""Invoice a customer once, beside all periods: issued at once, or held as a draft that a person approves.

The tenant's rules hold as for any other invoice: taxes, terms, number series, `approval`, `skip_zero_invoices`.
"""

from collections.abc import Callable

from billing.domain.customer import Customer
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.invoice import Invoice
from billing.domain.invoicing import CreditDraft, Draft, Skip
from billing.domain.money import Money
from billing.domain.period import local_date
from billing.domain.review import Hold, ReviewKind
from billing.ports import Documents
from billing.usecases.again import again_while_others_write
from billing.usecases.asked_before import asked_for, check_not_rejected, check_same
from billing.usecases.call import Call
from billing.usecases.commit_one_off import HandBilled, hold_one_off, issue_one_off
from billing.usecases.one_invoice import context_of
from billing.usecases.one_off_draft import OneOff, OneOffDraft, draft_one_off
from billing.usecases.run_context import RunContext

MOST_LINES = 200
_TOO_MUCH = 10**15
"""Minor units: what no line reaches, as no payment does."""


def invoice_once(
    documents: Documents,
    asked: OneOff,
    *,
    call: Call,
    draft: bool = False,
    payment_url: Callable[[str], str] = lambda _invoice_id: "",
) -> HandBilled:
    """Issue the invoice with the next number of the tenant's series, dated now, to be settled by the caller.

    With `draft`, and where the tenant approves every invoice, it is held instead, to be approved or rejected. The same
    again is known, unless it was rejected. Raises NotFound for an unknown customer; InvalidInput for no lines or more
    than 200, a quantity of 0 or less, a total below 0, a line of 10^15 minor units, a day before today, and nothing to
    pay where the tenant skips that; OtherInvoice where anything else was asked for under the same key; OneOffRejected
    where what it made was rejected; MissingParticular.
    """
    return again_while_others_write(
        lambda: _invoice(context_of(documents, call=call, payment_url=payment_url), asked, call=call, draft=draft)
    )


def preview_once(documents: Documents, asked: OneOff, *, call: Call) -> Invoice:
    """The invoice as it would be, without a number; nothing is written. Raises what `invoice_once` does."""
    context = context_of(documents, call=call)
    drafted = _draft(context, asked, _customer(context, asked), call=call)
    return _wanted(drafted, asked).invoice


def _invoice(context: RunContext, asked: OneOff, *, call: Call, draft: bool) -> HandBilled:
    customer = _customer(context, asked)
    made = context.invoices.of_subscription(asked.subscription_id)
    records = context.audit.about(
        f"subscriptions/{asked.subscription_id}"
    )  # after that, so that no rejection is missed
    if made:
        check_same([each.value for each in made], records, asked, draft=draft)
        return HandBilled(invoice=made[-1], known=True)
    check_not_rejected(records, asked, zone=context.tenant.zone)
    drafted = _draft(context, asked, customer, call=call)
    wanted = _wanted(drafted, asked)
    hold, said = wanted.hold, asked_for(asked, draft=draft)
    if draft:
        hold = Hold(kind=ReviewKind.APPROVAL, reason=f"made as a draft by {call.actor}")
    if hold is not None:
        return HandBilled(invoice=hold_one_off(context, wanted, drafted.writes, call=call, hold=hold, asked=said))
    return HandBilled(invoice=issue_one_off(context, wanted, drafted.writes, call=call, reason="by hand", asked=said))


def _customer(context: RunContext, asked: OneOff) -> Customer:
    [found] = context.customers.get([asked.customer_id])
    if found is None:
        raise NotFound("customer", asked.customer_id)
    return found.value


def _draft(context: RunContext, asked: OneOff, customer: Customer, *, call: Call) -> OneOffDraft:
    if not 0 < len(asked.lines) <= MOST_LINES:
        raise InvalidInput("lines", expected=f"1 to {MOST_LINES} lines", given=len(asked.lines))
    for place, line in enumerate(asked.lines):
        if line.quantity <= 0:
            expected = "more than 0; a discount is a unit_price below 0"
            raise InvalidInput(f"lines[{place}].quantity", expected=expected, given=str(line.quantity))
    today = local_date(call.recorded_at, zone=context.tenant.zone)
    if asked.due_on is not None and asked.due_on < today:
        raise InvalidInput("due_on", expected=f"{today}, today, or a later day", given=str(asked.due_on))
    return draft_one_off(context, asked, customer, tenant=context.tenant, call=call)


def _wanted(drafted: OneOffDraft, asked: OneOff) -> Draft:
    """The invoice, or InvalidInput where the lines come to none."""
    match drafted.outcome:
        case Draft() as draft:
            for place, line in enumerate(draft.invoice.lines):
                if abs(line.amount) >= _TOO_MUCH:
                    limit, given = (str(Money(each, draft.invoice.currency)) for each in (_TOO_MUCH, line.amount))
                    raise InvalidInput(f"lines[{place}]", expected=f"an amount below {limit}", given=given)
            return draft
        case CreditDraft(credit_note=note):
            expected = "a total of 0 or more; a credit note against an issued invoice gives money back"
            raise InvalidInput("lines", expected=expected, given=f"-{Money(note.total, note.currency)}")
        case Skip():
            expected = "an amount to pay, as skip_zero_invoices is set"
            raise InvalidInput("lines", expected=expected, given=str(len(asked.lines)))
