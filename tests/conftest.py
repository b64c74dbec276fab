"""What holds for every test: the network ends at this machine, and a skipped test is said aloud."""

import ipaddress
import os
import sys
import threading

import hypothesis
import pytest

LOOPBACK_NAMES = frozenset({"", "localhost", "localhost.localdomain", "ip6-localhost"})
FAST = frozenset({"unit", "properties", "scenarios"})
WHOLE_COMMANDS = frozenset({"test_cli_guides.py", "test_cli_serve.py"})  # long, and no branch is theirs alone
NOWHERE = "http://127.0.0.1:9"  # the discard port: nobody listens


class NetworkIsClosed(RuntimeError):
    """A test reached for something beyond this machine. No `except OSError` may swallow it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-golden", action="store_true", help="write the golden files anew instead of comparing")


def pytest_configure(config: pytest.Config) -> None:
    """Close the network before any test module is imported, for Python's sockets and for the native clients."""
    sys.addaudithook(_refuse_beyond_loopback)
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "grpc_proxy"):
        os.environ[variable] = NOWHERE  # grpc, obstore and browsers open sockets without telling Python
    for variable in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        os.environ[variable] = "127.0.0.1,localhost,::1"
    hypothesis.settings.register_profile("laws", deadline=None)  # a busy machine breaks no law
    hypothesis.settings.load_profile("laws")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the fast tests, of which branches are counted; files with slow ones come first, or the end waits for one."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    for item in items:
        if item.path.parent.name in FAST and item.path.name not in WHOLE_COMMANDS:
            item.add_marker("fast")
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """Trace no thread that tests start, also where branches are counted: two that begin at once can break CPython 3.11.

    It says "Cannot install a trace function while another trace function is being installed", and the thread is lost.
    """
    threading.settrace(None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what this run did not test, and why."""
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    terminalreporter.section("NOT TESTED IN THIS RUN", sep="!", red=True, bold=True)
    for report in sorted(skipped, key=lambda report: report.nodeid):
        terminalreporter.line(f"{report.nodeid}: {_reason(report)}")


@pytest.fixture
def renew_golden(request: pytest.FixtureRequest) -> bool:
    """Whether `make golden` asked for new golden files."""
    return bool(request.config.getoption("--renew-golden"))


def _refuse_beyond_loopback(event: str, args: tuple[object, ...]) -> None:
    match event, args:
        case "socket.connect" | "socket.sendto", (_, (host, *_)):
            _refuse_unless_loopback(host, by=event)
        case "socket.getaddrinfo" | "socket.gethostbyname", (host, *_):
            _refuse_unless_loopback(host, by=event)
        case _:
            pass


def _refuse_unless_loopback(host: object, *, by: str) -> None:
    name = host.decode() if isinstance(host, bytes) else str(host or "")
    if name in LOOPBACK_NAMES or _is_local_address(name):
        return
    msg = f"{by} to {name!r}: tests talk to this machine only"
    raise NetworkIsClosed(msg)


def _is_local_address(name: str) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _reason(report: pytest.TestReport) -> str:
    place = report.longrepr
    text = place[2] if isinstance(place, tuple) else str(place)
    return text.removeprefix("Skipped: ")
