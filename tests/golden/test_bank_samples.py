"""The sample statements are those of the February book: 45 transfers, which name their invoices in eight ways."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from billing.adapters.bank_statements import read_statements
from billing.adapters.book_files import load_book
from billing.domain.bank import BankEntry, EntryKind, Statement, StatementFormat
from billing.domain.invoice import CollectionMethod, Invoice
from billing.store.invoices import Invoices
from billing.usecases.import_book import import_book
from billing.usecases.run_context import RunRequest
from billing.wiring import local_engine
from tests import statement_files

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples" / "bank-statements"
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
OPENING = 2_500_000
FILES: Mapping[str, Callable[[list[Statement]], str]] = {
    "march-2026.xml": statement_files.camt,
    "march-2026.sta": statement_files.mt940,
    "march-2026.csv": statement_files.csv,
}


def written_as(number: str, index: int) -> str:
    """A number as people write it."""
    plain = number.replace("-", "")
    return [
        number,
        f"Invoice {number.lower()}",
        number.replace("-", " "),
        f"{plain[:9].lower()}\n{plain[9:]}",
        f"Rechnung: {number.replace('-', '/')}, vielen Dank",
        creditor_reference(plain),
        f"{number[:-2]} {number[-2:]} API",
        f"payment of\n{number.title()}.",
    ][index % 8]


def creditor_reference(payload: str) -> str:
    """An ISO 11649 reference, in groups of four as it is printed."""
    digits = "".join(str(int(character, 36)) for character in f"{payload}RF00")
    whole = f"RF{98 - int(digits) % 97:02}{payload}"
    return " ".join(whole[at : at + 4] for at in range(0, len(whole), 4))


def iban_of(index: int) -> str:
    """A German account of a payer that nobody has; D is 13 and E 14 for the check digits."""
    account = f"10000000{index:010}"
    return f"DE{98 - int(f'{account}131400') % 97:02}{account}"


def parts_of(invoice: Invoice) -> list[int]:
    """What a customer transfers at a time: the largest invoice comes in two parts, and for one of 0.00 nothing."""
    if invoice.total > 60_000:
        return [30_000, invoice.total - 30_000]
    return [invoice.total] if invoice.total else []


def transfer(invoice: Invoice, amount: int, index: int) -> BankEntry:
    booked_on = date(2026, 3, 3) + timedelta(days=index // 2)
    return BankEntry(
        kind=EntryKind.CREDIT,
        amount=amount,
        currency=invoice.currency,
        booked_on=booked_on,
        valued_on=booked_on,
        remittance=written_as(invoice.number, index),
        payer=invoice.buyer.name,
        payer_iban=iban_of(index),
        end_to_end_id=f"{invoice.customer_id}-0326".upper(),
        bank_reference=f"{booked_on:%Y%m%d}{index:08}",
    )


@pytest.fixture(scope="module")
def statement(tmp_path_factory: pytest.TempPathFactory) -> Statement:
    """March of the book's account: what its 45 customers by transfer pay for February, and a fee."""
    engine = local_engine(tmp_path_factory.mktemp("billed"), payment_link_base="http://127.0.0.1:8080")
    book = load_book(ROOT / "samples" / "february-2026")
    import_book(engine.documents, book, recorded_at=MARCH, progress=lambda _stage, _done, _total: None)
    engine.generate_invoices(
        RunRequest(tenant_id="acme-api", as_of=MARCH, recorded_at=MARCH, run_id="r", actor="test", dry_run=False)
    )
    invoices = [*Invoices.of(engine.documents, "acme-api").all()]
    by_transfer = [each for each in invoices if each.collection_method is CollectionMethod.SEND_INVOICE]
    owed = [(each, part) for each in by_transfer for part in parts_of(each)]
    entries = [transfer(each, part, index) for index, (each, part) in enumerate(owed)]
    assert (len(by_transfer), len(entries)) == (45, 45)
    day = date(2026, 3, 31)
    fee = BankEntry(
        kind=EntryKind.DEBIT, amount=1250, currency="USD", booked_on=day, valued_on=day, remittance="Account fee March"
    )
    return Statement(
        format=StatementFormat.CAMT053,
        account="DE89370400440532013000",
        number="3",
        page="1",
        currency="USD",
        opening=OPENING,
        closing=OPENING + sum(each.amount for each in entries) - fee.amount,
        entries=(*entries, fee),
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_sample_is_what_the_book_s_customers_owe(statement: Statement, name: str, renew_golden: bool) -> None:
    text = FILES[name]([statement])
    if renew_golden:
        SAMPLES.mkdir(exist_ok=True)
        (SAMPLES / name).write_bytes(text.encode())
    assert (SAMPLES / name).read_bytes().decode() == text
    assert len(read_statements(SAMPLES / name)[0].entries) == 46
