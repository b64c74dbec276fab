"""`billing import`: a book's files into the directory's store."""

from datetime import date
from pathlib import Path

from rich.markup import escape

from billing.adapters.book_files import load_book
from billing.cli.directory import ACTOR, day_of
from billing.cli.screen import Json, answers, columns, counting, write_json
from billing.domain.book import Book
from billing.engine import Engine
from billing.usecases.import_book import ImportReport, import_book
from billing.wiring import local_engine


def run_import(folder: Path, *, directory: Path, bill_from: str | None, as_json: bool) -> None:
    """Import and print what was added."""
    book = read_book(folder, bill_from=None if bill_from is None else day_of(bill_from))
    report = store_book(local_engine(directory, payment_link_base=""), book)
    if as_json:
        write_json(_json(report))
    else:
        _print(book, report, directory=directory)


def read_book(folder: Path, *, bill_from: date | None = None) -> Book:
    """The book of a folder, wholly checked; BookErrors says what is wrong with it."""
    return load_book(folder, bill_from=bill_from)


def store_book(engine: Engine, book: Book) -> ImportReport:
    """Write what is not stored yet, with a bar on a terminal."""
    with counting(f"Importing {book.tenant.id}") as progress:
        return import_book(engine.documents, book, recorded_at=engine.clock.now(), progress=progress, actor=ACTOR)


def sentence(note: str) -> str:
    """A note of an import as a sentence of its own."""
    return f"{note[:1].upper()}{note[1:]}."


def _json(report: ImportReport) -> Json:
    return {
        "tenant_id": report.tenant_id,
        "created": dict(report.created),
        "unchanged": dict(report.unchanged),
        "notes": list(report.notes),
    }


def _print(book: Book, report: ImportReport, *, directory: Path) -> None:
    console = answers()
    console.print(f"[bold]{escape(book.tenant.seller.name)}[/] ({report.tenant_id}) in {escape(str(directory))}")
    console.print()
    table = columns("bold", "", "dim", right=(1, 2))
    table.add_row("", "New", "There already", style="dim")
    for kind, count in report.created.items():
        if count or report.unchanged[kind]:
            table.add_row(kind.replace("_", " ").capitalize(), f"{count:,}", f"{report.unchanged[kind]:,}")
    console.print(table)
    console.print()
    for note in report.notes:
        console.print(sentence(note), markup=False)
    if any(report.created.values()):
        command = f"billing run --tenant {report.tenant_id} --as-of DATE --dir {directory} --dry-run"
        console.print(f"Next:   {command}", style="dim", markup=False, soft_wrap=True)
    else:
        console.print("Nothing was new.")
