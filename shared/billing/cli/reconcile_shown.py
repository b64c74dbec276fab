"""What an import of bank statements came to, as text and as JSON."""

from collections.abc import Iterable

from rich.markup import escape

from billing.cli.screen import Json, answers, columns, complaints
from billing.domain.bank_transaction import BankTransaction
from billing.domain.money import Money
from billing.domain.reconciliation import (
    AlreadyKnown,
    Booked,
    NotOurs,
    Outcome,
    ReconciliationReport,
    Settles,
    TakenBack,
    Waiting,
)

_KINDS: tuple[tuple[str, str, type[Outcome]], ...] = (
    ("matched", "Matched", Booked),
    ("reversed", "Taken back", TakenBack),
    ("already_known", "Already known", AlreadyKnown),
    ("unmatched", "Unmatched", Waiting),
    ("ignored", "Debits, fees", NotOurs),
)
_LONGEST_TEXT = 60


def report_json(report: ReconciliationReport) -> Json:
    """Counts and sums of each outcome, then the transactions; amounts as decimal text."""
    booked = [booked_json(each) for each in report.outcomes if isinstance(each, Booked)]
    taken_back = [_taken_back_json(each) for each in report.outcomes if isinstance(each, TakenBack)]
    waiting = [waiting_json(each) for each in report.outcomes if isinstance(each, Waiting)]
    return {
        "transactions": len(report.outcomes),
        **{name: report.count(kind) for name, _, kind in _KINDS},
        "pending": report.pending,
        "zero": report.zero,
        "totals": {name: _sums_json(report.totals(kind)) for name, _, kind in _KINDS},
        "credited": _sums_json(report.credited()),
        "booked": booked,
        "taken_back": taken_back,
        "waiting": waiting,
        "warnings": [*report.warnings],
    }


def booked_json(booked: Booked) -> Json:
    """A transfer and what each invoice got of it."""
    currency = booked.transaction.entry.currency
    parts = [
        {"invoice": each.number, "amount": _amount(each.amount, currency), "settles": each.settles.value}
        for each in booked.parts
    ]
    return {
        **_transaction_json(booked.transaction),
        "payment_id": booked.transaction.payment_id,
        "customer_id": booked.transaction.customer_id,
        "invoices": parts,
        "to_balance": _amount(booked.to_balance, currency),
    }


def waiting_json(waiting: Waiting) -> Json:
    """A transaction that waits, why, and what it may be for."""
    transaction = waiting.transaction
    suggestions = [
        {
            "invoice": each.invoice.number,
            "customer_id": each.invoice.customer_id,
            "customer": each.invoice.customer_name,
            "amount_due": _amount(each.invoice.amount_due, each.invoice.currency),
            "currency": each.invoice.currency,
            "why": [*each.why],
        }
        for each in waiting.suggestions
    ]
    reason = "" if transaction.reason is None else transaction.reason.value
    said = {"reason": reason, "explanation": transaction.explanation}
    return {**_transaction_json(transaction), **said, "suggestions": suggestions}


def print_report(report: ReconciliationReport, *, dry_run: bool) -> None:
    """The counts and sums, what needs a look, and what waits."""
    console = answers()
    if dry_run:
        console.print("Nothing is written: this is what an import would do.", style="dim")
    table = columns("", "bold", "", right=(1,))
    table.add_row("Transactions", str(len(report.outcomes)))
    for _, title, kind in _KINDS:
        table.add_row(title, str(report.count(kind)), _sums(report.totals(kind)))
    if report.pending:
        table.add_row("Not booked yet", str(report.pending))
    if report.zero:
        table.add_row("Of 0", str(report.zero))
    console.print(table)
    _print_unusual(report)
    waiting = [each for each in report.outcomes if isinstance(each, Waiting)]
    if waiting:
        console.print()
        print_waiting(waiting)
    for warning in report.warnings:
        complaints().print(warning, style="red", markup=False)


def print_waiting(waiting: Iterable[Waiting]) -> None:
    """Each transaction that waits, with why and its suggestions below."""
    console = answers()
    for each in waiting:
        entry = each.transaction.entry
        text = " ".join(entry.remittance.split())
        shown = text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 3]}..."
        console.print(
            f"[bold]{each.transaction.id}[/]  {entry.booked_on}  {entry.money}  {escape(entry.payer)}", soft_wrap=True
        )
        console.print(f"  {escape(shown)}", style="dim", soft_wrap=True)
        console.print(f"  {escape(each.transaction.explanation)}", soft_wrap=True)
        for suggestion in each.suggestions:
            due = Money(suggestion.invoice.amount_due, suggestion.invoice.currency)
            line = f"  {suggestion.invoice.number}  {due}: {'; '.join(suggestion.why)}"
            console.print(escape(line), soft_wrap=True)


def shown_parts(booked: Booked) -> str:
    """What each invoice got, and what went to the balance, in a line."""
    currency = booked.transaction.entry.currency
    words = {Settles.FULL: "paid", Settles.PARTIAL: "in part", Settles.NOTHING: "was paid before"}
    parts = [f"{each.number} {_amount(each.amount, currency)} ({words[each.settles]})" for each in booked.parts]
    over = [f"{_amount(booked.to_balance, currency)} to the credit balance"] if booked.to_balance else []
    return ", ".join([*parts, *over])


def _print_unusual(report: ReconciliationReport) -> None:
    """What was not simply one transfer for one invoice."""
    console = answers()
    for each in report.outcomes:
        if isinstance(each, Booked) and ([part.settles for part in each.parts] != [Settles.FULL] or each.to_balance):
            console.print(f"{each.transaction.entry.money}: {shown_parts(each)}", markup=False, soft_wrap=True)
        elif isinstance(each, TakenBack):
            undone = each.undone.payment_id or each.undone.id
            console.print(f"{each.transaction.entry.money} taken back: {undone}", markup=False, soft_wrap=True)


def _taken_back_json(taken_back: TakenBack) -> Json:
    undone = taken_back.undone
    return {**_transaction_json(taken_back.transaction), "undone": undone.id, "payment_id": undone.payment_id}


def _transaction_json(transaction: BankTransaction) -> Json:
    entry = transaction.entry
    return {
        "id": transaction.id,
        "booked_on": entry.booked_on.isoformat(),
        "amount": _amount(entry.amount, entry.currency),
        "currency": entry.currency,
        "payer": entry.payer,
        "remittance": entry.remittance,
    }


def _sums_json(sums: dict[str, int]) -> Json:
    return {currency: _amount(amount, currency) for currency, amount in sums.items()}


def _sums(sums: dict[str, int]) -> str:
    return ", ".join(f"{Money(amount, currency).amount:,} {currency}" for currency, amount in sums.items())


def _amount(minor: int, currency: str) -> str:
    return str(Money(minor, currency).amount)
