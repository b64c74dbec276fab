"""An import stores what is new, once, whoever else imports and whenever it is killed; a run bills what it stored."""

import csv
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from billing.adapters.book_files import load_book
from billing.adapters.sqlite import SqliteDocuments
from billing.domain.book import Book, BookConflicts
from billing.domain.errors import InvalidInput
from billing.domain.run_report import RunReport
from billing.ports import Create, Documents, Fields, Query, Write
from billing.store.customers import Customers
from billing.store.indexes import INDEXES
from billing.store.tenants import Tenants
from billing.store.usage import UsageRollups
from billing.usecases.generate_invoices import RunOptions, generate_invoices
from billing.usecases.import_book import ImportReport, import_book
from billing.usecases.run_context import RunRequest
from tests.book_folder import CALLS, PLAN, TABLES, TENANT, book_folder, changed
from tests.builders import utc
from tests.firestore_emulator import firestore, fresh_project
from tests.watched_documents import WatchedDocuments

__all__ = ["firestore"]

SAMPLES = Path(__file__).parents[2] / "samples"
NOW = utc("2026-03-01")
KINDS = ("customers", "plans", "subscriptions", "usage", "usage_events", "settings")
HEADER = "subscription_id,customer_id,plan_id,started_on,ended_on\n"


@pytest.fixture
def documents() -> Iterator[Documents]:
    with closing(SqliteDocuments(":memory:", indexes=INDEXES)) as store:
        yield store


def stored(store: Documents, book: Book, *names: str) -> dict[str, Fields]:
    """Documents of the book's tenant by path."""
    own = store.get_many([f"tenants/{book.tenant.id}"])
    found = [each for name in names or KINDS for each in store.query(Query(f"tenants/{book.tenant.id}/{name}"))]
    return {each.path: each.fields for each in [*own, *found] if each is not None}


def versions(store: Documents, book: Book) -> dict[str, str]:
    names = (*KINDS, "audit", "invoices", "counters", "runs")
    found = [each for name in names for each in store.query(Query(f"tenants/{book.tenant.id}/{name}"))]
    return {each.path: each.version for each in found}


def bill(store: Documents, book: Book, *, as_of: str) -> RunReport:
    at = utc(as_of)
    request = RunRequest(tenant_id=book.tenant.id, as_of=at, recorded_at=at, run_id=f"run-{as_of}", actor="test")
    return generate_invoices(store, request, RunOptions())


def bring(store: Documents, book: Book) -> ImportReport:
    return import_book(store, book, recorded_at=NOW)


def active(store: Documents, *customer_ids: str) -> list[int]:
    found = Customers.of(store, "acme").get(customer_ids)
    return [each.value.active_subscriptions for each in found if each is not None]


@pytest.fixture(scope="module")
def sixty_accounts(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """A part of the February book that still takes many commits."""
    folder = shutil.copytree(SAMPLES / "february-2026", tmp_path_factory.mktemp("book") / "sixty")
    for name in ("customers", "subscriptions", "addons", "usage"):
        path = folder / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        kept = [row for row in rows if int(row[0].partition("-")[2]) <= 1060]
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *kept])
    return load_book(folder)


def test_the_february_book_is_stored_whole_and_billed_to_the_cent(documents: Documents) -> None:
    book = load_book(SAMPLES / "february-2026")
    report = bring(documents, book)
    assert report.created == {
        "tenant": 1,
        "tax_rates": 17,
        "exchange_rates": 0,
        "plans": 1,
        "coupons": 0,
        "customers": 200,
        "subscriptions": 193,
        "usage": 15_966,
    }
    assert set(report.unchanged.values()) == {0}
    run = bill(documents, book, as_of="2026-03-01")
    assert (len(run.invoices), sum(run.skipped.values()), run.revenue["USD"].total) == (187, 13, 4_782_914)


def test_importing_again_changes_nothing(documents: Documents) -> None:
    book = load_book(SAMPLES / "february-2026")
    created = bring(documents, book).created
    before = versions(documents, book)
    again = bring(documents, book)
    assert (set(again.created.values()), again.unchanged) == ({0}, created)
    assert versions(documents, book) == before


def test_importing_again_after_billing_changes_nothing_either(documents: Documents) -> None:
    book = load_book(SAMPLES / "berlin-saas")
    bring(documents, book)
    bill(documents, book, as_of="2026-04-20")
    before = versions(documents, book)
    assert set(bring(documents, book).created.values()) == {0}
    assert versions(documents, book) == before


