"""The guard of conftest.py, tried: beyond this machine there is nothing, on it everything works."""

import socket
import urllib.request

import pytest


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "metadata.google.internal", "example.com"])
def test_a_socket_to_another_machine_is_refused(host: str) -> None:
    with pytest.raises(RuntimeError, match="this machine only"):
        socket.create_connection((host, 443), timeout=1)


def test_a_datagram_to_another_machine_is_refused() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outgoing,
        pytest.raises(RuntimeError, match="this machine"),
    ):
        outgoing.sendto(b"x", ("192.0.2.1", 53))


def test_a_library_that_honours_the_proxy_meets_a_closed_port() -> None:
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen("http://192.0.2.1/", timeout=5)


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
