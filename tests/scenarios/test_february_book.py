"""The February book of 200 accounts, from its files to its PDFs: the figures of the source document, to the cent."""

import json
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from billing.adapters.book_files import load_book
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.run_report import RunReport
from billing.engine import Engine
from billing.ports import Query
from billing.store.invoices import Invoices
from billing.usecases.import_book import import_book
from billing.usecases.run_context import RunRequest
from billing.wiring import local_engine

BOOK = Path(__file__).parents[2] / "samples" / "february-2026"
PAY = "http://127.0.0.1:8080"
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass(frozen=True)
class World:
    """The book in a store of its own, and the runs on it."""

    engine: Engine
    folder: Path

    def run(self, as_of: datetime, *, dry: bool = False, limit: int | None = None) -> RunReport:
        request = RunRequest(
            tenant_id="acme-api",
            as_of=as_of,
            recorded_at=as_of + timedelta(hours=4),
            run_id=f"run-{as_of:%Y%m%d%H%M}-{dry}",
            actor="test",
            dry_run=dry,
            limit=limit,
        )
        return self.engine.generate_invoices(request)

    def invoices(self) -> list[Invoice]:
        return [*Invoices.of(self.engine.documents, "acme-api").all()]

    def invoice(self, number: str) -> Invoice:
        return Invoices.of(self.engine.documents, "acme-api").named(number).value

    def pdfs(self) -> list[Path]:
        return sorted(self.folder.rglob("*.pdf"))


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return opened(BOOK, tmp_path_factory.mktemp("imported")).folder


@pytest.fixture
def world(imported: Path, tmp_path: Path) -> World:
    """The book, imported and not billed yet."""
    folder = shutil.copytree(imported, tmp_path / "kept")
    return World(engine=local_engine(folder, payment_link_base=PAY), folder=folder)


def opened(book: Path, folder: Path) -> World:
    engine = local_engine(folder, payment_link_base=PAY)
    import_book(engine.documents, load_book(book), recorded_at=MARCH, progress=lambda _stage, _done, _total: None)
    return World(engine=engine, folder=folder)


def figures(report: RunReport) -> dict[str, str | int]:
    """The sums as the source document states them."""
    totals = report.totals
    return {
        "customers": report.customers,
        "generated": len(report.invoices),
        "skipped": report.skipped.total(),
        "usage": totals.amount(totals.usage),
        "flat": totals.amount(totals.flat),
        "proration": totals.amount(totals.proration),
        "tax": totals.amount(totals.tax),
        "total": totals.amount(totals.total),
    }


THE_SOURCE_DOCUMENT = {
    "customers": 200,
    "generated": 187,
    "skipped": 13,
    "usage": "31204.50",
    "flat": "14892.00",
    "proration": "-412.36",
    "tax": "2145.00",
    "total": "47829.14",
}


def test_the_run_comes_to_the_figures_of_the_source_document(world: World) -> None:
    report = world.run(MARCH)

    assert figures(report) == THE_SOURCE_DOCUMENT
    assert report.failures == []
    places = report.totals.tax_by_place
    assert sorted(state for country, state in places if country == "US") == ["NY", "PA", "WA"]
    assert sorted(country for country, _ in places if country != "US") == sorted(
        ["DE", "FR", "NL", "IE", "ES", "IT", "SE", "PL", "BE", "AT", "DK", "FI", "PT", "CZ"]
    )


def test_account_1047_is_billed_as_the_source_document_shows_it(world: World) -> None:
    world.run(MARCH)

    invoice = world.invoice("INV-2026-02-0047")

    assert invoice.customer_id == "acct-1047"
    assert [(line.description, line.amount) for line in invoice.lines] == [
        ("API calls - Free tier", 0),
        ("API calls - Standard tier", 9_000),
        ("API calls - Volume tier", 7_395),
        ("Premium support (monthly)", 9_900),
    ]
    assert [f"{line.quantity:f}" for line in invoice.lines] == ["10000", "90000", "147891", "1"]
    assert (invoice.subtotal, invoice.tax, invoice.total) == (26_295, 4_996, 31_291)
    assert [(row.country, f"{row.percent:f}", row.base, row.tax) for row in invoice.tax_lines] == [
        ("DE", "19", 26_295, 4_996)
    ]


def test_each_invoice_has_its_pdf_under_its_number(world: World) -> None:
    world.run(MARCH)

    pdfs = world.pdfs()

    assert [path.stem for path in pdfs] == [f"INV-2026-02-{number:04}" for number in range(1, 188)]
    assert all(path.read_bytes().startswith(b"%PDF-") for path in pdfs)
    assert {path.parent for path in pdfs} == {world.folder / "objects" / "invoices" / "acme-api" / "2026"}


def test_numbers_follow_the_accounts(world: World) -> None:
    world.run(MARCH)

    invoices = world.invoices()

    assert [each.number for each in invoices] == [f"INV-2026-02-{number:04}" for number in range(1, 188)]
    accounts = [each.customer_id for each in invoices]
    assert accounts == sorted(accounts)


