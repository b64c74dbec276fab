"""A person with a browser, and the wire to a webhook, where all of it is played in one process."""

import http.client
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from billing.domain.errors import Unavailable
from billing.sandbox.state import Resource

_PATIENCE = 30
_LEFT, _CLOSED = 303, 410


def leave_card(page_url: str, *, number: str, email: str) -> None:
    """Type a card of that number, good until the end of 2040, into a hosted page; one that is closed is left alone.

    Raises Unavailable where the page takes no card.
    """
    form = {"number": number, "expiry": "12/40", "cvc": "123", "email": email}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _ = _asked("POST", page_url, urlencode(form), headers=headers)
    if status not in (_LEFT, _CLOSED):
        message = f"the page {page_url} took no card: it answered {status}"
        raise Unavailable(message)


def events_since(sandbox_url: str, epoch: int, *, key: str) -> list[Resource]:
    """The account's events of that second or later, the oldest first: what its webhooks are sent, at most 100."""
    headers = {"Authorization": f"Bearer {key}"}
    url = f"{sandbox_url}/v1/events?{urlencode({'created[gte]': epoch, 'limit': 100})}"
    status, body = _asked("GET", url, None, headers=headers)
    if status != http.client.OK:
        message = f"the sandbox did not tell its events: it answered {status}"
        raise Unavailable(message)
    events: list[Resource] = orjson.loads(body)["data"]
    return events[::-1]


def _asked(method: str, url: str, body: str | None, *, headers: dict[str, Any]) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=_PATIENCE)
    try:
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
