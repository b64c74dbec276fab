"""Where a tenant's events go out: one pass at a time, and a task for what has to be tried again."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from billing.adapters.event_notice import EventQueue
from billing.connections import event_posts
from billing.domain.tenant import Tenant
from billing.ports import Clock, Documents, EventSink, Secrets
from billing.store.tenants import Tenants
from billing.usecases.call import Call
from billing.usecases.deliver_events import EventsDelivered, deliver_events
from billing.usecases.event_turn import in_turn
from billing.usecases.send_test_event import send_test_event


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """What passes are made with; without a `queue` what fails waits for the next run."""

    documents: Documents
    secrets: Secrets
    clock: Clock
    loopback: bool
    queue: EventQueue | None

    def deliver(self, call: Call, *, holder: str, out_of_time: Callable[[], bool]) -> EventsDelivered:
        """Tell the tenant's own system what is due at `call.recorded_at`; NotFound for an unknown tenant.

        Nothing where another holder does so just now: that one goes on with what is due by now.
        """
        tenant = Tenants(self.documents).get(call.tenant_id)
        sink = self._sink(tenant)
        one_pass = partial(deliver_events, self.documents, sink, tenant=tenant, call=call, out_of_time=out_of_time)
        if not tenant.event_url:
            return one_pass()
        report = in_turn(self.documents, one_pass, holder=holder, call=call) or EventsDelivered()
        if report.next_at is not None and self.queue is not None:
            self.queue.ask(tenant.id, why="again", due=report.next_at)
        return report

    def send_test(self, call: Call) -> str:
        """Send a test event; its id. As `send_test_event`."""
        tenant = Tenants(self.documents).get(call.tenant_id)
        return send_test_event(self.documents, self._sink(tenant), tenant=tenant, call=call)

    def _sink(self, tenant: Tenant) -> EventSink:
        return event_posts(tenant, secrets=self.secrets, clock=self.clock, loopback=self.loopback)
