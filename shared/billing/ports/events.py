"""What is asked of a tenant's own system: to take an event."""

from typing import ClassVar, Protocol

from billing.domain.errors import BillingError, Unavailable
from billing.domain.event import Event
from billing.domain.event_delivery import EventTry


class EventSink(Protocol):
    """Delivers the events of one tenant. The same event again is the same message: its receiver can tell."""

    def deliver(self, event: Event, *, tenant_id: str, url: str) -> EventTry:
        """Hand an event over at an address. EventNotTaken to try again later, UnusableEventSecret to try nothing."""
        ...


class EventNotTaken(Unavailable):
    """The receiver did not take an event. `reason` is a status or a failure, never what its answer says.

    `made` is the try, where one was made.
    """

    code: ClassVar[str] = "event_not_taken"

    def __init__(self, event: Event, *, reason: str, made: EventTry | None = None) -> None:
        self.event = event
        self.reason = reason
        self.made = made
        super().__init__(f"the event {event.id} was not taken: {reason}")


class UnusableEventSecret(BillingError):
    """There is nothing to sign events with, so that none may be sent. `name` is the secret's, never its value."""

    code: ClassVar[str] = "unusable_event_secret"

    def __init__(self, name: str, *, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name} {reason}; it signs the events that are sent out")
