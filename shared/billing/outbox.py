"""Where a tenant's events go out: one pass at a time, and a task for what has to be tried again."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

from billing.adapters.event_notice import EventQueue
from billing.connections import event_posts
from billing.domain.tenant import Tenant
from billing.ports import Clock, Documents, EventSink, Secrets
from billing.store.tenants import Tenants
from billing.usecases.call import Call
from billing.usecases.deliver_events import EventsDelivered, deliver_events
from billing.usecases.event_turn import OutOfTime, in_turn
from billing.usecases.send_test_event import send_test_event


def _new_id() -> str:
    return uuid4().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """What passes are made with; without a `queue` what fails waits for the next run. `new_id` names each pass."""

    documents: Documents
    secrets: Secrets
    clock: Clock
    loopback: bool
    queue: EventQueue | None
    new_id: Callable[[], str] = _new_id

    def deliver(self, call: Call, *, task: str, out_of_time: OutOfTime) -> EventsDelivered:
        """Tell the tenant's own system what is due at `call.recorded_at`; NotFound for an unknown tenant.

        Nothing where another pass does so just now: that one goes on with what is due by now, and should it die, the
        queue comes again once its turn is over. `task` is the queue's own, "" for any other call.
        """
        tenant = Tenants(self.documents).get(call.tenant_id)
        sink = self._sink(tenant)

        def one_pass(since: timedelta, is_over: OutOfTime) -> EventsDelivered:
            by_now = replace(call, recorded_at=call.recorded_at + since)
            return deliver_events(self.documents, sink, tenant=tenant, call=by_now, out_of_time=is_over)

        if not tenant.event_url:
            return one_pass(timedelta(), out_of_time)
        report = in_turn(
            self.documents,
            one_pass,
            tenant_id=tenant.id,
            holder=self.new_id(),
            now=self.clock.now,
            out_of_time=out_of_time,
        )
        if report.next_at is not None and self.queue is not None:
            self.queue.ask_again(tenant.id, due=report.next_at, task=task)
        return report

    def send_test(self, call: Call) -> str:
        """Send a test event; its id. As `send_test_event`."""
        tenant = Tenants(self.documents).get(call.tenant_id)
        return send_test_event(self.documents, self._sink(tenant), tenant=tenant, call=call)

    def _sink(self, tenant: Tenant) -> EventSink:
        return event_posts(tenant, secrets=self.secrets, clock=self.clock, loopback=self.loopback)
