"""Posts the deliveries that are due, a few at a time, until it is stopped."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

from billing.sandbox.deliveries import Letter, drop, due, letter, note, seconds_to_next
from billing.sandbox.state import Resource, State

_AT_ONCE = 8
_PATIENCE = 10  # seconds of real time for an endpoint to answer


class Dispatcher:
    """`wake` it when something was scheduled or the time was moved; it commits what it learns."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._stirred = asyncio.Event()

    def wake(self) -> None:
        """Look again for what is due."""
        self._stirred.set()

    async def run(self) -> None:
        """Deliver for ever; cancel it to stop."""
        while True:
            waiting = due(self._state)[:_AT_ONCE]
            if waiting:
                await asyncio.gather(*(self._deliver(each) for each in waiting))
                self._state.commit()
            else:
                await self._sleep()

    async def _sleep(self) -> None:
        self._stirred.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stirred.wait(), seconds_to_next(self._state))

    async def _deliver(self, delivery: Resource) -> None:
        attempt = letter(self._state, delivery)
        if attempt is None:
            drop(self._state, delivery)
        else:
            note(self._state, delivery, answer=await _answer(attempt))


async def _answer(attempt: Letter) -> int | str:
    try:
        return await asyncio.wait_for(_post(attempt), _PATIENCE)
    except TimeoutError:
        return f"no answer within {_PATIENCE} s"
    except (OSError, ValueError, IndexError) as error:
        return f"{type(error).__name__}: {error}"


async def _post(attempt: Letter) -> int:
    """POST over a connection of its own: no proxy, no redirect, this machine only. The status code."""
    parts = urlsplit(attempt.url)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\nUser-Agent: Stripe/1.0 (sandbox)\r\n"
        f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(attempt.body)}\r\n"
        f"Stripe-Signature: {attempt.signature}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    try:
        writer.write(head.encode() + attempt.body)
        await writer.drain()
        status = int((await reader.readline()).split()[1])
        await reader.read()
    finally:
        writer.close()
    return status
