"""Events posted to the address that a tenant has set, which is nowhere in our own network."""

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from http.client import HTTPConnection, HTTPException
from threading import Event as Flag
from threading import Timer
from typing import Final
from urllib.parse import SplitResult

from billing.adapters.event_message import message_body, signed_headers
from billing.adapters.public_address import NotPublic, Resolve, checked_addresses, is_loopback, resolved
from billing.domain.event import Event
from billing.domain.event_delivery import EventTry
from billing.domain.web_address import web_parts
from billing.ports import EventNotTaken

_USER_AGENT: Final = "billing-events"
_PORTS: Final = {"https": 443, "http": 80}

ADDRESSES: Final = 3
"""So many addresses of a name are tried: each may take its time, and whoever owns the name may give it hundreds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a receiver may take, in seconds: to connect, between two packets, and altogether once connected."""

    connect: int = 5
    packet: int = 15
    whole: int = 30

    @property
    def longest(self) -> int:
        """How long a post takes at most, once the name is resolved: TLS has the time of a connection once more."""
        return ADDRESSES * 2 * self.connect + self.whole


@cache
def trusting_public_roots() -> ssl.SSLContext:
    """TLS that trusts what the machine trusts: read once, as that costs 20 ms of CPU, as much as all else of a post."""
    return ssl.create_default_context()


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
    tls: Callable[[], ssl.SSLContext] = trusting_public_roots

    def deliver(self, event: Event, *, tenant_id: str, url: str) -> EventTry:
        """Post an event, signed; the try that it took. Of the answer nothing is read but the status: it has to be 2xx.

        Raises EventNotTaken, also for a redirect and an address that is not public, and UnusableEventSecret.
        """
        body = message_body(event, tenant_id=tenant_id)
        secrets = self.secrets(self.secret_name)
        at = self.now()
        headers = signed_headers(event.id, body, at=at, secrets=secrets, name=self.secret_name)
        try:
            status = self._post(event, url, body=body, headers=headers)
        except EventNotTaken as error:
            error.made = self._made(at, error=error.reason)
            raise
        if not 200 <= status < 300:
            reason = f"its receiver answered with status {status}"
            raise EventNotTaken(event, reason=reason, made=self._made(at, status=status, error=reason))
        return self._made(at, status=status)

    def _post(self, event: Event, url: str, *, body: str, headers: dict[str, str]) -> int:
        parts = web_parts(url)
        if parts is None or parts.scheme not in _PORTS or parts.hostname is None:
            raise EventNotTaken(event, reason="its address is not an https:// one")
        with self._failures_named(event):
            connection = self._connected(event, parts, host=_ascii(parts.hostname))
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            host = _ascii(parts.netloc.rpartition("@")[2])
            with self._bounded(event, connection.sock):
                ours = {"Host": host, "User-Agent": _USER_AGENT}  # without one, firewalls take a call for an attack
                connection.request("POST", target, body=body.encode(), headers={**headers, **ours})
                return connection.getresponse().status

    def _connected(self, event: Event, parts: SplitResult, *, host: str) -> HTTPConnection:
        """A connection to the first address that takes one. Nothing was sent before, so the next may be tried."""
        port = parts.port or _PORTS[parts.scheme]
        addresses = checked_addresses(host, port, resolve=self.resolve, loopback=self.loopback)[:ADDRESSES]
        if parts.scheme == "http" and not all(is_loopback(each) for each in addresses):
            raise EventNotTaken(event, reason="its address is not an https:// one")
        name = host if parts.scheme == "https" else None
        for address in addresses[:-1]:
            with suppress(OSError):
                return self._opened(address, port, name=name)
        return self._opened(addresses[-1], port, name=name)

    def _opened(self, address: str, port: int, *, name: str | None) -> HTTPConnection:
        """To the address that was checked, with a certificate for the `name` where there is one.

        It is the socket that leads there: the connection resolves nothing, knows no proxy, and is never opened anew.
        """
        opened = socket.create_connection((address, port), timeout=self.patience.connect)
        try:
            sock = opened if name is None else self.tls().wrap_socket(opened, server_hostname=name)
        except BaseException:
            opened.close()
            raise
        sock.settimeout(self.patience.packet)
        connection = HTTPConnection(address, port)
        connection.auto_open, connection.sock = 0, sock
        return connection

    @contextmanager
    def _bounded(self, event: Event, sock: socket.socket) -> Iterator[None]:
        """Hang up after the whole time: a receiver that drips its answer would hold up all others."""
        late = Flag()

        def hang_up() -> None:
            late.set()
            with suppress(OSError):  # it was closed by the other side at this very moment
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # a TLS socket's own would go on without encryption

        timer = Timer(self.patience.whole, hang_up)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (HTTPException, OSError):
            if late.is_set():
                raise EventNotTaken(event, reason=f"no answer within {self.patience.whole} seconds") from None
            raise
        finally:
            timer.cancel()
            sock.close()

    @contextmanager
    def _failures_named(self, event: Event) -> Iterator[None]:
        """Failures in our own words: their texts may hold what the receiver wrote, or how our network is built."""
        try:
            yield
        except NotPublic:
            raise EventNotTaken(event, reason="its host is not on the public internet") from None
        except (HTTPException, OSError, UnicodeError) as error:
            raise EventNotTaken(event, reason=_words(error)) from error

    def _made(self, at: datetime, *, status: int = 0, error: str = "") -> EventTry:
        """The try that began at an instant and ends now; clocks that are set meanwhile make it no shorter than 0."""
        taken = max((self.now() - at).total_seconds(), 0)
        return EventTry(at=at, status=status, milliseconds=round(taken * 1000), error=error)


_KINDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (socket.gaierror, "its host has no address"),
    (UnicodeError, "its host is no name that has an address"),
    (TimeoutError, "it did not answer in time"),
    (ConnectionRefusedError, "nothing takes calls at its address"),
    (ConnectionError, "it hung up before it answered"),  # also where HTTP calls it RemoteDisconnected
    (ssl.SSLCertVerificationError, "its certificate is not one for its host that can be trusted"),
    (ssl.SSLError, "it does not speak TLS as we do"),
    (HTTPException, "what it answered is no HTTP"),
    (OSError, "there is no way to its address"),
)


def _words(error: Exception) -> str:
    """What went wrong, for the person who looks after the receiver."""
    return next(words for kind, words in _KINDS if isinstance(error, kind))


def _ascii(name: str) -> str:
    """A name beyond ASCII as DNS, certificates and HTTP write it; UnicodeError where it can be none."""
    return name.encode("idna").decode("ascii")
