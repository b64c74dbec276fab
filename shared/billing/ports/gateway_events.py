"""What a payment gateway tells by itself: that something happened to an object of its own."""

from dataclasses import dataclass
from enum import StrEnum


class EventAbout(StrEnum):
    """What an event is a hint about: that object is fetched then. NOTHING is what needs no answer from us."""

    PAYMENT = "payment"
    CHECKOUT = "checkout"
    CUSTOMER = "customer"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayEvent:
    """Something happened at the gateway to the object `subject` (its id there). What it says of it is not believed."""

    id: str
    type: str
    about: EventAbout
    subject: str