def test_the_berlin_book_is_billed_as_worked_out_by_hand(documents: Documents) -> None:
    book = load_book(SAMPLES / "berlin-saas")
    bring(documents, book)
    run = bill(documents, book, as_of="2026-04-20")
    totals = [(each.number, each.subscription_id, each.total) for each in run.invoices]
    assert totals == [
        # 31 January in advance: 29.00 + 19 %
        ("R-2026-00001", "s-101", 3451),
        # 20 January to 14 February is 26 of 31 days: 90.00 - 14.52; 6 seats at 8.00; free builds; reverse charge
        ("R-2026-00002", "s-102", 12348),
        # 28 February: 2,200 e-mails are 3 packages at 2.00; 29.00 in advance; 19 %
        ("R-2026-00003", "s-101", 4165),
        # 1,500 gigabytes at 0.023 are 34.50; 20 %, as nobody checked the VAT id
        ("R-2026-00004", "s-103", 4140),
        # a year in advance, exempt; its users are counted when the year ends
        ("R-2026-00005", "s-105", 120_000),
        # 15 February to 14 March: 90.00; all 12 seats at 6.00; 200 of 700 builds at 0.02
        ("R-2026-00006", "s-102", 16600),
        # 90.00 and 3 seats at 8.00; 21 %
        ("R-2026-00007", "s-106", 13794),
        # 31 March: exactly one package; 29.00 and two domains at 5.00 in advance; 19 %
        ("R-2026-00008", "s-101", 4879),
        # 10 gigabytes: 0.23 + 0.05
        ("R-2026-00009", "s-103", 28),
        # it ended with 31 March, 17 of 31 days: 90.00 - 40.65; 3 seats at 8.00; 21 %
        ("R-2026-00010", "s-106", 8875),
        # a quarter: the last count, 1,200 documents, is in the second step; Switzerland has no row
        ("R-2026-00011", "s-104", 12000),
        # no usage: 90.00
        ("R-2026-00012", "s-102", 9000),
    ]


def test_several_tenants_share_a_store_and_see_nothing_of_each_other(documents: Documents, tmp_path: Path) -> None:
    february, berlin = load_book(SAMPLES / "february-2026"), load_book(SAMPLES / "berlin-saas")
    small = load_book(book_folder(tmp_path))
    for book in (february, berlin, small):
        bring(documents, book)
    assert Tenants(documents).ids() == ["acme", "acme-api", "berlin-saas"]
    assert bill(documents, february, as_of="2026-03-01").revenue["USD"].total == 4_782_914
    assert bill(documents, berlin, as_of="2026-04-20").revenue["EUR"].total == 209_280
    assert len(stored(documents, small, "customers")) == 1 + 2  # with the tenant itself


def test_a_book_with_a_plan_of_the_products_own_is_refused_whole(documents: Documents, tmp_path: Path) -> None:
    book = load_book(book_folder(tmp_path))
    with pytest.raises(InvalidInput, match="plan_id: expected a plan id that does not begin with by-hand"):
        bring(documents, replace(book, plans=(*book.plans, replace(book.plans[0], plan_id="by-hand.usd"))))
    assert documents.get_many([f"tenants/{book.tenant.id}"]) == [None]


def test_what_is_new_is_added_to_what_is_there(documents: Documents, tmp_path: Path) -> None:
    bring(documents, load_book(book_folder(tmp_path)))
    grown = load_book(
        book_folder(
            tmp_path,
            plan=[PLAN, changed(PLAN, plan_id="plus")],
            customers=TABLES["customers"] + "c-3,Cy Ltd,FR,USD\n",
            subscriptions=TABLES["subscriptions"] + "s-3,c-3,plus,2026-02-01,\ns-4,c-1,basic,2026-02-02,2026-02-03\n",
            usage=TABLES["usage"] + "c-3,2026-02-02,calls,9\nc-2,2026-02-02,calls,1\n",
            tax_rates=TABLES["tax_rates"] + "FR,,VAT,20\n",
        )
    )
    report = bring(documents, grown)
    assert report.created == {
        "tenant": 0,
        "tax_rates": 1,
        "exchange_rates": 0,
        "plans": 1,
        "coupons": 0,
        "customers": 1,
        "subscriptions": 2,
        "usage": 2,
    }
    assert [rate.country for rate in Tenants(documents).tax_table("acme").rates] == ["GB", "FR"]
    assert active(documents, "c-1", "c-2", "c-3") == [2, 1, 1]
    (rollup,) = UsageRollups.of(documents, "acme").get(["s-2.calls.2026-02"])
    assert rollup is not None
    assert {f"{start:%d}": str(used) for start, used in rollup.value.buckets.items()} == {"20": "20.5", "02": "1"}


