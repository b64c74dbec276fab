"""Compute a page of stored documents again: subscriptions as they stood, and their facts, in a few batched reads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from billing.domain.credit import CreditNote
from billing.domain.errors import BillingError, NotFound
from billing.domain.invoice import Invoice
from billing.domain.invoicing import CreditDraft, Draft, Skip
from billing.domain.late_usage import late_usage_of
from billing.domain.recomputed import StoredFacts, as_it_stood, recompute
from billing.domain.subscription import Subscription
from billing.domain.usage import Bucket
from billing.store.codec import BrokenDocument
from billing.store.collection import Stored
from billing.store.subscriptions import decode_subscription
from billing.usecases.gather_facts import DueCase, gather_facts
from billing.usecases.refusal import Refused, foreseen
from billing.usecases.run_context import RunContext

Outcome = Draft | CreditDraft | Skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """A document and what it comes to now: None where it does not keep what it was computed from, or an error."""

    document: Invoice | CreditNote
    outcome: Outcome | BillingError | None


def recompute_page(context: RunContext, documents: Sequence[Invoice | CreditNote]) -> list[Recomputed]:
    """What each document of a page comes to, in order; nothing is raised for any one of them."""
    subscriptions = _subscriptions(context, documents)
    standing = [_standing(each, subscriptions[each.subscription_id]) for each in documents]
    cases = iter(gather_facts(context, [each for each in standing if isinstance(each, Stored)]))
    return [
        Recomputed(document=each, outcome=_outcome(context, each, next(cases)) if isinstance(one, Stored) else one)
        for each, one in zip(documents, standing, strict=True)
    ]


def facts_of(context: RunContext, case: DueCase, *, invoice_id: str) -> StoredFacts:
    """The facts of a bill, with the late usage that was billed by it."""
    usage: dict[str, dict[datetime, Bucket]] = {}
    for rollup in case.rollups:
        usage.setdefault(rollup.value.meter, {}).update(rollup.value.buckets)
    return StoredFacts(
        tenant=context.tenant,
        subscription=case.subscription.value,
        plans=case.plans,
        usage=usage,
        late=late_usage_of([each.value for each in case.late], invoice_id=invoice_id) if case.late else {},
        taxes=context.taxes,
    )


def _subscriptions(
    context: RunContext, documents: Sequence[Invoice | CreditNote]
) -> dict[str, Stored[Subscription] | BillingError]:
    ids = sorted({each.subscription_id for each in documents})
    found: dict[str, Stored[Subscription] | BillingError] = {}
    for each, document in zip(ids, context.subscriptions.collection.get(ids), strict=True):
        try:
            found[each] = NotFound("subscription", each) if document is None else decode_subscription(document)
        except BrokenDocument as error:
            found[each] = error
    return found


def _standing(
    document: Invoice | CreditNote, subscription: Stored[Subscription] | BillingError
) -> Stored[Subscription] | BillingError | None:
    if isinstance(subscription, BillingError) or document.basis is None:
        return subscription if isinstance(subscription, BillingError) else None
    try:
        before = as_it_stood(subscription.value, document, basis=document.basis)
    except BillingError as error:  # its basis is not one that a subscription can have had
        return error
    return replace(subscription, value=before)


def _outcome(context: RunContext, document: Invoice | CreditNote, case: DueCase | Refused) -> Outcome | BillingError:
    if not isinstance(case, DueCase) or document.basis is None:
        return NotFound("basis", document.id) if isinstance(case, DueCase) else case[1]
    try:
        return recompute(document, facts_of(context, case, invoice_id=document.id), basis=document.basis)
    except Exception as error:  # noqa: BLE001 - one document that can't be computed stops no other
        return foreseen(error)
