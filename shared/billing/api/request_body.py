"""Request bodies of a bounded size, whether they announce their length or come in chunks."""

from typing import IO

from werkzeug.exceptions import HTTPException

from billing.api.problem import BodyTooLarge, MalformedRequest

_PIECE = 64 * 1024
_BROKE_OFF = "the body broke off"
DISCARDED = 32 * 1024 * 1024
"""What is read and dropped of a body that is not wanted, so that its sender comes to read the answer.

Cloud Run takes no more in one HTTP/1 request (https://cloud.google.com/run/quotas#request_limits).
"""


def read_body(stream: IO[bytes], *, limit: int) -> bytes:
    """The whole body. Raises BodyTooLarge above `limit` bytes, and MalformedRequest where it breaks off."""
    body = bytearray()
    while len(body) <= limit:
        piece = _piece(stream)
        if not piece:
            return bytes(body)
        body += piece
    raise BodyTooLarge(limit=limit)


def discard_rest(stream: IO[bytes]) -> None:
    """Drop what is left of a body, up to a bound."""
    try:
        for _ in range(DISCARDED // _PIECE):
            if not _piece(stream):
                return
    except MalformedRequest:
        return


def _piece(stream: IO[bytes]) -> bytes:
    try:
        return stream.read(_PIECE)
    except (OSError, HTTPException) as error:  # the sender hung up, or a chunk is none
        raise MalformedRequest(_BROKE_OFF) from error
