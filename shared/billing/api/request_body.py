"""Request bodies of a bounded size, whether they announce their length or come in chunks."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from socket import SHUT_RD, SHUT_WR, socket
from typing import IO

from werkzeug.exceptions import HTTPException

from billing.api.problem import BodyTooLarge, MalformedRequest

_PIECE = 64 * 1024
_BROKE_OFF = "the body broke off"
DISCARDED = 32 * 1024 * 1024
"""What is read and dropped of a body that is not wanted, so that its sender comes to read the answer.

Cloud Run takes no more in one HTTP/1 request (https://cloud.google.com/run/quotas#request_limits).
"""

LINGERS_SECONDS = 1.0
"""How long a refused stranger is listened to, who may keep an instance from its work no longer."""


def read_body(stream: IO[bytes], *, limit: int) -> bytes:
    """The whole body. Raises BodyTooLarge above `limit` bytes, and MalformedRequest where it breaks off."""
    body = bytearray()
    while len(body) <= limit:
        piece = _piece(stream)
        if not piece:
            return bytes(body)
        body += piece
    raise BodyTooLarge(limit=limit)


def discard_rest(stream: IO[bytes]) -> bool:
    """Drop what is left of a body, up to a bound, and say whether that was all of it."""
    try:
        return any(not _piece(stream) for _ in range(DISCARDED // _PIECE))
    except MalformedRequest:
        return False


def discard_arrived(stream: IO[bytes], connection: socket) -> bool:
    """The same with what has arrived of it on its connection: no more is waited for."""
    connection.settimeout(0)
    try:
        return discard_rest(stream)
    finally:
        connection.settimeout(None)


def hang_up_after(answer: bytes, connection: socket, *, monotonic: Callable[[], float]) -> Iterator[bytes]:
    """The answer, and then the end of a connection on which more of the body may come.

    A sender that is still writing is listened to for LINGERS_SECONDS, or it would see a reset in place of the answer.
    """
    yield answer
    ends = monotonic() + LINGERS_SECONDS
    with suppress(OSError):  # it hung up, or time is up
        connection.shutdown(SHUT_WR)
        while (left := ends - monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(_PIECE):
                break
    hang_up(connection)


def hang_up(connection: socket) -> None:
    """Wait for nothing more on a connection; what was written still goes out."""
    with suppress(OSError):  # it is at its end already
        connection.shutdown(SHUT_RD)


def _piece(stream: IO[bytes]) -> bytes:
    try:
        return stream.read(_PIECE)
    except (OSError, HTTPException) as error:  # the sender hung up, or a chunk is none
        raise MalformedRequest(_BROKE_OFF) from error
