"""Put subscriptions on the right plan version where they are on a wrong one, from the first period not billed on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from billing.domain.catalog import Plan
from billing.domain.errors import BillingError, InvalidInput, NotFound
from billing.domain.event import EventType
from billing.domain.invoice import InvoiceStatus
from billing.domain.invoicing import open_cycle
from billing.domain.plan_correction import not_billed_since, with_plan_corrected
from billing.domain.subscription import Plans, Subscription
from billing.domain.subscription_events import subscription_event
from billing.ports import Documents
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.invoices import Invoices
from billing.store.plans import PlanVersions
from billing.store.subscriptions import Subscriptions
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name
from billing.usecases.tell import told


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionFailure:
    """A subscription that could not be put on the right version."""

    subscription_id: str
    error: BillingError


@dataclass(slots=True, kw_only=True)
class CorrectionReport:
    """The ids of the subscriptions that are on the right version now, and why others are not."""

    corrected: list[str] = field(default_factory=list)
    failures: list[CorrectionFailure] = field(default_factory=list)


def correct_plan(
    documents: Documents,
    *,
    wrong: str,
    right: str,
    call: Call,
    since: datetime | None = None,
    subscription_ids: Sequence[str] | None = None,
    dry_run: bool = False,
) -> CorrectionReport:
    """Replace plan version `wrong` by `right` (refs) from `since` (UTC) or from each one's first period not billed.

    Of all subscriptions or of these. One that an invoice or a draft has billed for that time is named and left: reject
    the draft, or void the invoice (to be reissued), first. Correcting again changes nothing; a `dry_run` only says what
    would be done. Raises NotFound.
    """
    correction = _Correction(documents=documents, call=call, since=since, dry_run=dry_run, report=CorrectionReport())
    plans = correction.plans([wrong, right])
    for each in correction.subscriptions(subscription_ids):
        if any(phase.plan == wrong for phase in each.value.phases):
            try:
                correction.correct(each, wrong=plans[wrong], right=plans[right])
            except BillingError as error:
                failure = CorrectionFailure(subscription_id=each.value.id, error=error)
                correction.report.failures.append(failure)
    return correction.report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Correction:
    documents: Documents
    call: Call
    since: datetime | None
    dry_run: bool
    report: CorrectionReport

    def plans(self, refs: Sequence[str]) -> Plans:
        found: dict[str, Plan] = {}
        for ref, plan in zip(refs, PlanVersions.of(self.documents, self.call.tenant_id).get(refs), strict=True):
            if isinstance(plan, BillingError):
                raise plan
            found[ref] = plan
        return found

    def subscriptions(self, ids: Sequence[str] | None) -> Iterator[Stored[Subscription]]:
        stored = Subscriptions.of(self.documents, self.call.tenant_id)
        if ids is not None:
            for subscription_id, found in zip(ids, stored.get(ids), strict=True):
                if found is None:
                    raise NotFound("subscription", subscription_id)
                yield found
            return
        yield from stored.all()

    def correct(self, before: Stored[Subscription], *, wrong: Plan, right: Plan) -> None:
        """Correct one; WriteConflict where somebody else changed it since it was read."""
        since = self.since or self._not_billed_since(before.value)
        after = with_plan_corrected(before.value, wrong=wrong, right=right, since=since)
        if after == before.value:
            return
        self._require_not_billed(before.value, since=since)
        if not self.dry_run:
            self._write(before, after, wrong=wrong, right=right, since=since)
        self.report.corrected.append(after.id)

    def _write(
        self, before: Stored[Subscription], after: Subscription, *, wrong: Plan, right: Plan, since: datetime
    ) -> None:
        record = self.call.record(
            f"subscriptions/{after.id}",
            "subscription.plan_corrected",
            before=wrong.ref,
            after=right.ref,
            reason=f"from {since.isoformat()} on",
        )
        subscriptions = Subscriptions.of(self.documents, self.call.tenant_id)
        audit = AuditLog.of(self.documents, self.call.tenant_id).batch(
            [record],
            batch_id=commit_name("correct", after.id, before.version),
            recorded_at=self.call.recorded_at,
        )
        at = self.call.recorded_at
        event = subscription_event(EventType.SUBSCRIPTION_CHANGED, after, at=at, version=before.version)
        news = told(self.documents, [event], call=self.call)
        self.documents.commit([subscriptions.phases_changed(before, after), *news, audit])

    def _not_billed_since(self, subscription: Subscription) -> datetime:
        if subscription.next_billing_at is None:
            expected = "a date, as the subscription has had its last bill"
            raise InvalidInput("since", expected=expected, given=None)
        return not_billed_since(open_cycle(subscription, self.plans([each.plan for each in subscription.phases])))

    def _require_not_billed(self, subscription: Subscription, *, since: datetime) -> None:
        for each in Invoices.of(self.documents, self.call.tenant_id).of_subscription(subscription.id):
            invoice = each.value
            if invoice.status is not InvoiceStatus.VOID and invoice.period.end > since:
                way_out = "reject it" if invoice.status is InvoiceStatus.DRAFT else "void it"
                raise InvalidInput(
                    "since",
                    expected=f"time that nothing has billed; {invoice.number or invoice.id} has, so {way_out} first",
                    given=since.isoformat(),
                )
