"""`billing reconcile`: statements into the books, and what a person decides on the transfers that wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.markup import escape

from billing.adapters.bank_statements import CsvMapping, load_mapping, read_statements
from billing.adapters.bank_statements.unreadable import UnknownColumns
from billing.cli.directory import open_call
from billing.cli.errors import DONE, HAD_FAILURES, Refused
from billing.cli.place import Place
from billing.cli.reconcile_shown import booked_json, print_report, print_waiting, report_json, shown_parts, waiting_json
from billing.cli.screen import answers, complaints, write_json
from billing.domain.bank import StatementFormat
from billing.domain.bank_transaction import BankTransaction
from billing.domain.tenant import Tenant
from billing.engine import Engine
from billing.store.codec import encode
from billing.store.pages import PageRequest
from billing.usecases.call import Call
from billing.usecases.close_other_ways import WaysToPay
from billing.usecases.decide_transaction import ignore_transaction, match_transaction, unmatch_transaction
from billing.usecases.reconcile import ReconcileOptions, close_ways, reconcile
from billing.usecases.waiting_transactions import waiting_transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFile:
    """The file to import and how to read it."""

    path: Path
    file_format: StatementFormat | None
    mapping: Path | None
    dry_run: bool


def run_reconcile(given: StatementFile, *, place: Place) -> int:
    """Import a statement and print what became of each transaction; the exit code."""
    engine, tenant, call = open_call(place)
    mapping = CsvMapping() if given.mapping is None else load_mapping(given.mapping)
    try:
        statements = read_statements(given.path, file_format=given.file_format, mapping=mapping)
    except UnknownColumns as error:
        message = f"{error}; --mapping names a bank's own"
        raise Refused(message) from error
    options = ReconcileOptions(dry_run=given.dry_run, close=other_ways(engine, tenant, call=call).close)
    report = reconcile(engine.documents, statements, call=call, options=options)
    if place.as_json:
        write_json({"tenant_id": call.tenant_id, "dry_run": given.dry_run, **report_json(report)})
    else:
        print_report(report, dry_run=given.dry_run)
    return HAD_FAILURES if report.warnings else DONE


def show_unmatched(*, limit: int, place: Place) -> None:
    """Print the first transactions that wait, and whether there are more."""
    engine, _, call = open_call(place)
    found = waiting_transactions(engine.documents, PageRequest(limit=limit + 1), tenant_id=call.tenant_id)
    if place.as_json:
        shown = [waiting_json(each) for each in found[:limit]]
        write_json({"tenant_id": call.tenant_id, "unmatched": shown, "more": len(found) > limit})
        return
    if not found:
        answers().print("Nothing waits.")
    print_waiting(found[:limit])
    if len(found) > limit:
        answers().print("There are more; see --limit.", style="dim")


def run_match(transaction_id: str, invoices: Sequence[str], *, note: str, place: Place) -> None:
    """Book a transfer on invoices and say so."""
    engine, tenant, call = open_call(place)
    booked = match_transaction(engine.documents, transaction_id, invoices, note=note, call=call)
    for warning in close_ways([booked], close=other_ways(engine, tenant, call=call).close):
        complaints().print(warning, style="red", markup=False)
    if place.as_json:
        write_json(booked_json(booked))
    else:
        answers().print(f"{booked.transaction.entry.money} booked: {shown_parts(booked)}", markup=False)


def run_unmatch(transaction_id: str, *, note: str, place: Place) -> None:
    """Take a booking back and say so."""
    engine, _, call = open_call(place)
    _answer(unmatch_transaction(engine.documents, transaction_id, note=note, call=call), "waits again", place=place)


def run_ignore(transaction_id: str, *, note: str, place: Place) -> None:
    """Take a transaction out of the queue and say so."""
    engine, _, call = open_call(place)
    _answer(ignore_transaction(engine.documents, transaction_id, note=note, call=call), "waits no more", place=place)


def other_ways(engine: Engine, tenant: Tenant, *, call: Call) -> WaysToPay:
    """Pages and card payments that are open for the tenant's invoices."""
    return WaysToPay(documents=engine.documents, gateway=partial(engine.gateway, tenant), call=call)


def _answer(transaction: BankTransaction, said: str, *, place: Place) -> None:
    if place.as_json:
        write_json(encode(transaction))
    else:
        answers().print(f"{escape(transaction.id)} {said}.")
