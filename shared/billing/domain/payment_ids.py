"""Ids of payments and refunds that are made here, and that nobody may give to money of their own.

Whoever booked something else under such an id would keep us from booking what it is meant for: the next invoice would
not be issued, or a credit note would give back what somebody else asked for.
"""

from typing import Final

from billing.domain.errors import InvalidInput
from billing.domain.payment import Payment

_OF_PAYMENTS: Final = ("balance.", "bank.", "stripe.")
"""How the ids begin of credit that an invoice used, of what bank statements brought, and of the gateway's payments."""
_PAID_AT_ISSUE: Final = ".paid"
_OF_CREDIT_NOTE: Final = ".c."
_ON_BALANCE: Final = ".balance"


def require_own_payment_id(payment_id: str, *, field: str) -> None:
    """Refuse an id that a payment of ours has or will have (InvalidInput)."""
    if payment_id.startswith(_OF_PAYMENTS) or payment_id.endswith(_PAID_AT_ISSUE):
        kept = ", ".join(_OF_PAYMENTS)
        expected = f"an id of your own: those that begin with {kept} or end in {_PAID_AT_ISSUE} are given here"
        raise InvalidInput(field, expected=expected, given=payment_id)


def require_own_refund_id(refund_id: str, payment: Payment, *, field: str) -> None:
    """Refuse the id of a credit note's refund (InvalidInput), but where it has begun: that may be asked for again."""
    is_ours = _OF_CREDIT_NOTE in refund_id or refund_id.endswith(_ON_BALANCE)
    if is_ours and all(each.id != refund_id for each in payment.refunds):
        expected = (
            f"an id of your own: those with {_OF_CREDIT_NOTE} in them or with {_ON_BALANCE} at the end are given here"
        )
        raise InvalidInput(field, expected=expected, given=refund_id)
