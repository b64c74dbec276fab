"""A port of the loopback, taken before anything is served there."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from billing.domain.errors import Unavailable

HOST = "127.0.0.1"


@contextmanager
def listening(port: int, *, backlog: int) -> Iterator[socket.socket]:
    """A socket that listens at a port, 0 for a free one; Unavailable where it is taken."""
    try:
        listener = socket.create_server((HOST, port), backlog=backlog)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        message = f"port {port} of {HOST} can't be used: {reason}; choose another --port, or 0 for a free one"
        raise Unavailable(message) from error
    with listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else answers wait 40 ms for an ACK
        yield listener
