"""Requests at a stated rate from a pool of connections, whatever the server does: an open loop.

A request's time counts from the moment when it was meant to be sent. So a server that stalls is charged for all that
had to wait, and not only for those few that the pool's connections were stuck with (coordinated omission).
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

PATIENCE_SECONDS = 30
"""After that a client would have gone; the request counts as timed out."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; `kind` is what it is counted under."""

    kind: str
    raw: bytes


@dataclass(slots=True)
class Measured:
    """What came back: seconds of each answer by kind and status, and what was wrong with some."""

    seconds: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    flaws: Counter[str] = field(default_factory=Counter)

    def of(self, kind: str, *, done: bool) -> list[float]:
        """Seconds of the answers that did what was asked, or of the others, in order."""
        return sorted(
            each
            for (of, status), found in self.seconds.items()
            if of == kind and (200 <= status < 300) is done
            for each in found
        )

    def statuses(self) -> dict[int, int]:
        """How many answers each status had."""
        counted: Counter[int] = Counter()
        for (_, status), found in self.seconds.items():
            counted[status] += len(found)
        return dict(sorted(counted.items()))


def request(kind: str, method: str, path: str, *, headers: dict[str, str], body: object = None) -> Asked:
    """A request as it goes over the wire."""
    content = b"" if body is None else json.dumps(body).encode()
    sent = {"Host": "127.0.0.1", "Content-Length": str(len(content)), "Content-Type": "application/json", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return Asked(kind, f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + content)


async def drive(port: int, ask: Callable[[int], Asked], *, rate: float, seconds: float, connections: int) -> Measured:
    """Send `ask(0)`, `ask(1)`, ... at `rate` a second for so long, and wait for the last answer."""
    pool: asyncio.LifoQueue[_Connection] = asyncio.LifoQueue()
    for _ in range(connections):
        pool.put_nowait(_Connection(port))
    measured, tasks, started = Measured(), list[asyncio.Task[None]](), perf_counter() + 0.1
    for number in range(int(rate * seconds)):
        meant = started + number / rate
        await asyncio.sleep(max(0.0, meant - perf_counter()))
        tasks.append(asyncio.create_task(_send(pool, ask(number), meant, measured)))
    await asyncio.gather(*tasks)
    while not pool.empty():
        pool.get_nowait().close()
    return measured


async def _send(pool: "asyncio.LifoQueue[_Connection]", asked: Asked, meant: float, measured: Measured) -> None:
    connection = await pool.get()
    try:
        left = PATIENCE_SECONDS - (perf_counter() - meant)
        status, headers = await asyncio.wait_for(connection.exchange(asked.raw), timeout=max(left, 0.001))
    except (TimeoutError, OSError, asyncio.IncompleteReadError) as error:
        measured.flaws[f"{asked.kind}: {type(error).__name__}"] += 1
        connection.close()
        return
    finally:
        pool.put_nowait(connection)
    measured.seconds.setdefault((asked.kind, status), []).append(perf_counter() - meant)
    if status in (429, 503) and "retry-after" not in headers:
        measured.flaws[f"{status} without Retry-After"] += 1


class _Connection:
    """One connection that is kept open between requests."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def exchange(self, raw: bytes) -> tuple[int, dict[str, str]]:
        """Send a request and read its answer: the status and the headers."""
        reader, head = await self._head(raw)
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection") == "close":
            self.close()
        return int(head[0].split(" ", 2)[1]), headers

    async def _head(self, raw: bytes) -> tuple[asyncio.StreamReader, list[str]]:
        """The lines of the answer's head. A kept connection that the server has closed meanwhile is opened again."""
        is_kept = self._streams is not None
        self._streams = self._streams or await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        try:
            writer.write(raw)
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            self.close()
            if not is_kept or (isinstance(error, asyncio.IncompleteReadError) and error.partial):
                raise
            return await self._head(raw)
        return reader, head.decode("latin-1").split("\r\n")

    def close(self) -> None:
        """Give it up; the next request opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value that so large a share of them do not exceed."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
