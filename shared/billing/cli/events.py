"""`billing events`: look at the outbox, deliver what is due, put an event back."""

from collections.abc import Sequence
from datetime import datetime

from rich.markup import escape

from billing.cli.directory import call_on, instant_of, open_place
from billing.cli.errors import DONE, HAD_FAILURES, Refused
from billing.cli.place import Place
from billing.cli.screen import Json, answers, columns, complaints, write_json
from billing.domain.event import EventField
from billing.domain.event_delivery import EventStatus, OutgoingEvent
from billing.domain.tenant import Tenant
from billing.store.events import Events
from billing.store.ids import checked_id
from billing.usecases.deliver_events import EventFailure, EventsDelivered
from billing.usecases.retry_event import retry_event, retry_events


def show_list(limit: int, *, failed: bool, place: Place) -> None:
    """Print the latest events, or those that were given up."""
    engine, tenant = open_place(place)
    statuses = [EventStatus.FAILED] if failed else [*EventStatus]
    found = [each.value for each in Events.of(engine.documents, tenant.id).list(limit=limit, statuses=statuses)]
    if place.as_json:
        write_json({"tenant_id": tenant.id, "events": [_event_json(each, tenant.id) for each in found]})
    else:
        _print_list(found)


def show_one(event_id: str, *, place: Place) -> None:
    """Print one event with every try that is kept."""
    engine, tenant = open_place(place)
    found = Events.of(engine.documents, tenant.id).get(checked_id("event", event_id)).value
    if place.as_json:
        write_json({"tenant_id": tenant.id, **_event_json(found, tenant.id)})
    else:
        _print_one(found)


def run_test(place: Place) -> int:
    """Send a test event and say what came of it; the exit code."""
    engine, tenant = open_place(place)
    _require_address(tenant)
    event_id = engine.send_test_event(call_on(tenant))
    found = Events.of(engine.documents, tenant.id).get(event_id).value
    if place.as_json:
        write_json({"tenant_id": tenant.id, **_event_json(found, tenant.id)})
    else:
        _print_one(found)
    return DONE if found.delivery.status is EventStatus.DELIVERED else HAD_FAILURES


def run_deliver(place: Place) -> int:
    """Deliver what is due and say what became of it; the exit code."""
    engine, tenant = open_place(place)
    return _answer(engine.deliver_events(call_on(tenant)), tenant=tenant, place=place)


def run_retry(event_id: str, *, place: Place) -> int:
    """Put one event back and deliver what is due; the exit code. Refused where the tenant has no address."""
    engine, tenant = open_place(place)
    _require_address(tenant)
    call = call_on(tenant)
    retry_event(engine.documents, checked_id("event", event_id), call=call)
    return _answer(engine.deliver_events(call), tenant=tenant, place=place)


def run_retry_many(since: str, until: str | None, *, everything: bool, place: Place) -> int:
    """Put back what was given up in a stretch of time, or all of it, and deliver what is due; the exit code.

    Instants and days are those of the tenant's zone where they have no offset of their own.
    """
    engine, tenant = open_place(place)
    _require_address(tenant)
    call = call_on(tenant)
    start = instant_of(since, zone=tenant.zone, option="--since")
    end = call.recorded_at if until is None else instant_of(until, zone=tenant.zone, option="--until")
    statuses = [*EventStatus] if everything else [EventStatus.FAILED]
    number = retry_events(engine.documents, since=start, until=end, statuses=statuses, call=call)
    if not place.as_json:
        answers().print(f"{number} put back")
    return _answer(engine.deliver_events(call), tenant=tenant, place=place)


def _require_address(tenant: Tenant) -> None:
    if not tenant.event_url:
        message = f"{tenant.id} has no address for events; `billing tenants set event_url=https://...` gives it one"
        raise Refused(message)


def _answer(report: EventsDelivered, *, tenant: Tenant, place: Place) -> int:
    if place.as_json:
        errors = [_failure_json(each) for each in report.failures]
        counts = {"delivered": report.delivered, "not_wanted": report.not_wanted}
        write_json({"tenant_id": tenant.id, **counts, "next_at": report.next_at, "errors": errors})
    else:
        answers().print(f"{report.delivered} delivered")
        if report.not_wanted:
            answers().print(f"{report.not_wanted} not wanted: {tenant.id} has no event_url")
        if report.next_at is not None:
            answers().print(f"more is due from {_instant(report.next_at)} UTC on", highlight=False)
        for each in report.failures:
            complaints().print(f"{each.subject}: {each.error} ({_outlook(each)})", style="red", markup=False)
    return HAD_FAILURES if report.failures else DONE


def _outlook(failure: EventFailure) -> str:
    return "given up" if failure.status is EventStatus.FAILED else "it will be tried again"


def _print_list(found: Sequence[OutgoingEvent]) -> None:
    console = answers()
    if not found:
        console.print("No events.")
        return
    table = columns("", "bold", "", "", "", "", "", right=(5,))
    table.add_row("UTC", "Event", "Type", "About", "Status", "Tries", "Last error", style="dim")
    for each in found:
        event, delivery = each.event, each.delivery
        when, status = f"{event.occurred_at:%Y-%m-%d %H:%M}", delivery.status.value.replace("_", " ")
        error = escape(delivery.error)
        table.add_row(when, event.id, event.type.value, event.subject, status, str(delivery.tries), error)
    console.print(table)


def _print_one(found: OutgoingEvent) -> None:
    event, delivery, console = found.event, found.delivery, answers()
    console.print(f"{event.type.value} of {event.subject}, {_instant(event.occurred_at)} UTC", highlight=False)
    for name, value in event.fields.items():
        console.print(f"  {name}: {_value(value)}", highlight=False, markup=False)
    console.print(delivery.status.value.replace("_", " "))
    for each in delivery.log:
        outcome = each.error or f"answered with status {each.status}"
        console.print(f"  {_instant(each.at)} UTC, {each.milliseconds} ms: {outcome}", highlight=False, markup=False)
    if delivery.next_try_at is not None:
        console.print(f"  {_instant(delivery.next_try_at)} UTC or later: the next try", highlight=False)


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _value(value: EventField) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(value) or "-"
    return "-" if value in (None, "") else str(value)


def _event_json(outgoing: OutgoingEvent, tenant_id: str) -> Json:
    event, delivery = outgoing.event, outgoing.delivery
    return {
        "id": event.id,
        "type": event.type.value,
        "subject": event.subject,
        "occurred_at": event.occurred_at,
        "data": event.data(tenant_id),
        "status": delivery.status.value,
        "tries": delivery.tries,
        "tried_at": delivery.tried_at,
        "next_try_at": delivery.next_try_at,
        "error": delivery.error,
        "log": [
            {"at": each.at, "status": each.status, "milliseconds": each.milliseconds, "error": each.error}
            for each in delivery.log
        ],
    }


def _failure_json(failure: EventFailure) -> Json:
    return {
        "event_id": failure.event_id,
        "subject": failure.subject,
        "status": failure.status.value,
        "code": failure.error.code,
        "message": str(failure.error),
    }
