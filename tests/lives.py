"""A subscription's life without a store: what is asked of it, and what its bills come to."""

from dataclasses import replace
from datetime import datetime

from billing.domain.invoicing import CreditDraft, Draft
from billing.domain.life_change import LifeChange, changed
from tests.builders import Account


def after(account: Account, change: LifeChange, *, now: datetime) -> Account:
    """The account after a change that is asked for at an instant."""
    return replace(account, subscription=changed(account.subscription, change, plans=account.plans, now=now))


def billed_until(account: Account, until: datetime) -> tuple[Account, dict[str, int]]:
    """The account after the bills that are due by then, and what each comes to without tax, by its id."""
    bills: list[tuple[str, int]] = []
    while (due := account.subscription.next_billing_at) is not None and due <= until:
        outcome, account = account.next_bill()
        if isinstance(outcome, Draft):
            bills.append((outcome.invoice.id, outcome.invoice.subtotal))
        if isinstance(outcome, CreditDraft):
            bills.append((outcome.credit_note.id, -outcome.credit_note.subtotal))
    assert len(dict(bills)) == len(bills)
    return account, dict(bills)
