"""Strangers whose bodies come slowly or never keep no instance from its work, and read what they are answered."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path

import pytest

from billing.api import webhooks
from tests.functions.laptop import Laptop, laptop_door
from tests.functions.proxy import running_proxy


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    with laptop_door(tmp_path_factory.mktemp("laptop")) as started:
        yield started


@contextmanager
def begun(port: int, request: str) -> Iterator[socket.socket]:
    """A connection on which the head of a request was sent, and a byte of its body."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"{request}\r\nHost: us\r\n\r\n8".encode())
        yield connection


def until_its_end(connection: socket.socket) -> bytes:
    """All that comes, until the other side hangs up."""
    with connection.makefile("rb") as said:
        return said.read()


@pytest.mark.parametrize(
    ("method", "status"), [("POST", 401), ("PUT", 405), ("GET", 200), ("HEAD", 200), ("OPTIONS", 204)]
)
@pytest.mark.parametrize("framed", ["Content-Length: 100000", "Transfer-Encoding: chunked"])
def test_a_stranger_whose_body_never_comes_is_answered_by_a_job_and_hung_up_on(
    laptop: Laptop, method: str, status: int, framed: str
) -> None:
    with begun(laptop.door.port, f"{method} / HTTP/1.1\r\n{framed}") as stranger:
        assert until_its_end(stranger).startswith(f"HTTP/1.1 {status} ".encode())


def test_a_stranger_who_is_slow_to_send_the_body_reads_the_answer_of_a_job_all_the_same(laptop: Laptop) -> None:
    with begun(laptop.door.port, "POST / HTTP/1.1\r\nContent-Length: 60001") as stranger:
        stranger.recv(1, socket.MSG_PEEK)  # it was answered
        for _ in range(2):
            stranger.sendall(b" " * 30_000)

        assert until_its_end(stranger).startswith(b"HTTP/1.1 401 ")


def test_a_webhook_whose_body_never_comes_is_refused_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "WITHIN_SECONDS", 0.05)
    head = "POST /webhooks/stripe/acme HTTP/1.1\r\nContent-Length: 100000"
    with running_proxy(tmp_path) as proxy, begun(proxy.port, head) as stranger:
        answered = HTTPResponse(stranger)
        answered.begin()

        assert (answered.status, json.load(answered)["detail"]) == (400, "the body was not here within 0.05 seconds")
