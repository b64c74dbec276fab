"""Preview what a customer's next invoice comes to, as it stands at a date; nothing is written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from billing.domain.credit import CreditNote
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.invoice import Invoice
from billing.domain.invoicing import CreditDraft, Draft, Skip, SkipReason
from billing.domain.subscription import Subscription
from billing.ports import Documents
from billing.store.collection import Stored
from billing.usecases.draft_page import draft_cases
from billing.usecases.gather_facts import DueCase, gather_facts
from billing.usecases.run_context import RunContext, RunRequest, start_run

_MOST_BILLS = 400
"""As far ahead as a preview counts: a year of days, or 400 months."""


class NothingToPreview(InvalidInput):
    """Nobody is billed: there is no subscription with a bill to come."""

    code: ClassVar[str] = "nothing_to_preview"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The next bill of a subscription: an invoice without a number, a credit note in its place, or why neither.

    `bill_for_date` is when it will be due.
    """

    subscription_id: str
    bill_for_date: datetime
    outcome: Invoice | CreditNote | str


def preview_invoices(
    documents: Documents,
    *,
    tenant_id: str,
    at: datetime,
    customer_id: str | None = None,
    subscription_id: str | None = None,
) -> list[Preview]:
    """The next bill of one subscription, or of each of a customer's, at a UTC instant.

    It is the first one due at or after `at`, with the usage recorded until then and the fees as they will be prorated;
    bills that come before it are made in mind, not in the store. Raises NotFound, NothingToPreview, and what keeps a
    bill from being made.
    """
    request = RunRequest(tenant_id=tenant_id, as_of=at, recorded_at=at, run_id="preview", actor="preview", dry_run=True)
    context = start_run(documents, request, payment_url=lambda _invoice_id: "")
    found = _subscriptions(context, customer_id=customer_id, subscription_id=subscription_id)
    billed = [each for each in found if each.value.next_billing_at is not None]
    if not billed:
        given = subscription_id or customer_id
        raise NothingToPreview("subscription", expected="one with a bill to come", given=given)
    return [_preview(context, each, at=at) for each in billed]


def bills_until(
    context: RunContext, subscription: Stored[Subscription], *, until: datetime, at: datetime
) -> list[Preview]:
    """The bills to come of a subscription as it stands or might, up to the first at or after `until` (both UTC).

    The usage of days that have begun at `at` counts. None where it has had its last bill. Raises what keeps a bill from
    being made, and InvalidInput for an instant hundreds of bills away.
    """
    found: list[Preview] = []
    if subscription.value.next_billing_at is None:
        return found
    for draft in _bills(context, subscription, at=at):
        due, following = draft.cycle.bill_for_date, draft.subscription.next_billing_at
        found.append(Preview(subscription_id=subscription.value.id, bill_for_date=due, outcome=_outcome(draft)))
        if due >= until or following in (None, due):
            return found
    raise InvalidInput("at", expected=f"an instant within the next {_MOST_BILLS} bills", given=until.isoformat())


def _subscriptions(
    context: RunContext, *, customer_id: str | None, subscription_id: str | None
) -> Sequence[Stored[Subscription]]:
    if subscription_id is not None:
        [found] = context.subscriptions.get([subscription_id])
        if found is None:
            raise NotFound("subscription", subscription_id)
        return [found]
    if customer_id is None or context.customers.get([customer_id]) == [None]:
        raise NotFound("customer", str(customer_id))
    return context.subscriptions.of_customer(customer_id)


def _preview(context: RunContext, subscription: Stored[Subscription], *, at: datetime) -> Preview:
    for draft in _bills(context, subscription, at=at):
        following = draft.subscription.next_billing_at
        if draft.cycle.bill_for_date >= at or following in (None, draft.cycle.bill_for_date):
            return Preview(
                subscription_id=subscription.value.id,
                bill_for_date=draft.cycle.bill_for_date,
                outcome=_outcome(draft),
            )
    raise InvalidInput("at", expected=f"an instant within the next {_MOST_BILLS} bills", given=at.isoformat())


def _bills(
    context: RunContext, subscription: Stored[Subscription], *, at: datetime
) -> Iterator[Draft | CreditDraft | Skip]:
    """The bills to come, one after the other, each as the one before it leaves the subscription.

    One that waits for the customer's return moves nothing on, and none comes after it.
    """
    for _ in range(_MOST_BILLS):
        cases = [
            _until(each, at) if isinstance(each, DueCase) else each for each in gather_facts(context, [subscription])
        ]
        page = draft_cases(context, [subscription], cases)
        for _, error in page.refused:
            raise error
        if page.waiting:
            [case] = page.waiting
            yield Skip(reason=SkipReason.SUSPENDED, cycle=case.cycle, subscription=subscription.value)
            return
        [drafted] = page.drafted
        yield drafted.draft
        subscription = replace(subscription, value=drafted.draft.subscription)


def _until(case: DueCase, at: datetime) -> DueCase:
    """The case with the usage of the days that have begun by then."""
    rollups = [
        replace(
            each, value=replace(each.value, buckets={day: used for day, used in each.value.buckets.items() if day < at})
        )
        for each in case.rollups
    ]
    return replace(case, rollups=rollups)


def _outcome(draft: Draft | CreditDraft | Skip) -> Invoice | CreditNote | str:
    match draft:
        case Draft():
            return draft.invoice
        case CreditDraft():
            return draft.credit_note
        case Skip():
            return draft.reason.value
