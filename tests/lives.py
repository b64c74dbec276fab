"""A subscription's life without a store: what is asked of it, and what its bills come to."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from billing.domain.invoicing import CreditDraft, Draft
from billing.domain.life_change import ItemsChange, LifeChange, Pausing, PlanChange, Resuming, changed
from tests.builders import Account


@dataclass(kw_only=True)
class Standing:
    """What was asked for last, told apart from the product: the plan, how many seats, and whether it is paused."""

    plan: str = "small"
    seats: int = 0
    paused: bool = False

    def asked(self, what: str | int, at: datetime) -> LifeChange:
        """So many seats, a pause or its end, or another plan from then on."""
        if isinstance(what, int):
            self.seats = what
            return ItemsChange(quantities={"seat": Decimal(what)}, at=at)
        if what == "pause":
            self.paused = not self.paused
            return Pausing(at=at) if self.paused else Resuming(at=at)
        self.plan = what
        return PlanChange(plan=f"{what}@1", at=at)


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
