"""Import bank statements: book what names its invoices, queue everything else for a person (semantics 8).

Each transaction has an id of its own that its payment and its document are made of. So an import that is done twice,
by two at once, or killed half-way books everything once.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from billing.domain.bank import EntryKind, Statement, check_balances, check_days
from billing.domain.bank_account import account_names, check_account
from billing.domain.bank_transaction import BankTransaction, transactions_of
from billing.domain.errors import BillingError, InvalidInput
from billing.domain.invoice import BankDetails
from billing.domain.reconciliation import AlreadyKnown, Booked, Outcome, ReconciliationReport, Waiting
from billing.domain.tenant import Tenant
from billing.ports import Documents
from billing.store.bank_transactions import BankTransactions
from billing.store.payments import Payments
from billing.store.tenants import Tenants
from billing.usecases.call import Call
from billing.usecases.known_numbers import KnownNumbers
from billing.usecases.new_transactions import new_transactions
from billing.usecases.reconcile_transaction import Import, book_again, take_credit, take_debit
from billing.usecases.waiting_transactions import with_suggestions

_PAGE = 100
_MOST_SUGGESTED = 200


def _nothing_open(_invoice_id: str) -> None:
    """For a tenant whose invoices can't be paid in any other way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileOptions:
    """How to import. `close` is called with the id of each invoice that was paid, to close other ways to pay it."""

    dry_run: bool = False
    close: Callable[[str], None] = _nothing_open


def reconcile(
    documents: Documents, statements: Sequence[Statement], *, call: Call, options: ReconcileOptions
) -> ReconciliationReport:
    """Import statements of the tenant's account and say what became of each transaction.

    Raises OtherAccount and StatementOutOfBalance before anything is booked, InvalidInput for a tenant without a bank
    account and for an entry of a day too far ahead. A dry run says the same and writes nothing.
    """
    tenant = Tenants(documents).get(call.tenant_id)
    bank = _bank_of(tenant)
    for statement in statements:
        check_account(statement, bank=bank)
        check_balances(statement)
        check_days(statement, today=call.recorded_at.date())
    work = Import(
        documents=documents,
        call=call,
        tenant=tenant,
        numbers=KnownNumbers.of(documents, tenant),
        dry_run=options.dry_run,
    )
    transactions, *renamed = ([*transactions_of(statements, iban=name)] for name in account_names(bank))
    outcomes = _outcomes(work, transactions, renamed)
    warnings = () if options.dry_run else close_ways(outcomes, close=options.close)
    return ReconciliationReport(
        outcomes=tuple(_suggested(work, outcomes)),
        pending=sum(each.pending for each in statements),
        zero=sum(each.zero for each in statements),
        warnings=warnings,
    )


def close_ways(outcomes: Iterable[Outcome], *, close: Callable[[str], None]) -> tuple[str, ...]:
    """Close other ways to pay what is paid; what can't be is said, and becomes credit should it be paid twice."""
    warnings: list[str] = []
    for invoice_id in (each for booked in outcomes if isinstance(booked, Booked) for each in booked.paid_in_full):
        try:
            close(invoice_id)
        except BillingError as error:
            warnings.append(f"{invoice_id}: other ways to pay it may still be open: {error}")
    return tuple(warnings)


def _bank_of(tenant: Tenant) -> BankDetails:
    if tenant.bank is None:
        raise InvalidInput("bank", expected=f"an account in the settings of {tenant.id}", given=None)
    return tenant.bank


def _outcomes(
    work: Import, transactions: Sequence[BankTransaction], renamed: Sequence[Sequence[BankTransaction]]
) -> list[Outcome]:
    """Money in first: a reversal may stand before what it takes back, as some banks write the newest first.

    `renamed` are the same under another name of the account: what was imported under that is known.
    """
    outcomes: dict[int, Outcome] = {}
    stored = BankTransactions.of(work.documents, work.call.tenant_id)
    found, *known_as = (new_transactions(stored, each) for each in (transactions, *renamed))
    new = {place: each for place, each in found.by_place.items() if all(place in other.by_place for other in known_as)}
    work.doubts = found.doubts
    for index, each in enumerate(transactions):
        if index not in new:
            outcomes[index] = AlreadyKnown(transaction=each)
    incoming = [(index, each) for index, each in new.items() if each.entry.kind is EntryKind.CREDIT]
    for start in range(0, len(incoming), _PAGE):
        outcomes |= _taken_in(work, incoming[start : start + _PAGE])
    others = {index: each for index, each in new.items() if each.entry.kind is not EntryKind.CREDIT}
    work.expect_reversals([each.entry for each in others.values()])
    outcomes |= {index: take_debit(work, each) for index, each in others.items()}
    return [outcomes[index] for index in sorted(outcomes)]


def _taken_in(work: Import, page: Sequence[tuple[int, BankTransaction]]) -> dict[int, Outcome]:
    work.numbers.look_up(each.entry for _, each in page)
    payments = Payments.of(work.documents, work.call.tenant_id).get([each.next_payment_id for _, each in page])
    return {
        index: take_credit(work, each) if payment is None else book_again(work, each, payment.value)
        for (index, each), payment in zip(page, payments, strict=True)
    }


def _suggested(work: Import, outcomes: Iterable[Outcome]) -> Iterable[Outcome]:
    """The first of what waits gets its suggestions here; for the others there is the queue."""
    left = _MOST_SUGGESTED
    for each in outcomes:
        if isinstance(each, Waiting) and left:
            left -= 1
            yield with_suggestions(work.documents, each.transaction, work.numbers, tenant_id=work.call.tenant_id)
        else:
            yield each