def test_usage_that_is_new_after_its_period_was_billed_goes_to_the_late_part(
    documents: Documents, tmp_path: Path
) -> None:
    book = load_book(book_folder(tmp_path))
    bring(documents, book)
    bill(documents, book, as_of="2026-03-01")
    bring(documents, load_book(book_folder(tmp_path, usage=TABLES["usage"] + "c-1,2026-02-03,calls,7\n")))
    (rollup,) = UsageRollups.of(documents, "acme").get(["s-1.calls.2026-02"])
    assert rollup is not None
    assert [str(used) for used in rollup.value.buckets.values()] == ["500"]
    assert [str(used) for used in rollup.value.late.values()] == ["7"]


def test_a_book_that_says_otherwise_is_refused_field_by_field_and_changes_nothing(
    documents: Documents, tmp_path: Path
) -> None:
    book = load_book(book_folder(tmp_path))
    bring(documents, book)
    before = versions(documents, book)
    other = load_book(
        book_folder(
            tmp_path,
            tenant=changed(TENANT, payment_terms_days=14),
            plan=changed(PLAN, usage=[changed(CALLS, unit_price="0.02")]),
            customers=TABLES["customers"].replace("Ada Ltd", "Eve Ltd") + "c-3,New Ltd,GB,USD\n",
            subscriptions=TABLES["subscriptions"].replace("2026-02-20", "2026-02-25"),
            addons=TABLES["addons"].replace(",1,", ",2,"),
            usage=TABLES["usage"].replace("500", "501"),
            tax_rates=TABLES["tax_rates"].replace("20", "21"),
        )
    )
    with pytest.raises(BookConflicts) as raised:
        bring(documents, other)
    assert [str(each) for each in raised.value.differences] == [
        "tenant acme: payment_terms_days: stored 30, given 14",
        "tax rate GB VAT: percent: stored 20, given 21",
        "plan basic@1: metered[0].price.unit_price: stored 0.01, given 0.02",
        "customer c-1: party.name: stored Ada Ltd, given Eve Ltd",
        "subscription s-1: items[0].quantity: stored 1, given 2",
        "subscription s-2: end: stored 2026-02-21 00:00:00+00:00, given 2026-02-26 00:00:00+00:00",
        "usage book/s-1/calls/2026-02-01: quantity: stored 500, given 501",
    ]
    assert versions(documents, book) == before


class Killed(BaseException):
    """What stands for SIGKILL: nothing in the program catches it."""


def test_an_import_killed_after_each_single_commit_goes_on_to_the_same_end(
    documents: Documents, sixty_accounts: Book
) -> None:
    def kill(_writes: Sequence[Write]) -> None:
        if any(stored(documents, sixty_accounts, "subscriptions").keys() - {"tenants/acme-api"}):
            assert len(stored(documents, sixty_accounts, "usage_events")) == 1 + len(sixty_accounts.usage)
        raise Killed

    killed = 0
    while True:
        try:
            bring(WatchedDocuments(documents, after=kill), sixty_accounts)
            break
        except Killed:
            killed += 1
    assert killed > len(sixty_accounts.usage) // 400
    with closing(SqliteDocuments(":memory:")) as undisturbed:
        bring(undisturbed, sixty_accounts)
        assert stored(documents, sixty_accounts) == stored(undisturbed, sixty_accounts)
        assert audited(documents) == audited(undisturbed)


def audited(store: Documents) -> Counter[str]:
    """How often each document stands in the audit log."""
    batches = store.query(Query("tenants/acme-api/audit"))
    records = [record for batch in batches for record in batch.fields["records"]]  # type: ignore[union-attr]
    return Counter(str(record["entity"]) for record in records)  # type: ignore[index,call-overload]


