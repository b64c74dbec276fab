"""Verify roll-ups against the raw events that are kept: what is billed rests on roll-ups, and they on events."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby

from billing.domain.errors import BillingError
from billing.domain.finding import Finding, FindingKind
from billing.domain.period import local_date
from billing.domain.rollup import UsageRollup
from billing.domain.usage import Bucket, bucket_of
from billing.domain.usage_check import UsageDifference, differing_days
from billing.domain.usage_report import UsageReport
from billing.ports import Document, Filter, Query
from billing.store.codec import BrokenDocument
from billing.store.usage import UsageEvents, decode_rollup
from billing.usecases.verification import Verification


def verify_usage(verification: Verification) -> None:
    """Add up the events of each roll-up of the period again, one subscription and meter at a time."""
    rollups = _rollups(verification)
    for (subscription_id, meter), group in groupby(rollups, key=lambda each: (each.subscription_id, each.meter)):
        months = list(group)
        try:
            _verify_meter(verification, months)
        except BillingError as error:
            message = f"usage of {meter} of {subscription_id} can't be added up: {error}"
            verification.find(FindingKind.UNREADABLE, f"usage/{months[0].id}", message)


def _rollups(verification: Verification) -> Iterator[UsageRollup]:
    months, path = verification.request.periods, verification.context.rollups.collection.path
    query = Query(path, filters=() if months is None else (Filter("month", "in", [*months]),))
    for page in verification.pages("rollups", query):
        for document in page:
            try:
                yield decode_rollup(document).value
            except BrokenDocument as error:
                verification.find(FindingKind.UNREADABLE, f"usage/{document.id}", str(error))


def _verify_meter(verification: Verification, months: list[UsageRollup]) -> None:
    """Each month's roll-up against the events of that month; what is too old to be kept is left out."""
    [subscription] = verification.context.subscriptions.get([months[0].subscription_id])
    if subscription is None:
        entity, name = f"usage/{months[0].id}", months[0].subscription_id
        message = f"usage of {months[0].meter} is kept for subscription {name}, which does not exist"
        verification.find(FindingKind.SUBSCRIPTION_MISSING, entity, message, name=name)
        return
    zone = subscription.value.zone
    if not _differences(verification, months, zone=zone):
        return
    again = verification.context.rollups.get([each.id for each in months])  # usage may have come in between two reads
    for rollup, each in _differences(verification, [one.value for one in again if one is not None], zone=zone):
        _find(verification, rollup, each)


def _differences(
    verification: Verification, months: Sequence[UsageRollup], *, zone: str
) -> list[tuple[UsageRollup, UsageDifference]]:
    by_month: dict[str, list[tuple[date, Bucket]]] = {each.month: [] for each in months}
    for day, bucket in _recorded(verification, months[0], zone=zone):
        if f"{day:%Y-%m}" in by_month:
            by_month[f"{day:%Y-%m}"].append((day, bucket))
    kept_since = verification.request.as_of - timedelta(days=verification.request.retention_days)
    since = local_date(kept_since, zone=zone)
    return [
        (rollup, each)
        for rollup in months
        for each in differing_days(rollup, by_month[rollup.month], zone=zone, since=since)
    ]


def _find(verification: Verification, rollup: UsageRollup, difference: UsageDifference) -> None:
    verification.findings.add(
        Finding(
            kind=FindingKind.USAGE_DIFFERS,
            entity=f"usage/{rollup.id}",
            name=f"{rollup.subscription_id} {rollup.meter} {difference.day}",
            message=f"usage of {rollup.meter} of {rollup.subscription_id} on {difference.day}: the roll-up says "
            f"{difference.rolled_up}, the recorded events come to {difference.recorded}",
            field=difference.day.isoformat(),
            stored=difference.rolled_up,
            expected=difference.recorded,
        )
    )


def _recorded(verification: Verification, rollup: UsageRollup, *, zone: str) -> Iterator[tuple[date, Bucket]]:
    """What was recorded of a subscription's meter, in any month: each piece with its local day."""
    events = UsageEvents.of(verification.documents, verification.request.tenant_id)
    query = Query(
        events.collection.path,
        filters=(
            Filter("subscription_id", "==", rollup.subscription_id),
            Filter("meter", "==", rollup.meter),
        ),
    )
    for page in verification.all_of(query):
        verification.read["events"] += len(page)
        for document in page:
            yield from _pieces(events, document, rollup, zone=zone)


def _pieces(
    events: UsageEvents, document: Document, rollup: UsageRollup, *, zone: str
) -> Iterator[tuple[date, Bucket]]:
    found = events.read(document)
    match found:
        case BrokenDocument():
            raise found
        case UsageReport():
            yield from ((each.day, each.quantity) for each in found.days)
        case _:
            if not found.replaced_by:
                yield local_date(found.occurred_at, zone=zone), bucket_of(rollup.aggregation, found)
