"""A mail server on the loopback that takes every mail and remembers when."""

import email
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail, and the monotonic second of its arrival."""

    at: float
    mail: EmailMessage

    @property
    def message_id(self) -> str:
        return str(self.mail["Message-ID"]).strip("<>")

    @property
    def kind(self) -> str:
        """What its Message-ID says that it is."""
        return self.message_id.partition("@")[0].rpartition(".")[2]


@dataclass(kw_only=True)
class Inbox:
    """The server's handler: keeps what it took."""

    port: int
    arrived: list[Arrived] = field(default_factory=list)

    @property
    def url(self) -> str:
        """As BILLING_MAIL."""
        return f"smtp+plain://127.0.0.1:{self.port}"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        mail = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.arrived.append(Arrived(time.monotonic(), mail))
        return "250 OK"

    def is_repeated(self, arrived: Arrived) -> bool:
        """Whether the same mail came more than once."""
        return sum(each.message_id == arrived.message_id for each in self.arrived) > 1

    def kinds(self, to: str) -> list[str]:
        """What came for an address, each mail once, sorted."""
        return sorted({each.message_id: each.kind for each in self.arrived if each.mail["To"] == to}.values())


@contextmanager
def mail_server() -> Iterator[Inbox]:
    """The server while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        inbox = Inbox(port=free.getsockname()[1])
    controller = Controller(inbox, hostname="127.0.0.1", port=inbox.port)
    controller.start()
    try:
        yield inbox
    finally:
        controller.stop()
