"""What a tenant's own system is told in a world: the events that wait for it, without anybody delivering them."""

from billing.domain.event import Event, EventType
from billing.store.events import Events
from tests.world import World

LISTENER = "https://app.acme.test/events"


def events(world: World, *, of: str = "") -> list[Event]:
    """The events of a subject, or of all that begin so, in the order of their delivery."""
    found = Events.of(world.documents, world.tenant.id).undelivered(limit=1000)
    return [each.value.event for each in found if each.value.event.subject.startswith(of)]


def told(world: World, *, of: str = "") -> list[str]:
    """Their types."""
    return [each.type.value for each in events(world, of=of)]


def the_event(world: World, type_: EventType) -> Event:
    """The only one of a type."""
    [found] = [each for each in events(world) if each.type is type_]
    return found
