"""What became of usage that was sent: an outcome for each id."""

from dataclasses import dataclass
from enum import StrEnum

from billing.usecases.usage_writes import Written


class OutcomeStatus(StrEnum):
    """A duplicate needs no action; what is rejected must be mended before it is sent again."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOutcome:
    """The outcome of one event or report. `differs` marks a duplicate whose content is not what its id stands for.

    `late` marks accepted usage of a time that was invoiced before: the next invoice bills it as a line of its own.
    """

    event_id: str
    status: OutcomeStatus
    reason: str = ""
    differs: bool = False
    late: bool = False


def outcome_of(entry_id: str, given: object, *, written: Written, first: object) -> EventOutcome:
    """What became of an admitted event or report; of several with one id in a call, the `first` counts."""
    if entry_id in written.refused:
        reason = str(written.refused[entry_id])
        return EventOutcome(event_id=entry_id, status=OutcomeStatus.REJECTED, reason=reason)
    known = written.known.get(entry_id)
    if known is None and first is given:
        return EventOutcome(event_id=entry_id, status=OutcomeStatus.ACCEPTED, late=entry_id in written.late)
    differs = given != (first if known is None else known)
    reason = "this id was recorded with other content, which stands" if differs else ""
    return EventOutcome(event_id=entry_id, status=OutcomeStatus.DUPLICATE, reason=reason, differs=differs)
