"""The February book, verified: clean as it was billed, and after each change behind the program's back, named."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from billing.adapters.book_files import load_book
from billing.domain.finding import Finding, FindingKind
from billing.domain.invoice import Invoice
from billing.engine import Engine
from billing.ports import Delete, Document, Put, Query, Update
from billing.store.invoices import Invoices
from billing.usecases.import_book import import_book
from billing.usecases.run_context import RunRequest
from billing.usecases.verify import VerifyReport, VerifyRequest, verify
from billing.wiring import local_engine

BOOK = Path(__file__).parents[2] / "samples" / "february-2026"
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
INVOICE_47 = "sub-1047.20260201T000000Z.r0"  # acct-1047, INV-2026-02-0047: 312.91 USD


@dataclass(frozen=True)
class Books:
    """The billed book in a folder of its own, open to anybody who knows where the documents are."""

    engine: Engine
    folder: Path

    def verify(self, **changes: Any) -> VerifyReport:  # noqa: ANN401 - any field of the request
        request = VerifyRequest(tenant_id="acme-api", as_of=MARCH + timedelta(days=9), **changes)
        return verify(self.engine.documents, self.engine.objects, request)

    def document(self, path: str) -> Document:
        [found] = self.engine.documents.get_many([f"tenants/acme-api/{path}"])
        assert found is not None, path
        return found

    def changes(self, path: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a stored document without the program."""
        document = self.document(path)
        fields: dict[str, Any] = orjson.loads(orjson.dumps(document.fields, default=str)) | {
            name: value for name, value in document.fields.items() if isinstance(value, datetime)
        }
        change(fields)
        self.engine.documents.commit([Put(document.path, fields)])

    def removes(self, path: str) -> None:
        self.engine.documents.commit([Delete(self.document(path).path)])

    def invoice(self, number: str) -> Invoice:
        return Invoices.of(self.engine.documents, "acme-api").named(number).value

    def file(self, name: str) -> Path:
        [found] = self.folder.rglob(name)
        return found


@pytest.fixture(scope="module")
def billed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("billed")
    engine = local_engine(folder, payment_link_base="http://127.0.0.1:8080")
    import_book(engine.documents, load_book(BOOK), recorded_at=MARCH)
    request = RunRequest(tenant_id="acme-api", as_of=MARCH, recorded_at=MARCH, run_id="run-1", actor="test")
    report = engine.generate_invoices(request)
    assert (len(report.invoices), report.settled) == (187, 187)
    return folder


@pytest.fixture
def books(billed: Path, tmp_path: Path) -> Books:
    folder = shutil.copytree(billed, tmp_path / "kept")
    return Books(engine=local_engine(folder, payment_link_base=""), folder=folder)


def named(findings: Iterable[Finding]) -> set[tuple[str, str, str]]:
    """Kind, document and field of what was found."""
    return {(each.kind.value, each.entity, each.field) for each in findings}


def test_the_book_is_clean_and_everything_was_read(books: Books) -> None:
    report = books.verify()

    assert report.findings.kept == []
    assert report.read == {
        "plans": 1,
        "invoices": 187,
        "recomputed": 187,
        "objects": 374,  # a PDF and a JSON each
        "subscriptions": 193,
        "rollups": 537,
        "events": 15_966,
        "counters": 1,
        "audit_batches": 4,
    }


def test_the_period_of_february_is_the_whole_book_but_for_older_usage(books: Books) -> None:
    report = books.verify(periods=("2026-02",))

    assert report.findings.kept == []
    assert (report.read["invoices"], report.read["recomputed"], report.read["rollups"]) == (187, 187, 187)


def test_a_month_without_invoices_is_clean(books: Books) -> None:
    report = books.verify(periods=("2026-01",))

    assert (report.read["invoices"], report.findings.kept) == (0, [])


