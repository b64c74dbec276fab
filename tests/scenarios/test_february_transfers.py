"""The February book's 45 transfers, from the sample statement of each format: matched by number, whatever its case."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from billing.adapters.bank_statements import read_statements
from billing.adapters.book_files import load_book
from billing.domain.invoice import CollectionMethod, InvoiceStatus
from billing.domain.reconciliation import AlreadyKnown, Booked, NotOurs
from billing.store.invoices import Invoices
from billing.usecases.call import Call
from billing.usecases.import_book import import_book
from billing.usecases.reconcile import ReconcileOptions, reconcile
from billing.usecases.run_context import RunRequest
from billing.wiring import local_engine

SAMPLES = Path(__file__).parents[2] / "samples"
PAY = "http://127.0.0.1:8080"
MARCH, APRIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
FILES = ["march-2026.xml", "march-2026.sta", "march-2026.csv"]
CALL = Call(tenant_id="acme-api", actor="test", recorded_at=APRIL)


@pytest.fixture(scope="module")
def billed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book, billed as of 1 March."""
    folder = tmp_path_factory.mktemp("billed")
    engine = local_engine(folder, payment_link_base=PAY)
    book = load_book(SAMPLES / "february-2026")
    import_book(engine.documents, book, recorded_at=MARCH, progress=lambda _stage, _done, _total: None)
    engine.generate_invoices(
        RunRequest(tenant_id="acme-api", as_of=MARCH, recorded_at=MARCH, run_id="r", actor="test", dry_run=False)
    )
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_45_transfers_pay_what_the_customers_by_transfer_owe(billed: Path, name: str, tmp_path: Path) -> None:
    documents = local_engine(shutil.copytree(billed, tmp_path / "kept"), payment_link_base=PAY).documents
    statements = read_statements(SAMPLES / "bank-statements" / name)
    report = reconcile(documents, statements, call=CALL, options=ReconcileOptions())
    assert (report.count(Booked), report.count(NotOurs), len(report.outcomes)) == (45, 1, 46)
    assert report.credited() == {}
    invoices = [*Invoices.of(documents, "acme-api").all()]
    by_transfer = [each for each in invoices if each.collection_method is CollectionMethod.SEND_INVOICE]
    assert len(by_transfer) == 45
    assert {(each.status, each.amount_due) for each in by_transfer} == {(InvoiceStatus.PAID, 0)}
    assert report.totals(Booked) == {"USD": sum(each.total for each in by_transfer)}
    others = [each for each in invoices if each not in by_transfer and each.total]
    assert {each.amount_paid for each in others} == {0}
    for other in FILES:
        statements = read_statements(SAMPLES / "bank-statements" / other)
        again = reconcile(documents, statements, call=CALL, options=ReconcileOptions())
        assert (again.count(AlreadyKnown), again.count(NotOurs)) == (45, 1)
