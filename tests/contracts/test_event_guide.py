"""The receiver of the guide takes what is really sent: it verifies, takes each event once, and refuses a stranger."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from billing.adapters.event_posts import EventPosts
from billing.domain.event import EventType, event_of
from billing.ports import EventNotTaken
from tests.builders import utc
from tests.event_receiver import OLD_SECRET, SECRET

GUIDE = Path(__file__).parents[2] / "docs/guides/events.md"
SUSPENDED, RESTORED = (
    event_of(type_, subject="customers/c1", occurred_at=utc("2026-03-15"), fields={})
    for type_ in (EventType.CUSTOMER_SUSPENDED, EventType.CUSTOMER_RESTORED)
)


def posts(secret: str) -> EventPosts:
    return EventPosts(
        secret_name="EVENT_SECRET", secrets=lambda _name: [secret], now=lambda: datetime.now(UTC), loopback=True
    )


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The guide's Python, as it stands there."""
    [block] = re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    file = tmp_path / "receiver.py"
    file.write_text(block, encoding="utf-8")
    return file


@pytest.fixture
def running(program: Path) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ = {**os.environ, "EVENT_SECRET": SECRET}
    command = [sys.executable, str(program), str(port)]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as receiver:
        try:
            wait_for(port)
            yield f"http://127.0.0.1:{port}/billing-events", receiver
        finally:
            receiver.terminate()


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the guide's receiver did not start")


def test_the_guide_s_receiver_takes_each_event_once_and_believes_no_stranger(
    running: tuple[str, "subprocess.Popen[str]"],
) -> None:
    url, receiver = running
    posts(SECRET).deliver(SUSPENDED, tenant_id="acme", url=url)
    posts(SECRET).deliver(SUSPENDED, tenant_id="acme", url=url)
    with pytest.raises(EventNotTaken, match="status 401"):
        posts(OLD_SECRET).deliver(RESTORED, tenant_id="acme", url=url)
    posts(SECRET).deliver(RESTORED, tenant_id="acme", url=url)
    receiver.terminate()
    said, _ = receiver.communicate(timeout=20)
    assert said.splitlines() == ["customer.suspended customers/c1", "customer.restored customers/c1"]