def test_a_changed_usage_event_is_named_with_its_day_and_both_figures(books: Books) -> None:
    event = books.engine.documents.query(Query("tenants/acme-api/usage_events", limit=1))[0]
    day = datetime.fromisoformat(str(event.fields["occurred_at"])).date()
    quantity = int(str(event.fields["quantity"]))
    books.engine.documents.commit([Update(event.path, {"quantity": str(quantity + 5)})])

    [found] = books.verify().findings.kept

    rollup = f"usage/{event.fields['subscription_id']}.{event.fields['meter']}.{day:%Y-%m}"
    assert (found.kind, found.entity, found.field) == (FindingKind.USAGE_DIFFERS, rollup, day.isoformat())
    assert (found.stored, found.expected) == (f"{quantity:,}", f"{quantity + 5:,}")


def test_a_removed_usage_event_is_named(books: Books) -> None:
    event = books.engine.documents.query(Query("tenants/acme-api/usage_events", limit=1))[0]
    books.engine.documents.commit([Delete(event.path)])

    [found] = books.verify().findings.kept

    assert (found.kind, found.expected) == (FindingKind.USAGE_DIFFERS, "0")


def test_one_unit_more_inside_the_free_tier_is_named_though_no_cent_differs(books: Books) -> None:
    free = next(each for each in map(books.invoice, numbers()) if each.lines[0].quantity < 10_000)
    rollup = f"usage/{free.subscription_id}.api_calls.2026-02"
    first = min(cast("dict[str, str]", books.document(rollup).fields["buckets"]))

    def one_more(fields: dict[str, Any]) -> None:
        fields["buckets"][first] = str(int(fields["buckets"][first]) + 1)

    books.changes(rollup, one_more)
    found = books.verify().findings.kept

    entity = f"invoices/{free.id}"
    assert named(found) == {
        ("invoice_differs", entity, "line 'API calls - Free tier': quantity"),
        ("usage_differs", rollup, f"2026-02-{first[6:8]}"),
    }
    quantity = next(each for each in found if each.entity == entity)
    assert (quantity.name, quantity.stored, quantity.expected) == (
        free.number,
        f"{free.lines[0].quantity:,}",
        f"{free.lines[0].quantity + 1:,}",
    )


def test_a_changed_price_is_named_as_the_cause_with_every_invoice_that_it_touches(books: Books) -> None:
    def dearer(fields: dict[str, Any]) -> None:
        assert fields["metered"][0]["price"]["tiers"][2]["unit_price"] == "0.0005"
        fields["metered"][0]["price"]["tiers"][2]["unit_price"] = "0.0006"

    books.changes("plans/api-platform@1", dearer)
    report = books.verify()

    [cause] = [each for each in report.findings.kept if each.kind is FindingKind.PLAN_CHANGED]
    assert cause.entity == "plans/api-platform@1"
    in_volume_tier = {
        f"invoices/{each.id}"
        for each in map(books.invoice, numbers())
        if any(line.description == "API calls - Volume tier" for line in each.lines)
    }
    touched = {each.entity for each in report.findings.kept if each.kind is FindingKind.INVOICE_DIFFERS}
    assert touched == in_volume_tier
    assert set(report.findings.counts) == {FindingKind.PLAN_CHANGED, FindingKind.INVOICE_DIFFERS}
    of_47 = {
        each.field: (each.stored, each.expected)
        for each in report.findings.kept
        if each.entity == f"invoices/{INVOICE_47}"
    }
    # 147,891 x 0.0006 = 88.7346; 90.00 + 88.73 + 99.00 = 277.73; 19 % of it = 52.7687
    assert of_47["line 'API calls - Volume tier': unit price"] == ("0.0005", "0.0006")
    assert of_47["line 'API calls - Volume tier': amount"] == ("73.95", "88.73")
    assert of_47["total"] == ("312.91", "330.50")


def test_a_changed_total_is_named_by_every_check_that_knows_better(books: Books) -> None:
    books.changes(f"invoices/{INVOICE_47}", lambda fields: fields.update(total=31_292))

    found = books.verify().findings.kept

    entity = f"invoices/{INVOICE_47}"
    assert named(found) == {
        ("invoice_differs", entity, "total"),
        ("invoice_does_not_add_up", entity, "total"),
        ("invoice_differs", entity, "amount_due"),
    }
    assert {(each.stored, each.expected) for each in found if each.field == "total"} == {("312.92", "312.91")}


