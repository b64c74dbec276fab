"""The review queue: what waits for a person to decide, why, and what was decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from billing.domain.guard import deviation
from billing.domain.invoice import Invoice
from billing.domain.money import Money
from billing.domain.stamp import stamp
from billing.domain.tax_treatment import TaxParty, rests_on_register
from billing.domain.tenant import Tenant, UnconfirmedVatId


class ReviewKind(StrEnum):
    """Why something waits.

    Every invoice of the tenant does, the guard found it unusual, nobody confirmed the customer's VAT id, or it is
    unpaid for too long.

    Cases of dunning stand on their invoices; `review_of_case` shows them in this queue, which never keeps one.
    """

    APPROVAL = "approval"
    GUARD = "guard"
    VAT_ID = "vat_id"
    DUNNING = "dunning"


class ReviewStatus(StrEnum):
    """Whether somebody has decided."""

    OPEN = "open"
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """What was decided of a held invoice: it was issued, or taken back to be billed anew."""

    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why a drafted invoice waits: a sentence, and the `figures` behind it as text (amounts in major units)."""

    kind: ReviewKind
    reason: str
    figures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One case of the queue: about which `entity` (`invoices/ID`) of which customer, why, and what became of it.

    `bill_for_date` is the held invoice's: cases are worked off oldest bill first. `actor` decided, at `resolved_at`.
    """

    id: str
    kind: ReviewKind
    entity: str
    customer_id: str
    reason: str
    opened_at: datetime
    figures: Mapping[str, str] = field(default_factory=dict)
    bill_for_date: datetime | None = None
    status: ReviewStatus = ReviewStatus.OPEN
    resolution: Resolution | None = None
    note: str = ""
    actor: str = ""
    resolved_at: datetime | None = None

    @property
    def invoice_id(self) -> str:
        """The id of the invoice that the case is about."""
        return self.entity.partition("/")[2]


def why_held(invoice: Invoice, *, buyer: TaxParty, recent: Sequence[int], tenant: Tenant) -> Hold | None:
    """Why a drafted invoice is not issued at once, or None; what was found is said before that all wait.

    `buyer` is its customer's taxation, and `recent` holds the latest subtotals that its subscription was billed
    (semantics 3 and 6).
    """
    unusual = _unusual(invoice, recent=recent, tenant=tenant)
    unconfirmed = _unconfirmed(invoice, buyer=buyer, tenant=tenant)
    if unusual is not None and unconfirmed is not None:
        return replace(unusual, reason=f"{unusual.reason}; {unconfirmed.reason}")
    if unusual is not None or unconfirmed is not None:
        return unusual or unconfirmed
    if tenant.approval:
        return Hold(kind=ReviewKind.APPROVAL, reason="every invoice waits for approval")
    return None


def _unusual(invoice: Invoice, *, recent: Sequence[int], tenant: Tenant) -> Hold | None:
    found = None if tenant.guard is None else deviation(invoice.subtotal, recent=recent, guard=tenant.guard)
    if found is None:
        return None
    shown = {"subtotal": found.subtotal, "mean": found.mean}
    figures = {name: str(Money(minor, invoice.currency).amount) for name, minor in shown.items()}
    before = ", ".join(str(Money(minor, invoice.currency).amount) for minor in found.recent)
    figures |= {"recent": before, "factor": str(found.factor), "currency": invoice.currency}
    return Hold(kind=ReviewKind.GUARD, reason=found.reason(invoice.currency), figures=figures)


def _unconfirmed(invoice: Invoice, *, buyer: TaxParty, tenant: Tenant) -> Hold | None:
    """Nothing at stake is no reason to wait: an invoice of 0 is the same with and without VAT."""
    if tenant.unconfirmed_vat_id is UnconfirmedVatId.CHARGE or not invoice.total:
        return None
    if not rests_on_register(buyer, seller_country=tenant.seller.country):
        return None
    shown = {"vat_id": buyer.vat_id, "tax": str(Money(invoice.tax, invoice.currency).amount)}
    reason = f"the register has not confirmed {buyer.vat_id}, so VAT is charged"
    return Hold(kind=ReviewKind.VAT_ID, reason=reason, figures={**shown, "currency": invoice.currency})


def review_of(invoice: Invoice, hold: Hold, *, opened_at: datetime) -> Review:
    """The case of a held invoice, at the UTC instant at which it was drafted."""
    return Review(
        id=f"{invoice.id}@{stamp(opened_at)}",
        kind=hold.kind,
        entity=f"invoices/{invoice.id}",
        customer_id=invoice.customer_id,
        reason=hold.reason,
        opened_at=opened_at,
        figures=hold.figures,
        bill_for_date=invoice.bill_for_date,
    )


def review_of_case(invoice: Invoice) -> Review | None:
    """An invoice whose dunning case waits for a person, as the queue shows it; None for any other."""
    case = invoice.dunning
    if case is None or case.review is None or not case.in_review:
        return None
    due = str(Money(invoice.amount_due, invoice.currency).amount)
    return Review(
        id=invoice.id,
        kind=ReviewKind.DUNNING,
        entity=f"invoices/{invoice.id}",
        customer_id=invoice.customer_id,
        reason=case.review.reason,
        opened_at=case.review.opened_at,
        figures={"number": invoice.number, "due": due, "currency": invoice.currency},
        bill_for_date=invoice.bill_for_date,
    )
