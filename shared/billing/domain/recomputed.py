"""An issued document computed again from the stored facts, and compared with what it says (semantics 7)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from itertools import zip_longest
from typing import assert_never

from billing.domain.basis import Basis
from billing.domain.bill_id import late_bill_of, revision_of
from billing.domain.credit import CreditNote
from billing.domain.customer import Customer
from billing.domain.document_check import Difference, differing_taxes
from billing.domain.explanation import CreditStep, LateUsageStep
from billing.domain.figures import amount, plain, unit_price
from billing.domain.invoice import Invoice, LineItem
from billing.domain.invoicing import CreditDraft, Draft, InvoiceFacts, Skip, draft_invoice
from billing.domain.late_usage import LateBuckets
from billing.domain.subscription import Phase, Plans, Subscription, SubscriptionStatus
from billing.domain.tax import TaxTable
from billing.domain.tenant import Tenant
from billing.domain.usage import Buckets


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFacts:
    """What a document is computed from again; `late` is what was late for this very bill."""

    tenant: Tenant
    subscription: Subscription
    plans: Plans
    usage: Mapping[str, Buckets]
    late: Mapping[str, LateBuckets]
    taxes: TaxTable


def as_it_stood(subscription: Subscription, document: Invoice | CreditNote, *, basis: Basis) -> Subscription:
    """The subscription as it stood before a bill of it was made, as far as the bill rests on it.

    What moves on with a bill, and what of the future it billed, is kept in its basis; the past period can't change.
    """
    ahead = basis.items is not None
    return replace(
        subscription,
        next_billing_at=document.bill_for_date,
        status=SubscriptionStatus.ACTIVE,
        phases=basis.phases or (_only_phase(subscription, document),),
        items=subscription.items if basis.items is None else basis.items,
        end=basis.end if ahead else subscription.end,
        pauses=basis.pauses if ahead else subscription.pauses,
        prepaid=basis.prepaid,
        discounts=basis.discounts,
        one_time=basis.one_time,
        late_usage=basis.late_usage,
        late_bills=late_bill_of(document.id),
    )


def recompute(document: Invoice | CreditNote, facts: StoredFacts, *, basis: Basis) -> Draft | CreditDraft | Skip:
    """Draft the document again; raises what drafting raises.

    Seller, buyer and their taxation are those of the document: they may have changed since, prices and usage may not.
    """
    return draft_invoice(
        InvoiceFacts(
            tenant=replace(
                facts.tenant,
                seller=document.seller,
                rounding=basis.rounding,
                skip_zero_invoices=False,
                e_invoices=(),
                tax_currency="",
            ),
            customer=Customer(id=document.customer_id, party=document.buyer, tax=basis.tax, currency=document.currency),
            subscription=facts.subscription,
            plans=facts.plans,
            usage=facts.usage,
            late=facts.late,
            taxes=facts.taxes,
            issued_at=document.issued_at,
            revision=revision_of(document.id),
            charged=basis.charged,
        )
    )


def _only_phase(subscription: Subscription, document: Invoice | CreditNote) -> Phase:
    """The one phase that there was, on the plan version that its lines name: it may have been corrected since."""
    steps = ((line.explanation.plan, line.explanation.step) for line in document.lines)
    plans = (plan for plan, step in steps if not isinstance(step, CreditStep | LateUsageStep))
    return replace(subscription.phases[0], plan=next(plans, subscription.phases[0].plan))


def differing(document: Invoice | CreditNote, outcome: Draft | CreditDraft | Skip) -> Iterator[Difference]:
    """Where a stored document and the one computed again differ: lines, taxes, sums, period and id."""
    match outcome:
        case Draft(invoice=computed) | CreditDraft(credit_note=computed):
            if type(computed) is type(document):
                yield from _differing(document, computed)
            else:
                yield Difference(field="document", stored=_kind(document), expected=_kind(computed))
        case Skip(reason=reason):
            yield Difference(field="document", stored=_kind(document), expected=f"none: {reason.value}")
        case _:
            assert_never(outcome)


def _differing(stored: Invoice | CreditNote, computed: Invoice | CreditNote) -> Iterator[Difference]:
    currency = stored.currency
    for field, one, other in (
        ("id", stored.id, computed.id),
        ("bill-for date", stored.bill_for_date.isoformat(), computed.bill_for_date.isoformat()),
        ("period", _period(stored), _period(computed)),
    ):
        if one != other:
            yield Difference(field=field, stored=one, expected=other)
    yield from _differing_lines(stored.lines, computed.lines, currency=currency)
    yield from differing_taxes(stored.tax_lines, computed.tax_lines, currency=currency)
    for field, had, has in (
        ("subtotal", stored.subtotal, computed.subtotal),
        ("tax", stored.tax, computed.tax),
        ("total", stored.total, computed.total),
    ):
        if had != has:
            yield Difference(field=field, stored=amount(had, currency), expected=amount(has, currency))


def _differing_lines(
    stored: Sequence[LineItem], computed: Sequence[LineItem], *, currency: str
) -> Iterator[Difference]:
    for one, other in zip_longest(stored, computed):
        if one is None or other is None:
            known = one or other
            name = f"line {known.description!r}"
            yield Difference(field=name, stored=_line(one, currency), expected=_line(other, currency))
        elif one != other:
            yield from _differing_line(one, other, currency=currency)


def _differing_line(stored: LineItem, computed: LineItem, *, currency: str) -> Iterator[Difference]:
    """The parts of a line that differ; its explanation alone is named where nothing that a reader sees differs."""
    name, found = f"line {stored.description!r}", False
    for field, one, other in (
        ("description", stored.description, computed.description),
        ("quantity", plain(stored.quantity), plain(computed.quantity)),
        ("unit price", unit_price(stored.unit_price, currency), unit_price(computed.unit_price, currency)),
        ("amount", amount(stored.amount, currency), amount(computed.amount, currency)),
        ("price version", stored.explanation.plan, computed.explanation.plan),
        ("tax", _tax(stored), _tax(computed)),
    ):
        if one != other:
            found = True
            yield Difference(field=f"{name}: {field}", stored=one, expected=other)
    if not found:
        yield from _differing_evidence(stored, computed, name=name)


def _differing_evidence(stored: LineItem, computed: LineItem, *, name: str) -> Iterator[Difference]:
    """What of a line's step differs, or of what a reader does not see."""
    one, other = _evidence(stored), _evidence(computed)
    for field in dict.fromkeys([*one, *other]):
        had, has = one.get(field, "nothing"), other.get(field, "nothing")
        if had != has:
            yield Difference(field=f"{name}: {field}", stored=had, expected=has)


def _evidence(line: LineItem) -> dict[str, str]:
    step = line.explanation.step
    values = {field.name: getattr(step, field.name) for field in fields(step)}
    values |= {"step": type(step).__name__, "kind": line.kind, "id": line.id, "stretch": line.period}
    return {name: plain(value) if isinstance(value, Decimal) else str(value) for name, value in values.items()}


def _tax(line: LineItem) -> str:
    return f"{line.tax_category} {plain(line.tax_percent)}%" + " included" * line.tax_inclusive


def _line(line: LineItem | None, currency: str) -> str:
    if line is None:
        return "missing"
    return f"{plain(line.quantity)} × {unit_price(line.unit_price, currency)} = {amount(line.amount, currency)}"


def _period(document: Invoice | CreditNote) -> str:
    return f"{document.period.start.isoformat()} to {document.period.end.isoformat()}"


def _kind(document: Invoice | CreditNote) -> str:
    return "an invoice" if isinstance(document, Invoice) else "a credit note"
