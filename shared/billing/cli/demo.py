"""`billing demo`: the February book from its files to its PDFs and its money, in one go."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import billing
from billing.adapters.kept_places import FirestoreDatabase
from billing.adapters.system_clock import SystemClock
from billing.cli.billing_run import BillingRun, new_run_id
from billing.cli.demo_collecting import (
    DemoCollected,
    collect,
    collected_json,
    has_cards,
    nothing_collected,
    prepare_collecting,
    print_collected,
    with_choices,
)
from billing.cli.demo_diary import diary_json
from billing.cli.demo_month import Played, print_played, watched_play
from billing.cli.demo_playing import SCHEDULER, Playing, begin, billing_id
from billing.cli.demo_story import story_of
from billing.cli.directory import ACTOR, checked_pay_base, instant_of, object_path
from billing.cli.errors import HAD_FAILURES, Refused
from billing.cli.import_book import read_book, sentence, store_book
from billing.cli.options import StoreKind
from billing.cli.run import exit_code, watched_bill
from billing.cli.run_json import run_json
from billing.cli.screen import answers, write_json
from billing.cli.summary import print_summary
from billing.config import local_workers
from billing.domain.book import Book
from billing.engine import Engine
from billing.usecases.run_context import RunRequest
from billing.wiring import local_engine, local_key

_SAMPLE = Path("samples", "february-2026")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRequest:
    """What was typed; `book` None is the sample, `emulator` is what FIRESTORE_EMULATOR_HOST names.

    `through` is the last day to be played, None for the run alone.
    """

    directory: Path
    store: StoreKind
    emulator: str | None
    book: Path | None
    as_of: str
    through: str | None = None


def run_demo(request: DemoRequest, *, pay_base: str, as_json: bool) -> int:
    """Import the book, bill it, collect where it has cards, print the story or the object; the exit code.

    With a day to play through, the days from that of the run on are played too.
    """
    folder = request.book or sample_book()
    book = read_book(folder)
    story = None if request.through is None else story_of(book.tenant, as_of=request.as_of, through=request.through)
    engine = _engine(request, pay_base=checked_pay_base(pay_base))
    playing = None if story is None else begin(engine, story, directory=request.directory)
    engine = engine if playing is None else playing.engine
    store_book(engine, with_choices(engine, book, mails=playing is not None))
    billing_only = prepare_collecting(engine, book.tenant) if has_cards(book) else engine
    run = watched_bill(billing_only, _run_request(request, book, playing), title=f"Billing {book.tenant.id}")
    if not as_json:
        _print(run, book=book, request=request)
    collected = None
    if has_cards(book):
        is_done = playing is not None and playing.is_begun
        collected = (
            nothing_collected()
            if is_done
            else collect(engine, run, book=book, folder=folder, directory=request.directory)
        )
    played = None if playing is None else watched_play(playing)
    _tell(run, collected, played, request=request, as_json=as_json)
    return HAD_FAILURES if played is not None and played.failures else exit_code(run)


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


def _run_request(request: DemoRequest, book: Book, playing: Playing | None) -> RunRequest:
    """The run that was asked for; of a story that was begun before it has been done, and nothing is written."""
    return RunRequest(
        tenant_id=book.tenant.id,
        as_of=instant_of(request.as_of, zone=book.tenant.zone),
        recorded_at=SystemClock().now() if playing is None else playing.clock.now(),
        run_id=new_run_id() if playing is None else billing_id(playing.story.first),
        actor=ACTOR if playing is None else SCHEDULER,
        dry_run=playing is not None and playing.is_begun,
    )


def _tell(
    run: BillingRun, collected: DemoCollected | None, played: Played | None, *, request: DemoRequest, as_json: bool
) -> None:
    if not as_json:
        _print_end(run, collected, played, request=request)
        return
    shown = run_json(run, directory=request.directory)
    shown |= {} if collected is None else {"collected": collected_json(collected)}
    write_json(shown if played is None else {**shown, **diary_json(played.diary)})


def _print(run: BillingRun, *, book: Book, request: DemoRequest) -> None:
    console = answers()
    console.print(f"[bold]{book.tenant.seller.name}[/] bills what is due as of {request.as_of}")
    for note in book.notes:
        console.print(sentence(note), style="dim", markup=False)
    console.print()
    print_summary(run, directory=request.directory, console=console)


def _print_end(
    run: BillingRun, collected: DemoCollected | None, played: Played | None, *, request: DemoRequest
) -> None:
    console, is_local = answers(), request.store is StoreKind.SQLITE
    console.print()
    if collected is not None:
        print_collected(collected, console)
        console.print()
    if played is not None:
        print_played(played, directory=request.directory, is_local=is_local)
    elif not run.invoices:
        folder = object_path(request.directory, f"invoices/{run.report.tenant_id}")
        console.print(f"Nothing was due: all of it is billed already. The PDFs are in {folder}", soft_wrap=True)
    elif is_local:
        invoice = run.invoices[min(46, len(run.invoices) - 1)]
        command = f"billing invoices show {invoice.number} --dir {request.directory}"
        console.print(f"Read one:   {command}", soft_wrap=True, markup=False)
