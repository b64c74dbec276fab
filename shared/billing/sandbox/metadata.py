"""Metadata as Stripe merges it: what is given is set, an empty value unsets a key, an empty text unsets all."""

from billing.sandbox.operation import Call
from billing.sandbox.state import Resource


def merged_metadata(current: dict[str, str], call: Call) -> dict[str, str]:
    """The metadata after a request; the current where the request says nothing of it."""
    given = call.params.get("metadata")
    if given is None:
        return current
    return {name: value for name, value in {**current, **given}.items() if value} if given else {}


def change(resource: Resource, fields: Resource) -> Resource:
    """Set the fields and give what stood in those that differ: an event's `previous_attributes`."""
    previous = {name: resource.get(name) for name, value in fields.items() if resource.get(name) != value}
    resource.update(fields)
    return previous
