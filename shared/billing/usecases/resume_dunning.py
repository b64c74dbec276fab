"""End the pause of a dunning case before its day: it goes on where it stopped."""

from billing.domain.case_decision import went_on
from billing.domain.invoice import Invoice
from billing.ports import Documents
from billing.usecases.call import Call
from billing.usecases.change_case import change_case


def resume_dunning(documents: Documents, id_or_number: str, *, note: str, call: Call) -> Invoice:
    """The invoice with its case going on; the days that it rested do not count. One that does not rest stays as it is.

    Raises NotFound, NotChased and CaseIsOver.
    """
    return change_case(
        documents, id_or_number, lambda invoice: went_on(invoice, at=call.recorded_at), call=call, note=note.strip()
    )
