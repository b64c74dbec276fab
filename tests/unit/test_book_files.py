"""A book's folder becomes the domain's values."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from billing.adapters.book_files import load_book
from billing.adapters.book_files.error_log import ErrorLog
from billing.adapters.book_files.tenant_file import read_tenant
from billing.domain.catalog import (
    Aggregation,
    Billed,
    FirstPeriod,
    GraduatedPrice,
    PackagePrice,
    PerUnitPrice,
    Proration,
    RecurringCharge,
    StairstepPrice,
    Tier,
    UsagePrice,
    VolumePrice,
)
from billing.domain.invoice import BankDetails, CollectionMethod
from billing.domain.money import Rounding
from billing.domain.numbering import CREDIT_NOTE_NUMBERS, NumberMonth, NumberOrder, NumberSeries, Restart
from billing.domain.period import Cycle, Unit
from billing.domain.subscription import Item
from billing.domain.tax import TaxParty, TaxRate
from billing.domain.tenant import Guard
from tests.book_folder import CALLS, PLAN, TABLES, TENANT, book_folder, changed, errors_of
from tests.builders import utc

CUSTOMERS = (
    "customer_id,name,email,street,city,postal_code,country,state,currency,locale,collection_method,test_card,created_on,"
    "vat_id,vat_id_checked,tax_exempt,exemption_reason\n"
)


def test_the_february_book_holds_what_its_files_hold() -> None:
    book = load_book(Path("samples/february-2026"))
    assert (len(book.customers), len(book.subscriptions), len(book.usage)) == (200, 193, 15_966)
    due = [each.next_billing_at for each in book.subscriptions]
    assert (due.count(utc("2026-03-01")), due.count(None)) == (187, 6)
    assert sum(each.active_subscriptions == 0 for each in book.customers) == 13


def test_a_tenant_keeps_every_setting(tmp_path: Path) -> None:
    given = changed(
        TENANT,
        street="1 Main Street",
        state="NY",
        tax_registration="EU372000041",
        payment_terms_days=14,
        rounding="half_even",
        skip_zero_invoices=True,
        shards=4,
        notes=["Thank you."],
        accent_colour="#204060",
        footer="HRB 123456",
        logo_key="branding/acme.png",
        paper="letter",
        invoice_number={
            "format": "R-{year}-{sequence:05}",
            "month_of": "issue_date",
            "restart": "year",
            "order": "subscription_id",
        },
        credit_note_number={"format": "K-{year}-{sequence:05}", "restart": "year"},
        bank={
            "account_holder": "Acme Inc.",
            "iban": "DE89 3704 0044 0532 0130 00",
            "bic": "COBADEFFXXX",
            "bank_name": "Commerzbank",
        },
    )
    tenant = load_book(book_folder(tmp_path, tenant=given)).tenant
    assert (tenant.id, tenant.seller.name, tenant.seller.tax_id) == ("acme", "Acme Inc.", "EU372000041")
    assert (tenant.payment_terms_days, tenant.rounding, tenant.skip_zero_invoices) == (14, Rounding.HALF_EVEN, True)
    assert (tenant.shards, tenant.notes, tenant.accent_colour) == (4, ("Thank you.",), "#204060")
    assert (tenant.footer, tenant.logo_key, tenant.paper) == ("HRB 123456", "branding/acme.png", "letter")
    assert tenant.numbers == NumberSeries(
        format="R-{year}-{sequence:05}",
        month_of=NumberMonth.ISSUE_DATE,
        restart=Restart.YEAR,
        order=NumberOrder.SUBSCRIPTION,
    )
    credits_ = NumberSeries(format="K-{year}-{sequence:05}", restart=Restart.YEAR, counter="credit-note")
    assert tenant.credit_numbers == credits_
    assert tenant.bank == BankDetails(
        account_holder="Acme Inc.", iban="DE89370400440532013000", bic="COBADEFFXXX", bank_name="Commerzbank"
    )


@pytest.mark.parametrize(("currency", "floor", "minor"), [("USD", "10.50", 1050), ("JPY", 500, 500)])
def test_a_guard_s_floor_is_in_the_seller_s_currency(tmp_path: Path, currency: str, floor: object, minor: int) -> None:
    given = changed(TENANT, currency=currency, approval=True, guard={"factor": "2.5", "floor": floor})
    booked = read_tenant(book_folder(tmp_path, tenant=given) / "tenant.json", log=ErrorLog())
    assert booked is not None
    assert (booked.value.approval, booked.value.guard) == (True, Guard(factor=Decimal("2.5"), floor=minor))


def test_a_tenant_says_only_what_it_must(tmp_path: Path) -> None:
    tenant = load_book(book_folder(tmp_path, tenant=changed(TENANT, locale=...))).tenant
    assert (tenant.payment_terms_days, tenant.numbers, tenant.bank) == (30, NumberSeries(), None)
    assert (tenant.locale, tenant.credit_numbers) == ("en_US", CREDIT_NOTE_NUMBERS)
    assert (tenant.approval, tenant.guard) == (False, None)


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        ({"model": "per_unit", "unit_price": "0.015"}, PerUnitPrice(unit_price=Decimal("0.015"))),
        ({"model": "per_unit", "tiers": [{"up_to": None, "unit_price": 2}]}, PerUnitPrice(unit_price=Decimal(2))),
        (
            {"model": "graduated", "tiers": [{"up_to": 10, "name": "Free"}, {"up_to": None, "unit_price": "0.5"}]},
            GraduatedPrice(tiers=(Tier(up_to=Decimal(10), name="Free"), Tier(up_to=None, unit_price=Decimal("0.5")))),
        ),
        (
            {"model": "volume", "tiers": [{"up_to": "1.5", "unit_price": "3"}, {"up_to": None, "unit_price": "2"}]},
            VolumePrice(
                tiers=(Tier(up_to=Decimal("1.5"), unit_price=Decimal(3)), Tier(up_to=None, unit_price=Decimal(2)))
            ),
        ),
        (
            {"model": "stairstep", "tiers": [{"up_to": 5, "flat_fee": "10"}, {"up_to": None, "flat_fee": "18"}]},
            StairstepPrice(
                tiers=(Tier(up_to=Decimal(5), flat_fee=Decimal(10)), Tier(up_to=None, flat_fee=Decimal(18)))
            ),
        ),
        (
            {"model": "package", "package_size": 100, "unit_price": "4"},
            PackagePrice(size=Decimal(100), unit_price=Decimal(4)),
        ),
        (
            {"model": "package", "package_size": "100", "package_price": "4"},
            PackagePrice(size=Decimal(100), unit_price=Decimal(4)),
        ),
        (
            {"model": "package", "package_size": 100, "price": "4"},
            PackagePrice(size=Decimal(100), unit_price=Decimal(4)),
        ),
    ],
)
def test_a_plan_may_use_every_price_model(tmp_path: Path, price: dict, expected: UsagePrice) -> None:
    plan = changed(PLAN, usage=[{"metric": "calls", "name": "Calls", **price}])
    assert load_book(book_folder(tmp_path, plan=plan)).plans[0].metered[0].price == expected


def test_a_number_in_json_is_exact_however_it_is_written(tmp_path: Path) -> None:
    text = (
        '{"plan_id": "basic", "name": "B", "currency": "USD", "cycle": {"unit": "month"}, "usage": [{"metric": "calls",\
 "name": "C", "model": "per_unit", "unit_price": 0.1000000000001}]}'
    )
    assert errors_of(book_folder(tmp_path, plan=text, addons=None)) == [
        "plan.json:1: usage[0].unit_price: expected at most 12 decimals, got '0.1000000000001'"
    ]


def test_a_plan_keeps_cycle_fees_add_ons_and_version(tmp_path: Path) -> None:
    given = changed(
        PLAN,
        version=3,
        cycle={"every": 3, "unit": "month", "billed": "in_advance"},
        first_period="free",
        usage=[{**CALLS, "aggregation": "max", "tax_inclusive": True}],
        fees=[{"fee_id": "base", "name": "Base", "price": "49.00", "prorate": "second", "tax_inclusive": True}],
        addons=[
            {"addon_id": "support", "name": "Support", "price": "10.00", "prorate": True},
            {"addon_id": "setup", "name": "Set-up", "price": "5", "prorate": False},
        ],
    )
    plan = load_book(book_folder(tmp_path, plan=given)).plans[0]
    assert (plan.ref, plan.cycle, plan.anchor_day) == ("basic@3", Cycle(3, Unit.MONTH), None)
    assert (plan.billed, plan.first_period) == (Billed.IN_ADVANCE, FirstPeriod.FREE)
    assert (plan.metered[0].aggregation, plan.metered[0].tax_inclusive) == (Aggregation.MAX, True)
    base = RecurringCharge(
        charge_id="base", name="Base", unit_price=Decimal("49.00"), proration=Proration.SECOND, tax_inclusive=True
    )
    assert plan.fees == (base,)
    assert [each.proration for each in plan.addons] == [Proration.DAY, Proration.NONE]


def test_plans_may_stand_in_one_list_and_in_several_files(tmp_path: Path) -> None:
    gold = {"plan-gold": changed(PLAN, plan_id="gold")}
    folder = book_folder(tmp_path, plan=[PLAN, changed(PLAN, plan_id="plus")], **gold)
    assert {plan.ref for plan in load_book(folder).plans} == {"basic@1", "plus@1", "gold@1"}


def test_a_subscription_names_one_of_several_versions(tmp_path: Path) -> None:
    rows = TABLES["subscriptions"].replace("c-1,basic", "c-1,basic@2").replace("c-2,basic", "c-2,basic@1")
    folder = book_folder(tmp_path, plan=[PLAN, changed(PLAN, version=2)], subscriptions=rows)
    assert [each.phases[0].plan for each in load_book(folder).subscriptions] == ["basic@2", "basic@1"]


def test_a_customer_keeps_address_tax_and_collection(tmp_path: Path) -> None:
    rows = (
        CUSTOMERS
        + "c-1,Köln AG,a@b.example,Hohe Str. 1,Köln,50667,DE,,USD,de_DE,charge_automatically,ok,2025-06-01,"
        + "DE 136695976,yes,,\n"
        + "c-2,École,,,Lyon,69001,FR,,USD,,,,,FR40303265045,,true,Art. 151\n"
    )
    first, second = load_book(book_folder(tmp_path, customers=rows)).customers
    assert (first.party.name, first.party.street, first.party.email) == ("Köln AG", "Hohe Str. 1", "a@b.example")
    assert (first.collection_method, first.test_card, first.locale) == (
        CollectionMethod.CHARGE_AUTOMATICALLY,
        "ok",
        "de_DE",
    )
    assert first.created_on == "2025-06-01"
    assert first.tax == TaxParty(country="DE", postal_code="50667", vat_id="DE136695976", vat_id_valid=True)
    assert second.tax == TaxParty(
        country="FR", postal_code="69001", vat_id="FR40303265045", exempt=True, exemption_reason="Art. 151"
    )
    assert second.collection_method is CollectionMethod.SEND_INVOICE


def test_days_are_local_and_the_last_one_is_included(tmp_path: Path) -> None:
    book = load_book(book_folder(tmp_path, tenant=changed(TENANT, time_zone="America/New_York")))
    second = book.subscriptions[1]
    assert second.start == utc("2026-01-10T05:00")  # midnight in New York in winter
    assert second.end == utc("2026-02-21T05:00")
    assert book.usage[1].occurred_at == utc("2026-02-20T05:00")


def test_add_ons_become_items_one_after_the_other(tmp_path: Path) -> None:
    rows = (
        "subscription_id,addon_id,quantity,started_on,ended_on\n"
        "s-1,support,2.5,2026-02-01,\n"
        "s-1,support,1,2026-01-10,2026-01-31\n"
    )
    assert load_book(book_folder(tmp_path, addons=rows)).subscriptions[0].items == (
        Item(
            id="support",
            charge_id="support",
            quantity=Decimal(1),
            start=utc("2026-01-10"),
            end=utc("2026-02-01"),
        ),
        Item(id="support~20260201T000000Z", charge_id="support", quantity=Decimal("2.5"), start=utc("2026-02-01")),
    )


def test_tax_rates_keep_their_dates(tmp_path: Path) -> None:
    rows = "country,state,name,rate_percent,valid_from,valid_to\nFI,,VAT,24,,2024-08-31\nFI,,VAT,25.5,2024-09-01,\n"
    assert load_book(book_folder(tmp_path, tax_rates=rows)).tax_rates.rates == (
        TaxRate(country="FI", name="VAT", percent=Decimal(24), valid_to=date(2024, 8, 31)),
        TaxRate(country="FI", name="VAT", percent=Decimal("25.5"), valid_from=date(2024, 9, 1)),
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_tables_may_be_cut_by_comma_semicolon_or_tab(tmp_path: Path, delimiter: str, line_end: str) -> None:
    tables = {name: text.replace(",", delimiter).replace("\n", line_end) for name, text in TABLES.items()}
    assert len(load_book(book_folder(tmp_path, **tables)).usage) == 2


def test_a_byte_order_mark_quotes_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    rows = '\ufeff"customer_id","name","country","currency"\n\n c-1 ,"Ada, ""Sons""",GB,USD\nc-2,Bo Ltd,GB,USD\n\n'
    book = load_book(
        book_folder(tmp_path, customers=rows.encode(), tenant=b"\xef\xbb\xbf" + json.dumps(TENANT).encode())
    )
    assert [(each.id, each.party.name) for each in book.customers] == [("c-1", 'Ada, "Sons"'), ("c-2", "Bo Ltd")]


