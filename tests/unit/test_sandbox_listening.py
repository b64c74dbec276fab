"""The port that `billing serve` and `billing sandbox` answer at."""

import socket

import pytest

from billing.domain.errors import Unavailable
from billing.sandbox.listening import HOST, listening


def test_no_answer_of_a_connection_that_is_kept_waits_for_the_other_side() -> None:
    """Without TCP_NODELAY each answer but the first takes 40 ms: a server sends its head and its body by themselves."""
    with listening(0, backlog=1) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_a_port_that_is_taken_is_refused_with_the_way_out() -> None:
    with listening(0, backlog=1) as listener:
        _, port = listener.getsockname()
        expected = rf"^port {port} of {HOST} can't be used: .*; choose another --port, or 0 for a free one$"
        with pytest.raises(Unavailable, match=expected), listening(port, backlog=1):
            pass
