"""What was asked for under a key before: the audit log remembers it, also where a rejected draft left nothing else."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import ClassVar

from billing.domain.audit import AuditRecord
from billing.domain.errors import Conflict
from billing.domain.invoice import Invoice, LineItem
from billing.domain.money import Money
from billing.domain.period import local_date
from billing.usecases.one_off_draft import OneOff, OneOffLine

_ASKED = "asked for "


class OtherInvoice(Conflict):
    """Under that key, or number of the caller's, another invoice of the customer was made; `differs` names in what."""

    code: ClassVar[str] = "other_invoice"
    retryable: ClassVar[bool] = False

    def __init__(self, key: str, invoice: Invoice, *, differs: Sequence[str] = ()) -> None:
        total, name = Money(invoice.total, invoice.currency), invoice.number or f"draft {invoice.id}"
        other = f", with other {', '.join(differs)}" if differs else ""
        super().__init__(f"{key} was invoiced as {name} with {total}{other}: what is issued is not changed")


class OneOffRejected(Conflict):
    """The draft that was made under that key was rejected, and a key is for one invoice."""

    code: ClassVar[str] = "one_off_rejected"
    retryable: ClassVar[bool] = False

    def __init__(self, key: str, rejected: AuditRecord, *, zone: str) -> None:
        on = local_date(rejected.at, zone=zone)
        super().__init__(f"the draft of {key} was rejected on {on} ({rejected.reason}); use a new key for another one")


def asked_for(asked: OneOff, *, draft: bool) -> str:
    """What the audit log keeps of what was asked: a fingerprint of each thing that the caller states."""
    return _ASKED + " ".join(f"{name}:{said}" for name, said in _said(asked, draft=draft).items())


def check_not_rejected(records: Sequence[AuditRecord], asked: OneOff, *, zone: str) -> None:
    """OneOffRejected where the subscription that stood for it was discarded; `records` are of that, oldest first."""
    for record in records:
        if record.event == "subscription.discarded":
            raise OneOffRejected(asked.key, record, zone=zone)


def check_same(made: Sequence[Invoice], records: Sequence[AuditRecord], asked: OneOff, *, draft: bool) -> None:
    """OtherInvoice where the invoice that was `made`, or its revisions, says something else than is asked for now.

    What an earlier program made is known by its lines alone.
    """
    now = _said(asked, draft=draft)
    created = [each.reason for each in records if each.event == "subscription.created"]
    reasons = [each for each in created if each.startswith(_ASKED)]
    before = dict(each.split(":", 1) for each in reasons[-1].removeprefix(_ASKED).split(" ")) if reasons else {}
    before = before or {"lines": _fingerprint(_lines(made[0].lines))}
    if differs := [name for name, said in before.items() if now.get(name) != said]:
        raise OtherInvoice(asked.key, made[-1], differs=differs)


def _said(asked: OneOff, *, draft: bool) -> Mapping[str, str]:
    stated = {
        "lines": _lines(asked.lines),
        "due_on": asked.due_on,
        "reference": asked.reference,
        "notes": asked.notes,
        "draft": draft,
    }
    return {name: _fingerprint(value) for name, value in stated.items()}


def _lines(lines: Sequence[OneOffLine] | Sequence[LineItem]) -> list[tuple[str, str, str, bool]]:
    """As they were stated; 1.0 is 1."""
    return [
        (each.description, f"{each.quantity.normalize():f}", f"{each.unit_price.normalize():f}", each.tax_inclusive)
        for each in lines
    ]


def _fingerprint(value: object) -> str:
    return hashlib.sha256(str(value).encode()).hexdigest()[:12]
