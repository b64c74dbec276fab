"""Deliveries: which webhook endpoint gets which event, when it is tried, and what it answered."""

from dataclasses import dataclass

import orjson
import stripe

from billing.sandbox.account import Account
from billing.sandbox.state import ALL_ACCOUNTS, Record, Resource, State

_DELAYS = (60, 300, 1_800, 7_200, 18_000, 36_000)  # seconds of the sandbox's time; then twice a day
_LATER = 43_200
_GIVES_UP_AFTER = 3 * 86_400  # docs.stripe.com/webhooks: retries for up to three days


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One attempt, ready to be posted."""

    url: str
    body: bytes
    signature: str


def schedule(account: Account, event: Resource) -> None:
    """Let every endpoint that wants the event have it, beginning now."""
    state = account.state
    endpoints = state.of_kind(account.id, "webhook_endpoint") + state.of_kind(ALL_ACCOUNTS, "webhook_endpoint")
    wanting = [each for each in endpoints if each["status"] == "enabled" and _wants(each, event["type"])]
    event["pending_webhooks"] += len(wanting)
    for endpoint in wanting:
        delivery = {
            "id": state.new_id("whd"),
            "object": "_delivery",
            "created": account.now,
            "event": event["id"],
            "event_type": event["type"],
            "endpoint": endpoint["id"],
            "url": endpoint["url"],
            "status": "pending",
            "attempts": [],
            "next_attempt_at": account.now,
        }
        state.add(Record(account.id, delivery))
        state.pending[delivery["id"]] = delivery


def due(state: State) -> list[Resource]:
    """The deliveries whose time has come, oldest first."""
    now = state.clock.now
    return [each for each in state.pending.values() if each["next_attempt_at"] <= now]


def seconds_to_next(state: State) -> int | None:
    """How long until the next one, in the sandbox's time; None where none is waiting."""
    times = [each["next_attempt_at"] for each in state.pending.values()]
    return max(min(times) - state.clock.now, 0) if times else None


def letter(state: State, delivery: Resource) -> Letter | None:
    """The attempt to make now, signed with the sandbox's time; None where its endpoint is gone."""
    endpoint, event = state.get(delivery["endpoint"]), state.get(delivery["event"])
    if endpoint is None or event is None:
        return None
    body = orjson.dumps(event.resource)
    signature = stripe.WebhookSignature.generate_signature_header(
        body.decode(), endpoint.hidden["secret"], timestamp=state.clock.now
    )
    return Letter(url=endpoint.resource["url"], body=body, signature=signature)


def note(state: State, delivery: Resource, *, answer: int | str) -> None:
    """Record an attempt: an HTTP status, or why there was none. A 2xx ends it, all else is tried again later."""
    delivery["attempts"].append({"at": state.clock.now, "answer": answer})
    delivered = isinstance(answer, int) and 200 <= answer < 300
    tries = len(delivery["attempts"])
    delay = _DELAYS[tries - 1] if tries <= len(_DELAYS) else _LATER
    delivery["next_attempt_at"] = state.clock.now + delay
    if delivered:
        _end(state, delivery, status="delivered")
        event = state.get(delivery["event"])
        if event:
            event.resource["pending_webhooks"] -= 1
            state.touch(delivery["event"])
    elif delivery["next_attempt_at"] > delivery["created"] + _GIVES_UP_AFTER:
        _end(state, delivery, status="failed")
    state.touch(delivery["id"])


def drop(state: State, delivery: Resource) -> None:
    """Its endpoint was deleted: nobody is left to tell."""
    _end(state, delivery, status="failed")
    state.touch(delivery["id"])


def _end(state: State, delivery: Resource, *, status: str) -> None:
    delivery |= {"status": status, "next_attempt_at": None}
    state.pending.pop(delivery["id"], None)


def _wants(endpoint: Resource, type_: str) -> bool:
    return type_ in endpoint["enabled_events"] or "*" in endpoint["enabled_events"]
