"""A plan with seats, in arrears and in advance, and the amounts of an account's bills."""

from billing.domain.catalog import Billed
from billing.domain.invoicing import CreditDraft, Draft, Skip
from tests.builders import Account, a_fee, a_plan

AHEAD = Billed.IN_ADVANCE
SEAT = a_fee("30", "seat")
IN_ARREARS = a_plan(addons=[SEAT], anchor_day=1)
IN_ADVANCE = a_plan(addons=[SEAT], anchor_day=1, billed=AHEAD, plan_id="ahead")


def billed(account: Account, *, until: str) -> list[list[int]]:
    """The amounts of each bill's lines, those of a credit note with their sign turned back; [] for one skipped."""
    rows = []
    for outcome in account.bills(until=until):
        match outcome:
            case Draft():
                rows.append([line.amount for line in outcome.invoice.lines])
            case CreditDraft():
                rows.append([-line.amount for line in outcome.credit_note.lines])
            case Skip():
                rows.append([])
    return rows