def test_a_changed_quantity_is_named(books: Books) -> None:
    def less(fields: dict[str, Any]) -> None:
        fields["lines"][1]["quantity"] = "89999"

    books.changes(f"invoices/{INVOICE_47}", less)

    field = "line 'API calls - Standard tier': quantity"
    assert named(books.verify().findings.kept) == {
        ("invoice_differs", f"invoices/{INVOICE_47}", field),
        ("explanation_differs", f"invoices/{INVOICE_47}", field),
    }


def test_a_changed_buyer_is_named_by_the_copy_that_was_filed(books: Books) -> None:
    def moved(fields: dict[str, Any]) -> None:
        fields["buyer"]["name"] = "Somebody else"

    books.changes(f"invoices/{INVOICE_47}", moved)

    assert named(books.verify().findings.kept) == {("copy_differs", f"invoices/{INVOICE_47}", "buyer")}


def test_a_removed_invoice_is_missed_by_its_record_its_number_and_its_period(books: Books) -> None:
    books.removes(f"invoices/{INVOICE_47}")

    found = {each.kind.value: each for each in books.verify().findings.kept}

    assert set(found) == {"invoice_missing", "number_missing", "period_not_billed"}
    missing = found["invoice_missing"]
    assert (missing.entity, missing.name) == (f"invoices/{INVOICE_47}", "INV-2026-02-0047")
    assert found["number_missing"].name == "INV-2026-02-0047"
    assert found["period_not_billed"].entity == "subscriptions/sub-1047"
    assert "2026-02-01 to 2026-03-01" in found["period_not_billed"].message
    assert "312.91 USD" in found["period_not_billed"].message


def test_a_number_given_twice_is_named_with_both_invoices(books: Books) -> None:
    books.changes(f"invoices/{INVOICE_47}", lambda fields: fields.update(number="INV-2026-02-0046"))
    other = books.invoice("INV-2026-02-0046").id

    found = {each.kind.value: each for each in books.verify().findings.kept}

    assert set(found) == {"number_repeated", "number_missing", "copy_differs"}
    assert found["number_repeated"].name == "INV-2026-02-0046"
    assert INVOICE_47 in found["number_repeated"].message
    assert other in found["number_repeated"].message
    assert found["number_missing"].name == "INV-2026-02-0047"
    assert found["copy_differs"].field == "number"


def test_a_number_that_its_series_would_not_give_is_named(books: Books) -> None:
    books.changes(f"invoices/{INVOICE_47}", lambda fields: fields.update(number="INV-2026-03-0047"))

    found = {each.kind.value: each for each in books.verify().findings.kept}

    assert set(found) == {"number_malformed", "number_missing", "copy_differs"}
    assert found["number_malformed"].name == "INV-2026-03-0047"


def test_a_pdf_altered_by_one_byte_is_named(books: Books) -> None:
    pdf = books.file("INV-2026-02-0047.pdf")
    body = bytearray(pdf.read_bytes())
    body[1000] ^= 1
    pdf.write_bytes(body)

    [found] = books.verify().findings.kept

    assert (found.kind, found.entity) == (FindingKind.OBJECT_ALTERED, f"invoices/{INVOICE_47}")
    assert found.name == "invoices/acme-api/2026/INV-2026-02-0047.pdf"
    assert found.field == "SHA-256"


def test_a_removed_pdf_is_named(books: Books) -> None:
    books.file("INV-2026-02-0047.pdf").unlink()

    [found] = books.verify().findings.kept

    assert (found.kind, found.name) == (FindingKind.OBJECT_MISSING, "invoices/acme-api/2026/INV-2026-02-0047.pdf")


def test_without_objects_no_file_is_read(books: Books) -> None:
    books.file("INV-2026-02-0047.pdf").unlink()

    report = books.verify(objects=False)

    assert (report.findings.kept, report.read["objects"]) == ([], 0)


