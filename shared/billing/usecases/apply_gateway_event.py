"""Apply an event of the gateway: a hint about an object that is fetched, once for each event id (semantics 8)."""

from enum import StrEnum
from typing import assert_never

from billing.ports import Documents, EventAbout, GatewayEvent, WriteConflict
from billing.store.gateway_events import GatewayEvents
from billing.usecases.call import Call
from billing.usecases.follow_checkout import HostedPages, follow_checkout, follow_customer
from billing.usecases.follow_payment import Followed, follow_payment


class Applied(StrEnum):
    """What became of an event: applied, known before, or nothing that concerns this tenant's books."""

    APPLIED = "applied"
    KNOWN = "known"
    IGNORED = "ignored"


def apply_gateway_event(documents: Documents, pages: HostedPages, event: GatewayEvent, *, call: Call) -> Applied:
    """Bring the books up to the object that an event is about.

    The event is remembered after what it led to stands: a crash in between leaves it to the gateway's next try, which
    changes nothing that is done already. Raises what following raises; the same event may then be sent again.
    """
    if event.about is EventAbout.NOTHING:
        return Applied.IGNORED
    events = GatewayEvents.of(documents, call.tenant_id)
    if events.was_applied(event.id):
        return Applied.KNOWN
    followed = _follow(documents, pages, event, call=call)
    try:
        documents.commit([events.creation(event, outcome=followed.value, applied_at=call.recorded_at)])
    except WriteConflict:  # the same event came twice at once
        return Applied.KNOWN
    return Applied.IGNORED if followed is Followed.NOT_OURS else Applied.APPLIED


def _follow(documents: Documents, pages: HostedPages, event: GatewayEvent, *, call: Call) -> Followed:
    match event.about:
        case EventAbout.PAYMENT:
            return follow_payment(documents, pages.gateway, event.subject, call=call).outcome
        case EventAbout.CHECKOUT:
            return follow_checkout(documents, pages, event.subject, call=call)
        case EventAbout.CUSTOMER:
            return follow_customer(documents, pages, event.subject, call=call)
        case EventAbout.NOTHING:
            return Followed.NOT_OURS
        case _:
            assert_never(event.about)
