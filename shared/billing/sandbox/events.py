"""Events: a snapshot of what happened, kept for reading and handed to the webhook endpoints that want it."""

import orjson
import stripe

from billing.sandbox.account import Account
from billing.sandbox.deliveries import schedule
from billing.sandbox.lists import page
from billing.sandbox.operation import Call, Operation
from billing.sandbox.state import Resource


def emit(account: Account, type_: str, resource: Resource, *, previous: Resource | None = None) -> None:
    """Record that something happened to a resource; `previous` are the fields that an update changed."""
    data = {"object": orjson.loads(orjson.dumps(resource))}
    event = account.new(
        "event",
        prefix="evt",
        fields={
            "api_version": stripe.api_version,
            "data": data | ({"previous_attributes": previous} if previous is not None else {}),
            "pending_webhooks": 0,
            "request": account.cause,
            "type": type_,
        },
    )
    schedule(account, event)


def _list(call: Call) -> Resource:
    wanted = set(call.params.get("types", ())) | ({call.params["type"]} if "type" in call.params else set())
    chosen = [each for each in reversed(call.account.all("event")) if not wanted or each["type"] in wanted]
    return page(call.params, chosen, kind="event", url="/v1/events")


def _retrieve(call: Call) -> Resource:
    return call.account.find("event", call.ids[0], param="id", status=404)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/events",
        takes="EventListParams",
        honours="created ending_before limit starting_after type types",
        run=_list,
    ),
    Operation(method="GET", path="/v1/events/{id}", takes="EventRetrieveParams", honours="", run=_retrieve),
)
