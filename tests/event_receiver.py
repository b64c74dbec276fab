"""A tenant's own system, as a real HTTP server on this machine that a test tells what to answer."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer

from tests.local_server import QuietHandler

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One request as it arrived; names of headers are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(kw_only=True)
class Receiver:
    """What arrived, and what is answered: a status for each request (the last one for all that follow).

    `answer` is sent instead, byte by byte as it stands, and with `answers_on` again and again until nobody listens.
    """

    url: str = ""
    taken: list[Taken] = field(default_factory=list)
    statuses: list[int] = field(default_factory=lambda: [204])
    location: str = ""
    silent_for: float = 0
    drips: bool = False
    answer: bytes = b""
    answers_on: bool = False
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def ids(self) -> list[str]:
        """The ids of the messages in the order in which they arrived."""
        return [each.headers["webhook-id"] for each in self.taken]

    def next_status(self) -> int:
        """What the next request is answered with."""
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    def sent_bytes(self) -> Iterator[bytes]:
        """What is sent before the status, or instead of it."""
        while self.drips and not self.done.wait(0.05):
            yield b"H"
        yield self.answer
        while self.answers_on and not self.done.is_set():
            yield self.answer.partition(b"\r\n\r\n")[2] or self.answer


class _Server(ThreadingHTTPServer):
    """Says nothing of connections that the other side gave up."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


def _handler(receiver: Receiver) -> type[QuietHandler]:
    class Handler(QuietHandler):
        """Keeps what comes and answers as it was told."""

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers["content-length"]))
            receiver.taken.append(Taken(path=self.path, headers=headers, body=body))
            receiver.done.wait(receiver.silent_for)
            for each in receiver.sent_bytes():
                self.wfile.write(each)
            if receiver.answer:
                self.close_connection = True
                return
            headers = {"Location": receiver.location} if receiver.location else {}
            self.answer(receiver.next_status(), b"secret words of the receiver", headers=headers)

    return Handler


@contextmanager
def receiving(*, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver on a free port of 127.0.0.1 while the block runs."""
    receiver = Receiver()
    server = _Server(("127.0.0.1", 0), _handler(receiver))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}/events"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.done.set()
        server.shutdown()
        thread.join()
        server.server_close()
