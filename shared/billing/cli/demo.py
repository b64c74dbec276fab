"""`billing demo`: the February book from its files to its PDFs and its money, in one go."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import billing
from billing.adapters.system_clock import SystemClock
from billing.cli.billing_run import BillingRun, new_run_id
from billing.cli.demo_collecting import (
    DemoCollected,
    collect,
    collected_json,
    has_cards,
    prepare_collecting,
    print_collected,
    with_gateway,
)
from billing.cli.directory import ACTOR, checked_pay_base, instant_of, object_path
from billing.cli.errors import Refused
from billing.cli.import_book import read_book, sentence, store_book
from billing.cli.options import StoreKind
from billing.cli.run import exit_code, watched_bill
from billing.cli.run_json import run_json
from billing.cli.screen import answers, write_json
from billing.cli.summary import print_summary
from billing.config import FirestoreDatabase, local_workers
from billing.domain.book import Book
from billing.usecases.run_context import RunRequest
from billing.wiring import Engine, local_engine, local_key

_SAMPLE = Path("samples", "february-2026")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRequest:
    """What was typed; `book` None is the sample, `emulator` is what FIRESTORE_EMULATOR_HOST names."""

    directory: Path
    store: StoreKind
    emulator: str | None
    book: Path | None
    as_of: str


def run_demo(request: DemoRequest, *, pay_base: str, as_json: bool) -> int:
    """Import the book, bill it, collect where it has cards, print the story or the object; the exit code."""
    folder = request.book or sample_book()
    book = read_book(folder)
    engine = _engine(request, pay_base=checked_pay_base(pay_base))
    store_book(engine, with_gateway(engine, book) if has_cards(book) else book)
    billing_only = prepare_collecting(engine, book.tenant) if has_cards(book) else engine
    run = watched_bill(billing_only, _run_request(request, book), title=f"Billing {book.tenant.id}")
    if not as_json:
        _print(run, book=book, request=request)
    collected = None
    if has_cards(book):
        collected = collect(engine, run, book=book, folder=folder, directory=request.directory)
    if as_json:
        shown = run_json(run, directory=request.directory)
        write_json(shown if collected is None else {**shown, "collected": collected_json(collected)})
    else:
        _print_end(run, collected, request=request)
    return exit_code(run)


def sample_book() -> Path:
    """The February book, which stands beside the sources; Refused where the package was installed without them."""
    folder = Path(billing.__file__).resolve().parents[2] / _SAMPLE
    if not folder.is_dir():
        message = f"the sample book ({_SAMPLE}) comes with the sources; name a copy of it with --book FOLDER"
        raise Refused(message)
    return folder


def _engine(request: DemoRequest, *, pay_base: str) -> Engine:
    """The directory's engine. On the emulator each directory has a project of its own, which is new when it is new."""
    if request.store is StoreKind.SQLITE:
        return local_engine(request.directory, payment_link_base=pay_base, workers=local_workers())
    if not request.emulator:
        message = (
            "--store firestore is for the Firestore emulator, never for a real project.\n"
            "  Start it:  gcloud emulators firestore start --host-port=127.0.0.1:8085\n"
            "  Then:      FIRESTORE_EMULATOR_HOST=127.0.0.1:8085 billing demo --store firestore"
        )
        raise Refused(message)
    name = hashlib.sha256(local_key(request.directory).encode()).hexdigest()[:16]
    store = FirestoreDatabase(project=f"demo-{name}", database="(default)")
    return local_engine(request.directory, payment_link_base=pay_base, store=store)


def _run_request(request: DemoRequest, book: Book) -> RunRequest:
    return RunRequest(
        tenant_id=book.tenant.id,
        as_of=instant_of(request.as_of, zone=book.tenant.zone),
        recorded_at=SystemClock().now(),
        run_id=new_run_id(),
        actor=ACTOR,
    )


def _print(run: BillingRun, *, book: Book, request: DemoRequest) -> None:
    console = answers()
    console.print(f"[bold]{book.tenant.seller.name}[/] bills what is due as of {request.as_of}")
    for note in book.notes:
        console.print(sentence(note), style="dim", markup=False)
    console.print()
    print_summary(run, directory=request.directory, console=console)


def _print_end(run: BillingRun, collected: DemoCollected | None, *, request: DemoRequest) -> None:
    console = answers()
    console.print()
    if collected is not None:
        print_collected(collected, console)
        console.print()
    if not run.invoices:
        folder = object_path(request.directory, f"invoices/{run.report.tenant_id}")
        console.print(f"Nothing was due: all of it is billed already. The PDFs are in {folder}", soft_wrap=True)
    elif request.store is StoreKind.SQLITE:
        invoice = run.invoices[min(46, len(run.invoices) - 1)]
        command = f"billing invoices show {invoice.number} --dir {request.directory}"
        console.print(f"Read one:   {command}", soft_wrap=True, markup=False)
