"""Deliver a tenant's events one pass at a time: passes side by side would send each event twice.

Whoever comes while another delivers leaves a mark and goes; the holder finds the mark when it ends, and looks once
more. So what was written before somebody was sent away is delivered by the one who has the turn. A holder that was
killed is followed by its own repetition, or by anybody once its time is over.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from billing.ports import Documents, WriteConflict
from billing.store.event_turns import EventTurn, EventTurns
from billing.store.events import Events
from billing.usecases.call import Call
from billing.usecases.deliver_events import EventsDelivered
from billing.usecases.one_invoice import again_while_others_write

LONGEST: Final = timedelta(minutes=15)
"""No pass of a function takes as long: it ends with its call."""


def in_turn(
    documents: Documents, deliver: Callable[[], EventsDelivered], *, holder: str, call: Call
) -> EventsDelivered | None:
    """What `deliver` came to, or None where another holder delivers just now, who has been told to look once more.

    A holder of the same name is taken to be dead: a queue repeats a task under its name only when that has ended.
    Raises what `deliver` raises, and WriteConflict where others write time and again.
    """
    if not Events.of(documents, call.tenant_id).undelivered(limit=1):
        return EventsDelivered()
    turns = EventTurns.of(documents, call.tenant_id)
    version = again_while_others_write(lambda: _taken(turns, holder=holder, call=call))
    if version is None:
        return None
    try:
        report = deliver()
        while not _ended(turns, version):
            version = again_while_others_write(lambda: _taken(turns, holder=holder, call=call))
            if version is None:  # it took so long that another began
                return report
            report += deliver()
    except BaseException:
        if version is not None:
            _ended(turns, version)
        raise
    return report


def _taken(turns: EventTurns, *, holder: str, call: Call) -> str | None:
    """The version of the turn taken; None where somebody else has it, and knows now that it was wanted."""
    taken, now = turns.read(), call.recorded_at
    if taken is not None and taken.value.holder != holder and taken.value.until > now:
        if not taken.value.wanted:
            turns.collection.documents.commit([turns.wanting(taken)])
        return None
    turn = EventTurn(holder=holder, until=now + LONGEST)
    [version] = turns.collection.documents.commit([turns.taking(turn, over=taken)])
    return version


def _ended(turns: EventTurns, version: str) -> bool:
    try:
        turns.collection.documents.commit([turns.ending(version)])
    except WriteConflict:
        return False
    return True
