"""One account's view of the state during one request."""

from dataclasses import dataclass
from typing import Any

from billing.sandbox.errors import no_such
from billing.sandbox.state import Record, Resource, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Reads and writes of one API key's account. `cause` is the request that events name; `base_url` where we are."""

    state: State
    id: str
    base_url: str
    cause: Resource

    @property
    def now(self) -> int:
        """The sandbox's time in seconds since 1970."""
        return self.state.clock.now

    def new(self, kind: str, *, prefix: str, fields: Resource, hidden: dict[str, Any] | None = None) -> Resource:
        """A new resource with id, kind, time and mode."""
        length = 58 if prefix == "cs_test" else 24
        head = {"id": self.state.new_id(prefix, length=length), "object": kind, "created": self.now, "livemode": False}
        resource = head | fields
        self.state.add(Record(self.id, resource, hidden or {}))
        return resource

    def secret(self, key: str) -> str:
        """A client secret for the resource of that id."""
        return self.state.new_id(f"{key}_secret", length=25)

    def save(self, resource: Resource) -> Resource:
        """A resource was changed in place."""
        self.state.touch(resource["id"])
        return resource

    def find(self, kind: str, key: str, *, param: str, status: int = 400) -> Resource:
        """The account's resource of that kind and id, else Stripe's `resource_missing`."""
        record = self.state.get(key)
        if record is None or record.account != self.id or record.resource["object"] != kind:
            raise no_such(noun_of(kind), key, param=param, status=status)
        return record.resource

    def hidden(self, resource: Resource) -> dict[str, Any]:
        """What is kept beside a resource; `save` the resource after changing it."""
        record = self.state.get(resource["id"])
        if record is None:
            raise no_such(noun_of(resource["object"]), resource["id"], param="id")
        return record.hidden

    def all(self, kind: str) -> list[Resource]:
        """The account's resources of one kind, oldest first."""
        return self.state.of_kind(self.id, kind)


def noun_of(kind: str) -> str:
    """What Stripe calls a kind in its sentences."""
    return {"payment_method": "PaymentMethod", "setup_intent": "setupintent"}.get(kind, kind)