def test_text_that_a_spreadsheet_would_run_stays_text(tmp_path: Path) -> None:
    rows = TABLES["customers"].replace("Ada Ltd", "=HYPERLINK(1)")
    assert load_book(book_folder(tmp_path, customers=rows)).customers[0].party.name == "=HYPERLINK(1)"


@pytest.mark.parametrize("table", ["addons", "usage", "tax_rates"])
def test_what_a_business_may_lack_may_be_missing_or_empty(tmp_path: Path, table: str) -> None:
    header = TABLES[table].partition("\n")[0]
    assert errors_of(book_folder(tmp_path, **{table: header})) == []
    (tmp_path / f"{table}.csv").unlink()
    assert errors_of(tmp_path) == []


def test_usage_at_an_instant_counts_at_that_instant(tmp_path: Path) -> None:
    rows = "customer_id,timestamp,metric,quantity,event_id\nc-1,2026-02-01T10:30:00+02:00,calls,7,evt-1\n"
    (event,) = load_book(book_folder(tmp_path, usage=rows)).usage
    assert (event.id, event.occurred_at, event.quantity) == (
        "evt-1",
        utc("2026-02-01T08:30"),
        Decimal(7),
    )


def test_rows_of_a_unique_meter_name_what_they_count(tmp_path: Path) -> None:
    plan = changed(PLAN, usage=[{**CALLS, "aggregation": "unique_count"}])
    rows = "customer_id,date,metric,quantity,value\nc-1,2026-02-01,calls,,ada\nc-1,2026-02-01,calls,1,bob\n"
    events = load_book(book_folder(tmp_path, plan=plan, usage=rows)).usage
    assert [(each.value, each.quantity) for each in events] == [("ada", Decimal(1)), ("bob", Decimal(1))]
    assert events[0].id != events[1].id


