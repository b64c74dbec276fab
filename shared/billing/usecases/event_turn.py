"""Deliver a tenant's events one pass at a time: passes side by side would send each event twice.

Whoever comes while another delivers leaves a mark and goes; the holder finds the mark when it ends, and looks once
more. So what was written before somebody was sent away is delivered by the one who has the turn. Whoever was sent away
knows until when: a holder that was killed is followed then.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from billing.domain.errors import BillingError
from billing.ports import Documents, WriteConflict
from billing.store.event_turns import EventTurn, EventTurns
from billing.store.events import Events
from billing.usecases.again import again_while_others_write
from billing.usecases.deliver_events import EventsDelivered

LAST: Final = timedelta(minutes=3)
"""No event takes longer to be read, sent to the slowest receiver and noted (tests/infra/test_pass_in_time.py)."""

SLICE: Final = timedelta(minutes=2)
"""So long a holder takes events before it renews its turn: it is short, as one that was killed holds up the others."""

TURN: Final = SLICE + LAST
"""How long a turn is: its holder renews it or ends it before it is over, unless it is dead.

Whoever has until some instant to deliver, such as a function until its timeout, takes no event in the LAST of it.
"""

OutOfTime: TypeAlias = Callable[[], bool]
Pass: TypeAlias = Callable[[timedelta, OutOfTime], EventsDelivered]
"""Delivers until it is out of time, so long after the turn began."""


def in_turn(
    documents: Documents,
    deliver: Pass,
    *,
    tenant_id: str,
    holder: str,
    now: Callable[[], datetime],
    out_of_time: OutOfTime,
) -> EventsDelivered:
    """What `deliver` came to; nothing where another holder delivers, who has been told to look once more.

    That one's turn is over at the report's `next_at`. A `holder` is a name that nobody else has, and nobody had before.
    Raises what `deliver` raises, and WriteConflict where others write time and again.
    """
    report = EventsDelivered()
    if not Events.of(documents, tenant_id).undelivered(limit=1):
        return report
    turns, begun = EventTurns.of(documents, tenant_id), now()
    at, (version, until) = begun, _taken(turns, holder=holder, at=begun)
    if version is None:
        return EventsDelivered(next_at=until)
    try:
        while version is not None:
            rest = until - LAST
            report += deliver(at - begun, _either(out_of_time, now, rest))
            at = now()
            if (out_of_time() or at < rest) and _ended(turns, version):
                break
            version, until = _taken(turns, holder=holder, at=at)
    except BaseException:
        _given_back(turns, holder=holder)
        raise
    return report  # without a version it took so long, against all bounds, that another began


def _either(out_of_time: OutOfTime, now: Callable[[], datetime], rest: datetime) -> OutOfTime:
    return lambda: out_of_time() or now() >= rest


def _taken(turns: EventTurns, *, holder: str, at: datetime) -> tuple[str | None, datetime]:
    """The version of the turn taken or renewed, None where somebody else has it; and until when it is."""
    return again_while_others_write(lambda: _once_taken(turns, holder=holder, at=at))


def _once_taken(turns: EventTurns, *, holder: str, at: datetime) -> tuple[str | None, datetime]:
    taken = turns.read()
    if taken is not None and taken.value.holder != holder and taken.value.until > at:
        if not taken.value.wanted:
            turns.collection.documents.commit([turns.wanting(taken)])
        return None, taken.value.until
    turn = EventTurn(holder=holder, until=at + TURN)
    [version] = turns.collection.documents.commit([turns.taking(turn, over=taken)])
    return version, turn.until


def _ended(turns: EventTurns, version: str) -> bool:
    try:
        turns.collection.documents.commit([turns.ending(version)])
    except WriteConflict:
        return False
    return True


def _given_back(turns: EventTurns, *, holder: str) -> None:
    """End a holder's turn whoever came meanwhile: where it failed, they need not wait; best effort, as it failed."""
    try:
        taken = turns.read()
        if taken is not None and taken.value.holder == holder:
            _ended(turns, taken.version)
    except BillingError:
        return
