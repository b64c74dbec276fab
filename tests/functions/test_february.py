"""The February book through the real function over HTTP: Firestore, Cloud Storage, an identity token, the key."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from billing.adapters.book_files import load_book
from billing.store.invoices import Invoices
from billing.usecases.import_book import import_book
from tests.firestore_emulator import firestore
from tests.functions.cloud import Cloud, cloud_doors
from tests.functions.running_door import KEY, ROOT
from tests.functions.small_tenants import everything

__all__ = ["firestore"]

pytestmark = [pytest.mark.emulator, pytest.mark.slow]

BOOK = ROOT / "samples/february-2026"
TENANT = "acme-api"
MARCH = {"as_of": "2026-03-01"}
NUMBERS = [f"INV-2026-02-{number:04}" for number in range(1, 188)]


@contextmanager
def february(folder: Path, *, emulator: str, doors: int = 1) -> Iterator[Cloud]:
    with cloud_doors(folder, emulator=emulator, doors=doors) as cloud:
        import_book(cloud.documents, load_book(BOOK), recorded_at=datetime(2026, 3, 1, 4, tzinfo=UTC))
        yield cloud


def test_a_dry_run_a_scheduled_run_and_a_run_by_hand(firestore: str, tmp_path: Path) -> None:
    with february(tmp_path, emulator=firestore) as cloud:
        before = everything(cloud.documents, [TENANT])

        dry = cloud.door.post({**MARCH, "dry_run": True}, tenant=TENANT).json
        assert everything(cloud.documents, [TENANT]) == before
        assert cloud.objects(TENANT, suffix="") == {}

        scheduled = cloud.door.post(MARCH, key=None, token=cloud.token(), tenant=TENANT)
        assert_it_is_the_month_of_the_source(scheduled.json)
        assert b'"amount":312.91,' in scheduled.body
        assert b'"total":47829.14' in scheduled.body
        assert (dry["generated"], dry["invoices"], dry["totals"], dry["skipped"]) == tuple(
            scheduled.json[name] for name in ("generated", "invoices", "totals", "skipped")
        )
        assert_every_invoice_has_its_files(cloud)

        after = everything(cloud.documents, [TENANT])
        by_hand = cloud.door.post(MARCH, key=KEY, tenant=TENANT).json
        assert (by_hand["generated"], by_hand["invoices"], by_hand["complete"]) == (0, [], True)
        assert invoices_and_counters(after) == invoices_and_counters(everything(cloud.documents, [TENANT]))


def test_the_internal_key_alone_bills_the_same_month_for_all_tenants(firestore: str, tmp_path: Path) -> None:
    with february(tmp_path, emulator=firestore) as cloud:
        answered = cloud.door.post(MARCH, key=KEY).json

        assert (answered["tenants"], answered["generated"], answered["errors"]) == (1, 187, [])
        [result] = answered["results"]
        assert_it_is_the_month_of_the_source({**result, "invoices": answered["invoices"]})


def test_two_calls_at_once_to_two_instances_share_one_row_of_numbers(firestore: str, tmp_path: Path) -> None:
    with february(tmp_path, emulator=firestore, doors=2) as cloud, ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda door: door.post(MARCH, tenant=TENANT), cloud.doors))

        assert [answer.status for answer in answers] == [200, 200]
        numbers = [each["invoiceNumber"] for answer in answers for each in answer.json["invoices"]]
        stored = [*Invoices.of(cloud.documents, TENANT).all()]
        assert sorted(numbers) == NUMBERS
        assert sorted(invoice.number for invoice in stored) == NUMBERS
        assert sum(invoice.total for invoice in stored) == 4_782_914


def assert_it_is_the_month_of_the_source(report: dict) -> None:
    """The figures of the source document on usage billing, and its sample invoice."""
    assert (report["generated"], report["customers"], sum(report["skipped"].values())) == (187, 200, 13)
    assert (report["complete"], report["failed"], report["settled"]) == (True, 0, 187)
    totals = report["totals"]["USD"]
    assert totals["usage"] == Decimal("31204.50")
    assert totals["flat"] == Decimal("14892.00")
    assert totals["proration"] == Decimal("-412.36")
    assert totals["tax"] == Decimal("2145.00")
    assert totals["total"] == Decimal("47829.14")
    states = [place for place in totals["tax_by_place"] if place.startswith("US-")]
    assert (len(states), len(totals["tax_by_place"]) - len(states)) == (3, 14)
    assert [each["invoiceNumber"] for each in report["invoices"]] == NUMBERS
    sample = report["invoices"][46]
    assert (sample["customerId"], sample["amount"]) == ("acct-1047", Decimal("312.91"))
    assert sum(each["amount"] for each in report["invoices"]) == Decimal("47829.14")


def assert_every_invoice_has_its_files(cloud: Cloud) -> None:
    pdfs, texts = cloud.objects(TENANT, suffix=".pdf"), cloud.objects(TENANT, suffix=".json")
    assert sorted(pdfs) == [f"invoices/{TENANT}/2026/{number}.pdf" for number in NUMBERS]
    assert sorted(texts) == [f"invoices/{TENANT}/2026/{number}.json" for number in NUMBERS]
    assert all(pdf.startswith(b"%PDF-") for pdf in pdfs.values())
    sample = json.loads(texts[f"invoices/{TENANT}/2026/INV-2026-02-0047.json"])
    assert (sample["subtotal"], sample["tax"], sample["total"]) == (26_295, 4_996, 31_291)
    assert {entry.content_type for entry in cloud.storage.entries.values()} == {"application/pdf", "application/json"}


def invoices_and_counters(documents: list) -> list:
    return [each for each in documents if "/invoices/" in each.path or "/counters/" in each.path]
