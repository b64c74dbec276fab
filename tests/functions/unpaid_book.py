"""Invoices of 49.00 for January 2026 that nobody has paid by their due date, 1 February: cards and transfers.

Day 0 of a card is 1 February, when it was declined; of a transfer 2 February, its first day overdue. So runs on the
days of `DAYS` do a step for each of them.
"""

from dataclasses import dataclass
from pathlib import Path

from billing.adapters.objects import ObstoreObjects
from billing.domain.dunning_case import DunningCase
from billing.domain.invoice import CollectionMethod
from billing.ports import Documents, Objects
from billing.sandbox.server import RunningSandbox
from tests.collecting import CardWorld, card_world

DAYS = {
    "2026-02-02T09:00:00Z": 0,
    "2026-02-05T09:00:00Z": 3,
    "2026-02-09T09:00:00Z": 7,
    "2026-02-16T09:00:00Z": 14,
    "2026-02-23T09:00:00Z": 21,
}
"""When each day of the schedule is run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpaidBook:
    """The tenant's world, and who of its customers does what: by name."""

    world: CardWorld
    recovering: tuple[str, ...]
    broke: tuple[str, ...]
    by_transfer: tuple[str, ...]

    def case(self, name: str) -> DunningCase:
        """The case of a customer's only invoice."""
        [invoice] = self.world.invoices(name)
        assert invoice.dunning is not None
        return invoice.dunning


def unpaid_book(
    sandbox: RunningSandbox,
    tenant_id: str,
    *,
    documents: Documents,
    objects: Objects | Path,
    each: int = 1,
    key: str = "",
) -> UnpaidBook:
    """So many customers of each kind: a card that takes the next charge, one that never does, and a transfer.

    Its account has the tenant's id in capitals; the account's key is `sk_test_` and the id, unless it is given.
    """
    account = tenant_id.upper()
    terms = {"id": tenant_id, "gateway_account": account, "payment_terms_days": 0}
    world = card_world(sandbox, documents=documents, key=key or f"sk_test_{tenant_id}", **terms)
    world.objects = ObstoreObjects.folder(objects) if isinstance(objects, Path) else objects
    book = UnpaidBook(
        world=world,
        recovering=tuple(f"recovering-{n}" for n in range(each)),
        broke=tuple(f"broke-{n}" for n in range(each)),
        by_transfer=tuple(f"wire-{n}" for n in range(each)),
    )
    cards = {name: _declined_card(sandbox, world, name) for name in (*book.recovering, *book.broke)}
    for name in book.by_transfer:
        world.joins(name, collection_method=CollectionMethod.SEND_INVOICE)
    world.travels_to("2026-02-01T09:00")
    world.runs_billing()
    for name in book.recovering:
        sandbox.control("POST", f"payment_methods/{cards[name]}/decline", {"code": None})
    return book


def _declined_card(sandbox: RunningSandbox, world: CardWorld, name: str) -> str:
    world.joins(name, card=None)
    card = world.saves_card(name)
    sandbox.control("POST", f"payment_methods/{card}/decline", {"code": "insufficient_funds"})
    return card