def test_a_named_subscription_decides_between_two_that_meter_the_same(tmp_path: Path) -> None:
    subscriptions = TABLES["subscriptions"] + "s-3,c-1,basic,2026-01-10,\n"
    rows = "customer_id,date,metric,quantity,subscription_id\nc-1,2026-02-01,calls,5,s-3\nc-1,2026-02-01,calls,6,s-1\n"
    events = load_book(book_folder(tmp_path, subscriptions=subscriptions, usage=rows)).usage
    assert [each.subscription_id for each in events] == ["s-3", "s-1"]


def test_of_two_subscriptions_the_one_that_runs_on_the_day_is_meant(tmp_path: Path) -> None:
    subscriptions = TABLES["subscriptions"] + "s-3,c-2,basic,2026-02-21,\n"
    rows = TABLES["usage"] + "c-2,2026-02-21,calls,1\n"
    events = load_book(book_folder(tmp_path, subscriptions=subscriptions, usage=rows)).usage
    assert [each.subscription_id for each in events] == ["s-1", "s-2", "s-3"]


def test_a_customer_stays_in_one_shard_whatever_its_subscriptions(tmp_path: Path) -> None:
    subscriptions = TABLES["subscriptions"] + "s-3,c-1,basic,2026-01-10,\n"
    folder = book_folder(tmp_path, tenant=changed(TENANT, shards=8), subscriptions=subscriptions, usage=None)
    shards = {each.id: each.shard for each in load_book(folder).subscriptions}
    assert shards["s-1"] == shards["s-3"]
    assert all(0 <= shard < 8 for shard in shards.values())


