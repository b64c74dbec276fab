"""Replace a recorded usage event: the old quantity goes out and the new one in with one commit (semantics 4)."""

from collections.abc import Callable
from decimal import Decimal

from billing.domain.catalog import Aggregation
from billing.domain.errors import BillingError, InvalidInput
from billing.domain.rollup import Used
from billing.domain.usage import UsageEvent, bucket_of
from billing.store.codec import BrokenDocument
from billing.usecases.usage_entries import UsageEntry, write_entry
from billing.usecases.usage_writes import MeteredEvent, UsageWriter, Written

Readmit = Callable[[UsageEvent], MeteredEvent | BillingError]
"""How an event that was recorded before is metered now, or why it can't be touched any more."""

_ADDED_UP = (Aggregation.SUM, Aggregation.COUNT)


def replace_usage(writer: UsageWriter, metered: MeteredEvent, *, readmit: Readmit, result: Written) -> None:
    """Record an event in place of the one that it names. Neither event is edited: the old one only says by what.

    Refused, with the reason, unless the old one is a recorded event of the same subscription and meter that nothing
    replaced yet, and the meter adds up.
    """

    def prepare() -> UsageEntry | None:
        event = metered.event
        (known,) = writer.events.get([event.id])
        if known is not None:
            result.known[event.id] = known
            return None
        old = writer.events.stored(event.replaces)
        if isinstance(old, BrokenDocument):
            raise InvalidInput("replaces", expected="a recorded event, not a report", given=event.replaces)
        if old is None:
            raise InvalidInput("replaces", expected="the id of a recorded event", given=event.replaces)
        _require_replaceable(old.value, event)
        before = readmit(old.value)
        if isinstance(before, BillingError):
            expected = f"an event that may still be changed ({before})"
            raise InvalidInput("replaces", expected=expected, given=event.replaces)
        taken_out = Used(occurred_at=old.value.occurred_at, bucket=-_added(before))
        put_in = Used(occurred_at=event.occurred_at, bucket=_added(metered))
        return UsageEntry(
            id=event.id,
            subscription=metered.subscription,
            meter=event.meter,
            parts=((before.aggregation, taken_out), (metered.aggregation, put_in)),
            documents=(
                writer.events.creation(event, expires_at=writer.expires_at(event)),
                writer.events.replaced(old, by=event.id),
            ),
        )

    write_entry(writer, metered.event.id, prepare, result=result)


def _require_replaceable(old: UsageEvent, event: UsageEvent) -> None:
    if (old.subscription_id, old.meter) != (event.subscription_id, event.meter):
        expected = f"an event of {event.meter} of {event.subscription_id}"
        raise InvalidInput("replaces", expected=expected, given=f"one of {old.meter} of {old.subscription_id}")
    if old.replaced_by:
        expected = f"an event that nothing replaced yet; {old.replaced_by} stands for it now"
        raise InvalidInput("replaces", expected=expected, given=old.id)


def _added(metered: MeteredEvent) -> Decimal:
    """What an event adds to its bucket; InvalidInput for a meter that keeps no sum to take it out of."""
    bucket = bucket_of(metered.aggregation, metered.event)
    if metered.aggregation not in _ADDED_UP or not isinstance(bucket, Decimal):
        raise InvalidInput("replaces", expected="a meter of sums or counts", given=metered.aggregation.value)
    return bucket