def test_every_setting_customer_and_subscription_is_audited_once(documents: Documents, sixty_accounts: Book) -> None:
    bring(documents, sixty_accounts)
    found = audited(documents)
    assert set(found.values()) == {1}
    assert {f"customers/{each.id}" for each in sixty_accounts.customers} < found.keys()
    assert {f"subscriptions/{each.id}" for each in sixty_accounts.subscriptions} < found.keys()
    assert {"tenants/acme-api", "settings/tax_rates", "plans/api-platform@1"} < found.keys()


def import_twice_at_once(store: Documents, book: Book) -> list[ImportReport]:
    reports: list[ImportReport] = []
    threads = [Thread(target=lambda: reports.append(bring(store, book))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return reports


def assert_imported_once_between_them(store: Documents, book: Book, reports: Sequence[ImportReport]) -> None:
    with closing(SqliteDocuments(":memory:")) as undisturbed:
        alone = bring(undisturbed, book)
        assert stored(store, book) == stored(undisturbed, book)
    one, other = reports
    assert {kind: one.created[kind] + other.created[kind] for kind in alone.created} == alone.created


def test_two_imports_at_once_store_everything_once_on_sqlite(tmp_path: Path, sixty_accounts: Book) -> None:
    with closing(SqliteDocuments(tmp_path / "billing.db")) as store:
        reports = import_twice_at_once(store, sixty_accounts)
        assert_imported_once_between_them(store, sixty_accounts, reports)


@pytest.mark.emulator
def test_two_imports_at_once_store_everything_once_on_firestore(firestore: str, sixty_accounts: Book) -> None:
    from billing.adapters.firestore import FirestoreDocuments

    with closing(FirestoreDocuments(fresh_project())) as store:
        reports = import_twice_at_once(store, sixty_accounts)
        assert_imported_once_between_them(store, sixty_accounts, reports)


def test_a_customer_of_many_subscriptions_is_counted_right_over_several_commits(
    documents: Documents, tmp_path: Path
) -> None:
    rows = "".join(f"s-{number},c-1,basic,2026-01-10,\n" for number in range(501))
    book = load_book(book_folder(tmp_path, subscriptions=HEADER + rows, addons=None, usage=None))
    assert bring(documents, book).created["subscriptions"] == 501
    assert active(documents, "c-1", "c-2") == [501, 0]


def test_imported_usage_is_remembered_for_ever(documents: Documents, tmp_path: Path) -> None:
    book = load_book(book_folder(tmp_path))
    bring(documents, book)
    events = stored(documents, book, "usage_events")
    assert len(events) == 1 + 2
    assert not any("expires_at" in fields for fields in events.values())


def test_progress_runs_up_to_everything(documents: Documents, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    book = load_book(book_folder(tmp_path))
    import_book(documents, book, recorded_at=NOW, progress=lambda what, done, total: told.append((what, done, total)))
    assert told == [("settings", 3, 3), ("usage", 2, 2), ("customers", 4, 4)]


def test_a_tenant_keeps_its_shards_however_its_book_grows(documents: Documents, tmp_path: Path) -> None:
    def of_size(count: int) -> Book:
        rows = "".join(f"s-{number},c-1,basic,2026-01-10,\n" for number in range(count))
        return load_book(book_folder(tmp_path, subscriptions=HEADER + rows, addons=None, usage=None))

    import_book(documents, of_size(2_000), recorded_at=NOW)
    report = import_book(documents, of_size(2_001), recorded_at=NOW)
    assert (report.created["subscriptions"], report.unchanged["subscriptions"]) == (1, 2_000)
    assert Tenants(documents).get("acme").shards == 1
    subscriptions = documents.query(Query("tenants/acme/subscriptions", fields=("shard",)))
    assert {each.fields["shard"] for each in subscriptions} == {0}


def test_what_one_shard_s_runs_read_is_written_side_by_side(documents: Documents, sixty_accounts: Book) -> None:
    book = sixty_accounts.in_shards(4)
    shard_of = {each.id: each.shard for each in book.subscriptions}
    watched = WatchedDocuments(documents)
    bring(watched, book)
    for kind, owner in (("subscriptions", "id"), ("usage", "subscription_id")):
        created = [write for writes in watched.commits for write in writes if isinstance(write, Create)]
        shards = [shard_of[str(each.fields[owner])] for each in created if f"/{kind}/" in each.path]
        assert shards == sorted(shards)
        assert set(shards) == {0, 1, 2, 3}
