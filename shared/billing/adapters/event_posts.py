"""Events posted to the address that a tenant has set, which is nowhere in our own network."""

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPException
from socket import SHUT_RDWR
from threading import Event as Flag
from threading import Timer
from time import monotonic
from urllib.parse import SplitResult

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from billing.adapters.event_message import message_body, message_id, signed_headers
from billing.adapters.public_address import NotPublic, Resolve, checked_addresses, is_loopback, resolved
from billing.domain.event import Event
from billing.domain.event_delivery import EventTry
from billing.domain.web_address import web_parts
from billing.ports import EventNotTaken

_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a receiver may take, in seconds: to connect, between two packets, and altogether."""

    connect: int = 5
    packet: int = 15
    whole: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPosts:
    """The EventSink over HTTP. With `loopback` a server on this very machine may be the receiver, http:// too.

    `secrets` gives what is valid of the secret called `secret_name`, newest first, when it is needed.
    """

    secret_name: str
    secrets: Callable[[str], Sequence[str]]
    now: Callable[[], datetime]
    loopback: bool = False
    resolve: Resolve = resolved
    patience: Patience = field(default_factory=Patience)
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context

    def deliver(self, event: Event, *, tenant_id: str, url: str) -> EventTry:
        """Post an event, signed; the try that it took. Of the answer nothing is read but the status: it has to be 2xx.

        Raises EventNotTaken, also for a redirect and an address that is not public, and UnusableEventSecret.
        """
        message, body = message_id(event, tenant_id=tenant_id), message_body(event, tenant_id=tenant_id)
        secrets = self.secrets(self.secret_name)
        at, begun = self.now(), monotonic()
        headers = signed_headers(message, body, at=at, secrets=secrets, name=self.secret_name)
        try:
            status = self._post(event, url, body=body, headers=headers)
        except EventNotTaken as error:
            error.made = _made(at, begun, error=error.reason)
            raise
        if not 200 <= status < 300:
            reason = f"its receiver answered with status {status}"
            raise EventNotTaken(event, reason=reason, made=_made(at, begun, status=status, error=reason))
        return _made(at, begun, status=status)

    def _post(self, event: Event, url: str, *, body: str, headers: dict[str, str]) -> int:
        parts = web_parts(url)
        if parts is None or parts.scheme not in _PORTS or parts.hostname is None:
            raise EventNotTaken(event, reason="its address is not an https:// one")
        connection = self._connected(event, parts, host=parts.hostname)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        host = parts.netloc.rpartition("@")[2]
        with self._failures_named(event), self._bounded(event, connection):
            connection.timeout = self.patience.packet
            connection.request("POST", target, body=body.encode(), headers={**headers, "Host": host})
            return connection.getresponse().status

    def _connected(self, event: Event, parts: SplitResult, *, host: str) -> HTTPConnection:
        """A connection to the first address that takes one. Nothing was sent before, so the next may be tried."""
        port = parts.port or _PORTS[parts.scheme]
        with self._failures_named(event):
            addresses = checked_addresses(host, port, resolve=self.resolve, loopback=self.loopback)
            if parts.scheme == "http" and not all(is_loopback(each) for each in addresses):
                raise EventNotTaken(event, reason="its address is not an https:// one")
            for address in addresses[:-1]:
                with suppress(HTTPError, OSError):
                    return self._opened(address, parts, host=host, port=port)
            return self._opened(addresses[-1], parts, host=host, port=port)

    def _opened(self, address: str, parts: SplitResult, *, host: str, port: int) -> HTTPConnection:
        """To the address that was checked, with a certificate for the name that was asked for."""
        wait = self.patience.connect
        connection = (
            HTTPConnection(address, port, timeout=wait)
            if parts.scheme == "http"
            else HTTPSConnection(address, port, timeout=wait, ssl_context=self.tls(), server_hostname=host)
        )
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _bounded(self, event: Event, connection: HTTPConnection) -> Iterator[None]:
        """Hang up after the whole time: a receiver that drips its answer would hold up all others."""
        late = Flag()

        def hang_up() -> None:
            late.set()
            if connection.sock is not None:
                with suppress(OSError):  # it was closed by the other side at this very moment
                    connection.sock.shutdown(SHUT_RDWR)

        timer = Timer(self.patience.whole, hang_up)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (HTTPError, HTTPException, OSError):
            if late.is_set():
                raise EventNotTaken(event, reason=f"no answer within {self.patience.whole} seconds") from None
            raise
        finally:
            timer.cancel()
            connection.close()

    @contextmanager
    def _failures_named(self, event: Event) -> Iterator[None]:
        """Failures by their kind alone: their texts may hold what the receiver wrote, or how our network is built."""
        try:
            yield
        except NotPublic:
            raise EventNotTaken(event, reason="its host is not on the public internet") from None
        except (HTTPError, HTTPException, OSError, UnicodeError) as error:
            raise EventNotTaken(event, reason=type(error).__name__) from error


def _made(at: datetime, begun: float, *, status: int = 0, error: str = "") -> EventTry:
    return EventTry(at=at, status=status, milliseconds=round((monotonic() - begun) * 1000), error=error)