def test_without_events_no_event_is_read(books: Books) -> None:
    event = books.engine.documents.query(Query("tenants/acme-api/usage_events", limit=1))[0]
    books.engine.documents.commit([Delete(event.path)])

    report = books.verify(events=False)

    assert (report.findings.kept, report.read["events"], report.read["rollups"]) == ([], 0, 0)


def test_an_invoice_without_its_files_is_named(books: Books) -> None:
    books.changes(f"invoices/{INVOICE_47}", lambda fields: fields.update(attachments=[]))

    assert named(books.verify().findings.kept) == {("not_filed", f"invoices/{INVOICE_47}", "")}


def test_a_changed_audit_record_is_named(books: Books) -> None:
    batch = issuing_batch(books)

    def rewritten(fields: dict[str, Any]) -> None:
        record = next(each for each in fields["records"] if each["entity"] == f"invoices/{INVOICE_47}")
        record["actor"] = "nobody"

    books.changes(f"audit/{batch.id}", rewritten)
    [found] = books.verify().findings.kept

    assert (found.kind, found.entity) == (FindingKind.AUDIT_ALTERED, f"audit/{batch.id}")
    assert found.name == f"invoices/{INVOICE_47}"


def test_a_removed_audit_batch_leaves_its_invoices_without_a_record(books: Books) -> None:
    books.removes(f"audit/{issuing_batch(books).id}")

    report = books.verify()

    assert report.findings.counts == {FindingKind.AUDIT_MISSING: 187}


def test_a_counter_set_back_is_named(books: Books) -> None:
    books.changes("counters/invoice-2026-02", lambda fields: fields.update(last=186))

    [found] = books.verify().findings.kept

    assert (found.kind, found.entity) == (FindingKind.COUNTER_DIFFERS, "counters/invoice-2026-02")
    assert "INV-2026-02-0187" in found.message


def test_a_billing_date_pushed_on_by_a_month_is_a_period_that_nobody_bills(books: Books) -> None:
    assert books.document("subscriptions/sub-1047").fields["next_billing_at"] == datetime(2026, 4, 1, tzinfo=UTC)
    books.changes(
        "subscriptions/sub-1047", lambda fields: fields.update(next_billing_at=datetime(2026, 5, 1, tzinfo=UTC))
    )

    [found] = books.verify().findings.kept

    assert (found.kind, found.entity) == (FindingKind.PERIOD_NOT_BILLED, "subscriptions/sub-1047")
    assert "2026-03-01 to 2026-04-01" in found.message


def test_a_billing_date_set_back_is_named(books: Books) -> None:
    books.changes("subscriptions/sub-1047", lambda fields: fields.update(next_billing_at=MARCH))

    [found] = books.verify().findings.kept

    assert (found.kind, found.entity) == (FindingKind.BILLING_DATE_WRONG, "subscriptions/sub-1047")


def test_a_removed_subscription_and_customer_are_named(books: Books) -> None:
    books.removes("subscriptions/sub-1047")
    books.removes("customers/acct-1046")

    found = named(books.verify(events=False).findings.kept)

    assert found == {
        ("subscription_missing", f"invoices/{INVOICE_47}", ""),
        ("customer_missing", f"invoices/{books.invoice('INV-2026-02-0046').id}", ""),
    }


def test_a_document_that_can_not_be_read_is_named_and_hides_nothing_else(books: Books) -> None:
    books.changes(f"invoices/{INVOICE_47}", lambda fields: fields.update(total="many"))
    books.file("INV-2026-02-0046.pdf").unlink()

    kinds = {each.kind.value for each in books.verify().findings.kept}

    assert {"unreadable", "object_missing"} <= kinds


def numbers() -> list[str]:
    return [f"INV-2026-02-{each:04}" for each in range(1, 188)]


def issuing_batch(books: Books) -> Document:
    query = Query("tenants/acme-api/audit")
    [found] = [
        each
        for each in books.engine.documents.query(query)
        if f"invoices/{INVOICE_47}" in cast("list[str]", each.fields["entities"])
    ]
    return found
