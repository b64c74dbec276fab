"""Attempts to charge an invoice: each has its number and its idempotency key, and is never forgotten."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.domain.decline import Advice


class AttemptStatus(StrEnum):
    """`started` until the gateway's answer is known; `unknown` where it did not answer and must be asked again."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    DECLINED = "declined"
    UNKNOWN = "unknown"


class AttemptSource(StrEnum):
    """Who made a charge: the issue of its invoice, the dunning schedule, a method just saved, or somebody by hand."""

    ISSUE = "issue"
    SCHEDULE = "schedule"
    SAVED_METHOD = "saved_method"
    STAFF = "staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAttempt:
    """One try to charge an invoice off session. `number` counts from 1; `code` and `advice` say why it was declined.

    `method` is what the customer recognises its card by, `method_id` the gateway's id of it. `network_advice` is what
    the card's network said of another try, where it forbids it: no policy outweighs that.
    """

    number: int
    attempted_at: datetime
    amount: int
    status: AttemptStatus
    method: str = ""
    payment_id: str = ""
    code: str = ""
    advice: Advice | None = None
    message: str = ""
    method_id: str = ""
    source: AttemptSource = AttemptSource.ISSUE
    network_advice: Advice | None = None


def attempt_key(tenant_id: str, invoice_id: str, number: int) -> str:
    """The idempotency key of an attempt: the same for ever, so a repeated run can't charge twice (semantics 8)."""
    return f"{tenant_id}/{invoice_id}/charge/{number}"
