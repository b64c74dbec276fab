"""A tenant with e-invoices on: what is filed, what is refused, and the book of February with every file checked."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest
from facturx import get_xml_from_pdf

from billing.adapters.book_files import load_book
from billing.domain.book import Book
from billing.domain.catalog import Billed
from billing.domain.exchange import ExchangeRate, ExchangeTable
from billing.domain.invoice import BankDetails, Invoice, Party
from billing.domain.run_report import RunReport
from billing.domain.subscription_changes import end_subscription
from billing.domain.tenant import EInvoiceFormat
from billing.engine import Engine
from billing.store.invoices import Invoices
from billing.store.subscriptions import subscription_fields
from billing.store.tenants import Tenants
from billing.usecases.import_book import import_book
from billing.usecases.run_context import RunRequest
from billing.wiring import local_engine
from tests.builders import GERMAN_VAT, a_fee, a_plan, a_tenant, utc
from tests.e_invoice_rules import broken_rules
from tests.preflight import pdf_a_findings
from tests.world import World

BOOK = Path(__file__).parents[2] / "samples" / "february-2026"
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
BOTH = (EInvoiceFormat.FACTUR_X, EInvoiceFormat.UBL)
BERLIN = Party(
    name="Nordlicht Software GmbH",
    street="Torstraße 140",
    city="Berlin",
    postal_code="10119",
    country="DE",
    email="billing@nordlicht.example",
    tax_id="DE136695976",
)
BANK = BankDetails(account_holder="Nordlicht Software GmbH", iban="DE02120300000000202051", bic="BYLADEM1001")
GERMAN = a_tenant(seller=BERLIN, bank=BANK, e_invoices=BOTH)
PLAN = a_plan(fees=[a_fee("62.00")], anchor_day=1)


def bill(engine: Engine, tenant_id: str, *, as_of: datetime) -> RunReport:
    request = RunRequest(
        tenant_id=tenant_id, as_of=as_of, recorded_at=as_of, run_id=f"run-{as_of:%Y%m%d}", actor="test"
    )
    return engine.generate_invoices(request)


def filed(engine: Engine, document: Invoice) -> dict[str, bytes]:
    """The files of a document by suffix; each is as long, and has the checksum, that the document says."""
    bodies = {}
    for each in document.attachments:
        body = engine.objects.get(each.key)
        assert (each.size, each.sha256) == (len(body), sha256(body).hexdigest())
        bodies[each.key.partition(document.number + ".")[2]] = body
    return bodies


# what is missing


def test_an_invoice_that_lacks_a_particular_is_refused_by_name_and_the_others_are_billed() -> None:
    world = World(tenant=GERMAN, taxes=GERMAN_VAT)
    plan = world.plan(PLAN)
    world.customer("thin", party=Party(name="Thin GmbH"))
    for name in ("first", "thin", "third"):
        world.subscribes(name, to=plan, on="2026-01-01")
    world.travels_to("2026-02-01")
    report = world.runs_billing()
    assert [(each.subscription_id, each.code) for each in report.failures] == [("sub-thin", "missing_particular")]
    assert report.failures[0].message == (
        "customer.address.city: expected a city (art. 226(5) Directive 2006/112/EC; set it on the customer), got ''"
    )
    assert world.numbers() == ["INV-2026-01-0001", "INV-2026-01-0002"]  # nothing was numbered for it
    world.damages("customers/thin", {"party": world.stored("customers/first").fields["party"]})  # type: ignore[union-attr]
    assert [each.number for each in world.runs_billing().invoices] == ["INV-2026-01-0003"]


def test_a_missing_exchange_rate_holds_back_the_invoice_until_it_is_there() -> None:
    world = World(tenant=replace(GERMAN, tax_currency="EUR"), taxes=GERMAN_VAT)
    world.subscribes("acme", to=world.plan(PLAN), on="2026-01-01")
    world.travels_to("2026-02-01")
    [failure] = world.runs_billing().failures
    assert failure.message.startswith("exchange_rates: expected a rate of USD to EUR of 2026-01-31")
    rate = ExchangeRate(base="EUR", quote="USD", rate=Decimal("1.25"), on=date(2026, 1, 30))
    world.documents.commit([Tenants(world.documents).saving_exchange("acme", ExchangeTable(rates=(rate,)))])
    world.runs_billing()
    [invoice] = world.invoices()
    assert invoice.accounting_tax is not None
    assert (invoice.tax, invoice.accounting_tax.currency, invoice.accounting_tax.tax) == (11_78, "EUR", 9_42)  # 9.424


# what is filed


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return local_engine(tmp_path / "kept", payment_link_base="http://127.0.0.1:8080")


def test_a_credit_note_is_filed_with_its_e_invoices_and_names_its_invoice(engine: Engine) -> None:
    world = World(documents=engine.documents, tenant=GERMAN, taxes=GERMAN_VAT)
    plan = world.plan(a_plan(fees=[a_fee("62.00")], anchor_day=1, billed=Billed.IN_ADVANCE))
    subscription = world.subscribes("acme", to=plan, on="2026-01-01")
    bill(engine, "acme", as_of=utc("2026-01-01"))
    ended = end_subscription(world.subscription(subscription.id), at=utc("2026-01-11"))
    world.damages(f"subscriptions/{ended.id}", subscription_fields(ended))
    report = bill(engine, "acme", as_of=utc("2026-01-11"))
    assert (report.settled, report.unsettled) == (1, 0)
    [note] = world.credit_notes()
    assert (note.pending, [each.key for each in note.attachments]) == (
        (),
        [f"credit_notes/acme/2026/CN-2026-01-0001.{suffix}" for suffix in ("pdf", "json", "factur-x.xml", "ubl.xml")],
    )
    for suffix in ("factur-x.xml", "ubl.xml"):
        xml = engine.objects.get(f"credit_notes/acme/2026/CN-2026-01-0001.{suffix}")
        assert broken_rules(xml) == []
        assert b">INV-2026-01-0001<" in xml
        assert b">49.98<" in xml  # 21 of 31 days are 42.00, with 19 % of 7.98
    assert bill(engine, "acme", as_of=utc("2026-01-12")).settled == 0


def test_one_formats_file_is_one_file_more_than_without(engine: Engine) -> None:
    world = World(
        documents=engine.documents, tenant=replace(GERMAN, e_invoices=(EInvoiceFormat.UBL,)), taxes=GERMAN_VAT
    )
    world.subscribes("acme", to=world.plan(PLAN), on="2026-01-01")
    bill(engine, "acme", as_of=utc("2026-02-01"))
    [invoice] = world.invoices()
    files = filed(engine, invoice)
    assert list(files) == ["pdf", "json", "ubl.xml"]
    assert [each.content_type for each in invoice.attachments] == [
        *("application/pdf", "application/json", "application/xml"),
    ]
    assert b"factur-x" not in files["pdf"]


# the book of February


def german_book() -> Book:
    """The book of 200 accounts with e-invoices on. Its seller and its customers lack nothing that EN 16931 asks for."""
    book = load_book(BOOK)
    return replace(book, tenant=replace(book.tenant, e_invoices=BOTH))


@pytest.fixture(scope="module")
def february(tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, RunReport]:
    engine = local_engine(tmp_path_factory.mktemp("february"), payment_link_base="http://127.0.0.1:8080")
    import_book(engine.documents, german_book(), recorded_at=MARCH, progress=lambda _stage, _done, _total: None)
    return engine, bill(engine, "acme-api", as_of=MARCH)


def test_the_february_book_makes_187_pairs_of_files(february: tuple[Engine, RunReport]) -> None:
    engine, report = february
    assert (len(report.invoices), report.failures, report.settled, report.unsettled) == (187, [], 187, 0)
    assert report.totals.total == 4_782_914
    for invoice in Invoices.of(engine.documents, "acme-api").all():
        assert list(filed(engine, invoice)) == ["pdf", "json", "factur-x.xml", "ubl.xml"]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["factur-x.xml", "ubl.xml"])
def test_every_e_invoice_of_february_breaks_no_rule(february: tuple[Engine, RunReport], suffix: str) -> None:
    engine, _ = february
    invoices = [*Invoices.of(engine.documents, "acme-api").all()]
    findings = {each.number: broken_rules(filed(engine, each)[suffix]) for each in invoices}
    assert len(findings) == 187
    assert {number: found for number, found in findings.items() if found} == {}


@pytest.mark.slow
def test_every_pdf_of_february_holds_its_own_xml_and_some_were_seen_by_preflight(
    february: tuple[Engine, RunReport], tmp_path: Path
) -> None:
    engine, _ = february
    files = {each.number: filed(engine, each) for each in Invoices.of(engine.documents, "acme-api").all()}
    for made in files.values():
        assert get_xml_from_pdf(made["pdf"], check_xsd=False) == ("factur-x.xml", made["factur-x.xml"])
    some = []
    for number in sorted(files)[::31]:
        some.append(tmp_path / f"{number}.pdf")
        some[-1].write_bytes(files[number]["pdf"])
    assert pdf_a_findings(some) == {path: [] for path in some}
