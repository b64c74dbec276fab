"""Webhook endpoints: who is told of which events (docs.stripe.com/api/webhook_endpoints)."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import stripe

from billing.sandbox.errors import ApiError, unsupported
from billing.sandbox.lists import listed
from billing.sandbox.metadata import merged_metadata
from billing.sandbox.operation import Call, Operation
from billing.sandbox.state import ALL_ACCOUNTS, Record, Resource, State


def endpoint_of_all(state: State, *, url: str, secret: str) -> None:
    """An endpoint that hears of every account's events; one that is there already gets the secret."""
    checked_address(url)
    for each in state.everyones("webhook_endpoint"):
        if each.account == ALL_ACCOUNTS and each.resource["url"] == url:
            each.hidden["secret"] = secret
            state.touch(each.resource["id"])
            return
    head = {"id": state.new_id("we"), "object": "webhook_endpoint", "created": state.clock.now, "livemode": False}
    fields: Resource = {"enabled_events": ["*"], "status": "enabled", "url": url, "description": None, "metadata": {}}
    state.add(Record(ALL_ACCOUNTS, head | fields, {"secret": secret}))


def checked_address(url: str) -> str:
    """An address on this machine; ApiError for any other, since the sandbox never reaches beyond it."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ApiError("Invalid URL: An explicit scheme (such as https) must be provided.", param="url")
    if parts.scheme == "https" or not _is_here(parts.hostname):
        raise unsupported("webhooks to other machines; give an http:// address of this one", param="url")
    return url


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _create(call: Call) -> Resource:
    account, params = call.account, call.params
    version = params.get("api_version", stripe.api_version)
    if version != stripe.api_version:
        raise unsupported(f"API version {version}", param="api_version")
    secret = account.state.new_id("whsec", length=32)
    endpoint = account.new(
        "webhook_endpoint",
        prefix="we",
        fields={
            "api_version": params.get("api_version"),
            "application": None,
            "description": params.get("description"),
            "enabled_events": _events(params),
            "metadata": merged_metadata({}, call),
            "status": "enabled",
            "url": checked_address(params["url"]),
        },
        hidden={"secret": secret},
    )
    return endpoint | {"secret": secret}  # told once, when it is made


def _events(params: dict[str, Any]) -> list[str]:
    events: list[str] = params["enabled_events"]
    if not events:
        raise ApiError("You must listen to at least one event.", param="enabled_events")
    return events


def _found(call: Call) -> Resource:
    return call.account.find("webhook_endpoint", call.ids[0], param="webhook_endpoint", status=404)


def _update(call: Call) -> Resource:
    endpoint = _found(call)
    endpoint |= call.given("description") | {"metadata": merged_metadata(endpoint["metadata"], call)}
    if "enabled_events" in call.params:
        endpoint["enabled_events"] = _events(call.params)
    if "url" in call.params:
        endpoint["url"] = checked_address(call.params["url"])
    if "disabled" in call.params:
        endpoint["status"] = "disabled" if call.params["disabled"] else "enabled"
    return call.account.save(endpoint)


def _delete(call: Call) -> Resource:
    endpoint = _found(call)
    call.account.state.remove(endpoint["id"])
    return {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}


def _list(call: Call) -> Resource:
    return listed(call, "webhook_endpoint", url="/v1/webhook_endpoints")


_AT = "/v1/webhook_endpoints/{id}"

OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/webhook_endpoints",
        takes="WebhookEndpointCreateParams",
        honours="api_version description enabled_events metadata url",
        run=_create,
    ),
    Operation(
        method="GET",
        path="/v1/webhook_endpoints",
        takes="WebhookEndpointListParams",
        honours="ending_before limit starting_after",
        run=_list,
    ),
    Operation(method="GET", path=_AT, takes="WebhookEndpointRetrieveParams", honours="", run=_found),
    Operation(
        method="POST",
        path=_AT,
        takes="WebhookEndpointUpdateParams",
        honours="description disabled enabled_events metadata url",
        run=_update,
    ),
    Operation(method="DELETE", path=_AT, takes="WebhookEndpointDeleteParams", honours="", run=_delete),
)
