"""Let a dunning case rest: until the day on which its customer promised to pay, or until somebody resumes it."""

from datetime import date

from billing.domain.case_decision import Decided, rested
from billing.domain.dunning_case import PauseReason
from billing.domain.invoice import Invoice
from billing.ports import Documents
from billing.usecases.call import Call
from billing.usecases.change_case import change_case


def pause_dunning(
    documents: Documents, id_or_number: str, *, reason: PauseReason, until: date | None, note: str, call: Call
) -> Invoice:
    """The invoice with its case at rest until a local day of the invoice; days that it rests do not count.

    A promise needs a day; without one the case rests until it is resumed. Another pause takes the place of one that is
    under way, the same one changes nothing. A case in the queue stays there. Raises NotFound, NotChased, CaseIsOver,
    and InvalidInput for a day that is not to come within a year.
    """
    by = Decided(note=note.strip(), actor=call.actor, at=call.recorded_at)
    return change_case(
        documents, id_or_number, lambda invoice: rested(invoice, reason, until=until, by=by), call=call, note=by.note
    )
