"""Decide on a change of a subscription's life: what it becomes, and what is given back for it; nothing is written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from billing.domain.billing_cycle import bill_made_at, next_bill_for
from billing.domain.catalog import Billed
from billing.domain.credit_request import CreditRequest, LinesCredit
from billing.domain.errors import BillingError, InvalidInput, NotFound
from billing.domain.life_change import Cancellation, CancellationUndone, LifeChange, PlanChange, changed, effective_at
from billing.domain.payment import RefundTarget
from billing.domain.period import Period, local_date, local_midnight
from billing.domain.rollup import months_of, rollup_id
from billing.domain.stamp import stamp
from billing.domain.subscription import Plans, Subscription, Unused
from billing.domain.unused_time import line_credits, unused_time
from billing.store.collection import Stored
from billing.usecases.call import Call
from billing.usecases.issue_credit_note import PreparedCredit, prepare_credit_note
from billing.usecases.run_context import RunContext
from billing.usecases.version_check import VersionCheck, any_version

_AHEAD = timedelta(days=1)
"""Usage may be recorded so long before it occurs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedLife:
    """A subscription as it was read and as it will be, when that takes effect, and the credit note that belongs to it.

    `after` is the value that was read where the change changes nothing.
    """

    before: Stored[Subscription]
    after: Subscription
    at: datetime
    credit: PreparedCredit | None = None


def decide_life(
    context: RunContext, subscription_id: str, change: LifeChange, *, call: Call, seen: VersionCheck = any_version
) -> DecidedLife:
    """What a change that is asked for now comes to.

    Raises NotFound for an unknown subscription or plan version, InvalidInput and UnknownPlan for what can't be: the
    time was billed, usage is recorded that nothing would bill any more, a refund has no invoice of ours to refer to;
    and whatever `seen` raises of the version that was read.
    """
    [stored] = context.subscriptions.get([subscription_id])
    if stored is None:
        raise NotFound("subscription", subscription_id)
    seen(stored.version)
    before, now = stored.value, call.recorded_at
    if isinstance(change, PlanChange) and change.anchor is None:
        change = replace(change, anchor=context.tenant.interval_change)
    plans = _plans(context, before, change)
    at = effective_at(before, change, now=now)
    at_start = isinstance(change, PlanChange) and at <= before.start
    start_unbilled = at_start and _is_start_unbilled(context, before, plans)
    after = changed(before, change, plans=plans, now=now, start_unbilled=start_unbilled)
    was_to_end_in_trial = isinstance(change, CancellationUndone) and after.next_billing_at == after.start
    if was_to_end_in_trial and _has_first_bill(context, after):  # a run that was ahead made it
        after = replace(after, next_billing_at=next_bill_for(after, after=after.start))
    if after == before:
        return DecidedLife(before=stored, after=before, at=at)
    _require_usage_billed(context, before, change, plans=plans, at=at, now=now)
    credit = _credit(context, after, plans, call=call) if isinstance(change, Cancellation) else None
    return DecidedLife(before=stored, after=replace(after, changed_at=now), at=at, credit=credit)


def _plans(context: RunContext, subscription: Subscription, change: LifeChange) -> Plans:
    refs = {phase.plan for phase in subscription.phases}
    if isinstance(change, PlanChange):
        refs.add(change.plan)
    context.load_plans(refs)
    found = {ref: context.plans[ref] for ref in refs}
    for each in found.values():
        if isinstance(each, BillingError):
            raise each
    return {ref: plan for ref, plan in found.items() if not isinstance(plan, BillingError)}


def _is_start_unbilled(context: RunContext, subscription: Subscription, plans: Plans) -> bool:
    """Whether the bill of its start, one in advance, had nothing to bill: no document was made of it, here or before.

    The subscription alone can't tell: also what only a one-time charge made a bill leaves nothing paid ahead behind.
    """
    start, billed_from = subscription.start, subscription.billed_from
    is_elsewhere = billed_from is not None and billed_from > start
    in_advance = bill_made_at(subscription, plans, at=start) is Billed.IN_ADVANCE
    if subscription.prepaid or is_elsewhere or not in_advance:
        return False
    return not _has_first_bill(context, subscription)


def _has_first_bill(context: RunContext, subscription: Subscription) -> bool:
    """Whether there is a document of the bill of its start."""
    first = [f"{subscription.id}.{stamp(subscription.start)}.r0"]
    return [*context.invoices.get(first), *context.credit_notes.get(first)] != [None, None]


def _require_usage_billed(
    context: RunContext, subscription: Subscription, change: LifeChange, *, plans: Plans, at: datetime, now: datetime
) -> None:
    """Refuse an end, or a plan that lacks a meter, before usage that is recorded: it is always billed (semantics 5)."""
    meters = {metered.meter for phase in subscription.phases for metered in plans[phase.plan].metered}
    match change:
        case Cancellation():
            since = at
        case PlanChange(plan=ref):
            meters -= {metered.meter for metered in plans[ref].metered}
            since = local_midnight(local_date(at, zone=subscription.zone), zone=subscription.zone)
        case _:
            return
    used = list(_used_since(context, subscription, sorted(meters), since=since, until=now + _AHEAD))
    if used:
        start, meter = max(used)
        day = local_date(start, zone=subscription.zone)
        raise InvalidInput("at", expected=f"an instant after the usage of {meter} recorded for {day}", given=at)


def _used_since(
    context: RunContext, subscription: Subscription, meters: Iterable[str], *, since: datetime, until: datetime
) -> Iterator[tuple[datetime, str]]:
    """The buckets with usage from `since` on, each with its meter."""
    if until < since:
        return
    months = months_of(Period(start=since, end=until + _AHEAD), zone=subscription.zone)
    ids = {rollup_id(subscription.id, meter, month): meter for meter in meters for month in months}
    for rollup in context.rollups.get(list(ids)):
        if rollup is not None:
            starts = [start for part in (rollup.value.buckets, rollup.value.late) for start in part]
            yield from ((start, ids[rollup.value.id]) for start in starts if start >= since)


def _credit(context: RunContext, after: Subscription, plans: Plans, *, call: Call) -> PreparedCredit | None:
    """The credit note against the invoice that billed unused time, where it is asked for and there is any."""
    if after.unused not in (Unused.REFUND, Unused.OFFSET):
        return None
    currency = plans[after.phases[0].plan].currency
    unused = unused_time(after, currency=currency, rounding=context.tenant.rounding)
    if not unused or after.end is None:
        return None
    ids = sorted({each.prepaid.invoice_id for each in unused})
    [invoice] = context.invoices.get(ids) if len(ids) == 1 and ids[0] else [None]
    if invoice is None:
        expected = "credit or none, as no single invoice made here billed what was paid ahead"
        raise InvalidInput("unused", expected=expected, given=after.unused.value)
    request = CreditRequest(
        key=f"unused-{stamp(after.end)}",
        what=LinesCredit(lines=line_credits(unused, invoice.value)),
        reason=f"Cancelled from {local_date(after.end, zone=after.zone)} on",
        refund_to=RefundTarget.BALANCE if after.unused is Unused.OFFSET else None,
    )
    return prepare_credit_note(context, invoice, request, call=call)
