"""What the tests of the sandbox share: a client of the real library, a clock that stands, a receiver of webhooks."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from queue import Queue
from typing import Any, ClassVar, TypeAlias
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

import pytest
import stripe

from billing.sandbox.server import RunningSandbox
from tests.local_server import QuietHandler, serving

Client: TypeAlias = Any
"""A stripe.StripeClient, without its types: tests reach deep into fields that may be null."""

Resource: TypeAlias = Any
"""What such a client gives."""

_accounts = count(1)
OFF_SESSION = {"off_session": True, "confirm": True}
USD_10 = {"amount": 1000, "currency": "usd"}


class StandingClock:
    """A wall clock that stands still, so that the sandbox's time moves by control alone."""

    def __init__(self, instant: datetime | None = None) -> None:
        self._instant = instant or datetime(2026, 3, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self._instant


def client_of(sandbox: RunningSandbox, *, key: str | None = None) -> Client:
    """The real library's client, without its retries, by default for an account that nobody else has."""
    key = key or f"sk_test_account{next(_accounts)}"
    return stripe.StripeClient(key, base_addresses={"api": sandbox.url}, max_network_retries=0)


def customer_with(client: Client, method: str = "pm_card_visa") -> tuple[str, str]:
    """A customer and the card attached to it, by their ids."""
    customer = client.v1.customers.create({"email": "ap@acme.test", "name": "Acme"})
    return customer.id, client.v1.payment_methods.attach(method, {"customer": customer.id}).id


def event_types(client: Client) -> list[str]:
    """What has happened in the account, the oldest first."""
    return [each.type for each in client.v1.events.list({"limit": 100}).data][::-1]


def error_of(raised: pytest.ExceptionInfo[stripe.StripeError]) -> Resource:
    """The error object of the answer."""
    return raised.value.error


@dataclass(frozen=True)
class Page:
    """What a browser got; a redirect is not followed, `location` says where it leads."""

    status: int
    location: str
    text: str


def browse(url: str, form: dict[str, str] | None = None) -> Page:
    """GET a page, or POST a form to it."""
    body = urlencode(form).encode() if form is not None else None
    opener = build_opener(_NoRedirect)
    try:
        with opener.open(Request(url, data=body), timeout=10) as response:
            return Page(response.status, response.headers.get("Location", ""), response.read().decode())
    except OSError as error:
        answer: Any = error
        with answer:
            return Page(answer.code, answer.headers.get("Location", ""), answer.read().decode())


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


@dataclass
class Received:
    """One webhook as it came in."""

    body: bytes
    signature: str

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Receiver:
    """A webhook endpoint; `answers` are its next statuses, then 200."""

    url: str
    received: "Queue[Received]" = field(default_factory=Queue)
    answers: list[int] = field(default_factory=list)

    def next(self) -> Received:
        """The next webhook, waited for."""
        return self.received.get(timeout=10)

    def until(self, wanted: Callable[[Received], bool]) -> Received:
        """The next webhook that fits; others are passed over."""
        while not wanted(each := self.next()):
            pass
        return each


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A webhook endpoint on a free port of this machine."""
    inbox = Receiver(url="")
    with serving(type("Handler", (_Handler,), {"inbox": inbox})) as url:
        inbox.url = f"{url}/hooks?tenant=acme"
        yield inbox


class _Handler(QuietHandler):
    inbox: ClassVar[Receiver]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(self.inbox.answers.pop(0) if self.inbox.answers else 200)
        self.inbox.received.put(Received(body, self.headers["Stripe-Signature"]))