def many_subscriptions(count: int) -> str:
    rows = [f"s-{number},c-{number % 2 + 1},basic,2026-01-10,\n" for number in range(count)]
    return TABLES["subscriptions"].splitlines(keepends=True)[0] + "".join(rows)


def test_a_large_book_is_spread_over_shards_unless_it_says_how_many(tmp_path: Path) -> None:
    rows = {"subscriptions": many_subscriptions(2_001), "addons": None, "usage": None}
    book = load_book(book_folder(tmp_path, **rows))
    assert (book.tenant.shards, book.shards_by_size) == (2, True)
    assert {each.shard for each in book.subscriptions} <= {0, 1}
    assert len({(each.customer_id, each.shard) for each in book.subscriptions}) == 2  # one shard a customer
    told = load_book(book_folder(tmp_path, tenant=changed(TENANT, shards=1), **rows))
    assert (told.tenant.shards, told.shards_by_size, {each.shard for each in told.subscriptions}) == (1, False, {0})


def in_new_york(table: str) -> str:
    """subscriptions.csv with s-2 in New York; s-1 says nothing."""
    header, first, second = table.splitlines()
    return f"{header},time_zone\n{first},\n{second},America/New_York\n"


def test_a_subscription_may_be_in_a_time_zone_of_its_own_with_its_days_and_usage(tmp_path: Path) -> None:
    rows = in_new_york(TABLES["subscriptions"])
    addons = TABLES["addons"] + "s-2,support,1,2026-01-12,2026-01-13\n"
    book = load_book(book_folder(tmp_path, subscriptions=rows, addons=addons))
    here, there = book.subscriptions
    assert (here.zone, here.start) == ("UTC", utc("2026-01-10"))
    assert (there.zone, there.start, there.end) == (
        "America/New_York",
        utc("2026-01-10T05:00"),
        utc("2026-02-21T05:00"),
    )
    assert [(each.start, each.end) for each in there.items] == [(utc("2026-01-12T05:00"), utc("2026-01-14T05:00"))]
    # the last day in New York is past that day in UTC
    assert [(each.subscription_id, each.occurred_at) for each in book.usage] == [
        ("s-1", utc("2026-02-01")),
        ("s-2", utc("2026-02-20T05:00")),
    ]


def test_a_time_zone_that_is_none_is_refused(tmp_path: Path) -> None:
    rows = in_new_york(TABLES["subscriptions"]).replace("America/New_York", "EST5")
    assert errors_of(book_folder(tmp_path, subscriptions=rows)) == [
        "subscriptions.csv:3: time_zone: expected an IANA time zone such as Europe/Berlin, got 'EST5'"
    ]
