"""Which transactions of a file no import has seen before, whatever format that file was in."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billing.domain.bank_transaction import BankTransaction, is_retold, is_twin, shares_reference
from billing.store.bank_transactions import BankTransactions

_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTransactions:
    """The new ones by their places in the file; by their ids, what `doubts` say has the same reference of the bank.

    Such a one has another text or end-to-end id, so it may be another transfer, or the same one told anew.
    """

    by_place: Mapping[int, BankTransaction]
    doubts: Mapping[str, BankTransaction]


def new_transactions(stored: BankTransactions, transactions: Sequence[BankTransaction]) -> NewTransactions:
    """What was not imported before, the first time that it stands; each stored transaction makes one of these known."""
    places: dict[str, int] = {}
    for place, each in enumerate(transactions):
        places.setdefault(each.id, place)
    known = _known_ids(stored, [*places])
    new = {place: transactions[place] for given, place in places.items() if given not in known}
    keys = {place: each.twin_key for place, each in new.items()}
    twins: dict[str, list[BankTransaction]] = defaultdict(list)
    for found in stored.twins_of(new.values()):
        if found.value.id not in known:
            twins[found.value.twin_key].append(found.value)
    for is_same in (is_retold, is_twin):
        for place, each in [*new.items()]:
            alike = twins[keys[place]]
            twin = next((one for one in alike if is_same(one, each)), None)
            if twin is not None:
                alike.remove(twin)
                del new[place]
    doubts = {
        each.id: one for place, each in new.items() for one in twins[keys[place]][::-1] if shares_reference(one, each)
    }
    return NewTransactions(by_place=new, doubts=doubts)


def _known_ids(stored: BankTransactions, ids: Sequence[str]) -> set[str]:
    pages = (ids[start : start + _PAGE] for start in range(0, len(ids), _PAGE))
    return {each.value.id for page in pages for each in stored.get(page) if each is not None}