def test_the_second_run_generates_nothing(world: World) -> None:
    world.run(MARCH)
    before = world.invoices()

    again = world.run(MARCH)

    assert (len(again.invoices), again.totals.total) == (0, 0)
    assert world.invoices() == before


def test_importing_the_book_again_changes_nothing(world: World) -> None:
    world.run(MARCH)
    before = world.invoices()

    opened(BOOK, world.folder)

    assert len(world.run(MARCH).invoices) == 0
    assert world.invoices() == before


def test_a_dry_run_gives_the_same_answer_and_writes_nothing(world: World) -> None:
    documents = everything(world)

    dry = world.run(MARCH, dry=True)

    assert figures(dry) == THE_SOURCE_DOCUMENT
    assert everything(world) == documents
    assert world.pdfs() == []
    assert dry.invoices == world.run(MARCH).invoices


def test_a_limited_run_is_continued_by_the_next_one(world: World) -> None:
    first = world.run(MARCH, limit=50)
    second = world.run(MARCH)

    assert (len(first.invoices), first.complete) == (50, False)
    assert (len(second.invoices), second.complete) == (137, True)
    assert first.totals.total + second.totals.total == 4_782_914
    assert [each.number for each in world.invoices()] == [f"INV-2026-02-{number:04}" for number in range(1, 188)]


@pytest.mark.slow
def test_three_missed_months_are_three_invoices_each_numbered_in_their_own_series(world: World) -> None:
    world.run(MARCH)

    report = world.run(JUNE)

    missed = [each for each in world.invoices() if each.bill_for_date > MARCH]
    assert len(missed) == 3 * 187
    assert set(Counter(each.subscription_id for each in missed).values()) == {3}
    assert sorted(each.number for each in missed) == [
        f"INV-2026-{month:02}-{number:04}" for month in (3, 4, 5) for number in range(1, 188)
    ]
    by_issue = [each.number for each in report.invoices if each.subscription_id == "sub-1047"]
    assert [number[:11] for number in by_issue] == ["INV-2026-03", "INV-2026-04", "INV-2026-05"]
    periods = [(each.period.start, each.period.end) for each in missed if each.subscription_id == "sub-1047"]
    months = [datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4, 5, 6)]
    assert periods == list(pairwise(months))


def test_a_month_without_usage_still_owes_its_add_ons(world: World) -> None:
    """Account 1047 in March: no usage row, premium support 99.00, VAT 19 % of it 18.81."""
    world.run(MARCH)
    world.run(datetime(2026, 4, 1, tzinfo=UTC))

    march = next(each for each in world.invoices() if each.customer_id == "acct-1047" and each.number[9:11] == "03")

    assert (march.subtotal, march.tax, march.total) == (9_900, 1_881, 11_781)
    assert march.status is InvoiceStatus.ISSUED


@pytest.mark.slow
def test_a_seller_in_new_york_is_due_when_its_own_month_ends(tmp_path: Path) -> None:
    """Its February ends at 05:00 UTC on 1 March; the local days of the book, and so the figures, stay the same."""
    book = shutil.copytree(BOOK, tmp_path / "book")
    tenant = json.loads((book / "tenant.json").read_text(encoding="utf-8"))
    (book / "tenant.json").write_text(json.dumps({**tenant, "time_zone": "America/New_York"}), encoding="utf-8")
    world = opened(book, tmp_path / "kept")

    too_early = world.run(datetime(2026, 3, 1, 4, 59, 59, tzinfo=UTC))
    due = world.run(datetime(2026, 3, 1, 5, tzinfo=UTC))

    assert len(too_early.invoices) == 0
    assert figures(due) == THE_SOURCE_DOCUMENT
    period = world.invoice("INV-2026-02-0047").period
    assert (period.start, period.end) == (datetime(2026, 2, 1, 5, tzinfo=UTC), datetime(2026, 3, 1, 5, tzinfo=UTC))


def test_the_run_keeps_to_its_budget_of_reads_and_writes(world: World) -> None:
    """At most 3 reads and 5 writes an invoice from due to settled, and its PDF and JSON as objects."""
    before = world.engine.operations
    report = world.run(MARCH)
    after = world.engine.operations

    assert after.reads - before.reads <= 3 * len(report.invoices) + 20
    assert after.writes - before.writes <= 5 * len(report.invoices) + 20
    assert after.objects - before.objects == 2 * len(report.invoices)


def everything(world: World) -> dict[str, dict[str, str]]:
    """The version of each document that a run may touch."""
    collections = ("subscriptions", "invoices", "usage", "counters", "audit", "runs", "customers")
    return {
        name: {each.id: each.version for each in world.engine.documents.query(Query(f"tenants/acme-api/{name}"))}
        for name in collections
    }
