"""Every aggregation under every price model, and what is agreed beside prices: from a book's files to the invoices."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.adapters.book_files import load_book
from billing.adapters.sqlite import SqliteDocuments
from billing.domain.billing_cycle import first_bill_for
from billing.domain.book import BookConflicts
from billing.domain.invoice import Invoice
from billing.domain.trial import subscribed
from billing.ports import Documents, Query
from billing.store.indexes import INDEXES
from billing.store.invoices import decode_invoice
from billing.store.subscriptions import Subscriptions
from billing.usecases.admit_usage import ReportedUsage
from billing.usecases.generate_invoices import RunOptions, generate_invoices
from billing.usecases.import_book import ImportReport, import_book
from billing.usecases.record_usage import record_usage
from billing.usecases.run_context import RunRequest
from tests.book_folder import CALLS, PLAN, book_folder, changed
from tests.builders import a_meter, a_plan, amounts, utc
from tests.world import World


@pytest.fixture
def documents() -> Iterator[Documents]:
    with closing(SqliteDocuments(":memory:", indexes=INDEXES)) as store:
        yield store


def bring(store: Documents, folder: Path) -> ImportReport:
    return import_book(store, load_book(folder), recorded_at=utc("2026-01-01"))


def bill(store: Documents, *, as_of: str) -> dict[str, Invoice]:
    """The invoices of a run by subscription; where it made several of one, the last."""
    request = RunRequest(
        tenant_id="acme", as_of=utc(as_of), recorded_at=utc(as_of), run_id=f"run-{as_of[:10]}", actor="test"
    )
    report = generate_invoices(store, request, RunOptions())
    assert report.failures == []
    made = {each.id for each in report.invoices}
    stored = [decode_invoice(each).value for each in store.query(Query("tenants/acme/invoices"))]
    ordered = sorted((each for each in stored if each.id in made), key=lambda each: each.bill_for_date)
    return {each.subscription_id: each for each in ordered}


def write(folder: Path, name: str, content: Any) -> None:  # noqa: ANN401 - JSON or text
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / name).write_text(text, encoding="utf-8")


# Aggregations and models

# On 3 February at 10:00 and 12:00, on the 10th and on the 20th: 4, 9, 2 and 7 by users a, b, a and c.
EVENTS = (("03T10", "4", "a"), ("03T12", "9", "b"), ("10T08", "2", "a"), ("20T23", "7", "c"))
QUANTITIES = {"sum": 22, "count": 4, "max": 9, "last": 7, "unique": 3}
MODELS: dict[str, dict[str, Any]] = {
    "per_unit": {"unit_price": "0.25"},
    "graduated": {"tiers": [{"up_to": 3}, {"up_to": 8, "unit_price": "1.00"}, {"up_to": None, "unit_price": "0.50"}]},
    "volume": {
        "tiers": [
            {"up_to": 4, "unit_price": "2.00"},
            {"up_to": 8, "unit_price": "1.00"},
            {"up_to": None, "unit_price": "0.50"},
        ]
    },
    "stairstep": {
        "tiers": [
            {"up_to": 4, "flat_fee": "5.00"},
            {"up_to": 8, "flat_fee": "10.00"},
            {"up_to": None, "flat_fee": "20.00"},
        ]
    },
    "package": {"package_size": 4, "package_price": "3.00"},
}
CENTS = {
    # 22 units: 22 x 0.25; 5 x 1.00 + 14 x 0.50; 22 x 0.50; the third step; 6 packages
    "sum": {"per_unit": 550, "graduated": 1200, "volume": 1100, "stairstep": 2000, "package": 1800},
    # 4 events: 4 x 0.25; 1 x 1.00; 4 x 2.00; the first step, its bound included; 1 package
    "count": {"per_unit": 100, "graduated": 100, "volume": 800, "stairstep": 500, "package": 300},
    # at most 9: 9 x 0.25; 5 x 1.00 + 1 x 0.50; 9 x 0.50; the third step; 3 packages
    "max": {"per_unit": 225, "graduated": 550, "volume": 450, "stairstep": 2000, "package": 900},
    # 7 at last: 7 x 0.25; 4 x 1.00; 7 x 1.00; the second step; 2 packages
    "last": {"per_unit": 175, "graduated": 400, "volume": 700, "stairstep": 1000, "package": 600},
    # 3 users: 3 x 0.25; all free; 3 x 2.00; the first step; 1 package
    "unique": {"per_unit": 75, "graduated": 0, "volume": 600, "stairstep": 500, "package": 300},
}


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], list[int]]:
    """The amounts of the lines of each aggregation under each model, on one invoice for February."""
    meters = [
        {"metric": f"{how}-{model}", "name": f"{how} {model}", "aggregation": how, "model": model, **price}
        for how in QUANTITIES
        for model, price in MODELS.items()
    ]
    rows = [
        f"c-1,2026-02-{at}:00:00Z,{how}-{model},{quantity if how in ('sum', 'max', 'last') else ''},"
        f"{value if how == 'unique' else ''}"
        for how in QUANTITIES
        for model in MODELS
        for at, quantity, value in EVENTS
    ]
    # an event of the day after belongs to March
    rows.append("c-1,2026-03-01T00:00:00Z,sum-per_unit,1000,")
    folder = book_folder(
        tmp_path_factory.mktemp("book"),
        plan=changed(PLAN, usage=meters, addons=...),
        addons=None,
        tax_rates=None,
        usage="customer_id,timestamp,metric,quantity,value\n" + "\n".join(rows) + "\n",
        subscriptions="subscription_id,customer_id,plan_id,started_on\ns-1,c-1,basic,2026-02-01\n",
    )
    with closing(SqliteDocuments(":memory:", indexes=INDEXES)) as store:
        bring(store, folder)
        invoice = bill(store, as_of="2026-03-01")["s-1"]
    found: dict[tuple[str, str], list[int]] = {(how, model): [] for how in QUANTITIES for model in MODELS}
    for line in invoice.lines:
        how, model = line.id.partition(":")[0].split("-")
        found[how, model].append(line.amount)
    return found


@pytest.mark.parametrize("aggregation", QUANTITIES)
@pytest.mark.parametrize("model", MODELS)
def test_each_aggregation_is_priced_by_each_model(
    priced: dict[tuple[str, str], list[int]], aggregation: str, model: str
) -> None:
    lines = priced[aggregation, model]
    assert lines
    assert sum(lines) == CENTS[aggregation][model]


# What is agreed beside prices


def a_small_book(folder: Path, *, coupons: str = "half", charges: str = "", **changes: Any) -> Path:  # noqa: ANN401
    """One subscription since 1 February, 300 calls at 0.01 in it, a coupon of 50 % for two periods."""
    write(folder, "coupons.json", [{"coupon_id": "half", "name": "Half", "percent": 50, "periods": 2}])
    header = "subscription_id,charge_id,name,unit_price,charged_on\n"
    write(folder, "one_time_charges.csv", header + charges)
    return book_folder(
        folder,
        **{
            "addons": None,
            "tax_rates": None,
            "plan": changed(PLAN, addons=...),
            "subscriptions": (
                f"subscription_id,customer_id,plan_id,started_on,coupons\ns-1,c-1,basic,2026-02-01,{coupons}\n"
            ),
            "usage": "customer_id,date,metric,quantity\nc-1,2026-02-03,calls,300\n",
            **changes,
        },
    )


def test_a_book_with_coupons_and_charges_is_billed_and_importing_it_again_changes_nothing(
    documents: Documents, tmp_path: Path
) -> None:
    folder = a_small_book(tmp_path, charges="s-1,setup,Set-up,40.00,2026-02-01\ns-1,visit,Visit,10.00,2026-03-15\n")
    assert bring(documents, folder).created["coupons"] == 1
    assert amounts(bill(documents, as_of="2026-03-01")["s-1"].lines) == {
        "Calls": 300,
        "Set-up": 4000,
        "Half - discount": -2150,
    }
    again = bring(documents, folder)
    assert set(again.created.values()) == {0}
    assert again.unchanged["coupons"] == 1
    assert amounts(bill(documents, as_of="2026-04-01")["s-1"].lines) == {"Visit": 1000, "Half - discount": -500}
    assert set(bring(documents, folder).created.values()) == {0}
    assert amounts(bill(documents, as_of="2026-05-01")["s-1"].lines) == {"Calls": 0}  # the coupon is used up


def test_a_charge_and_a_coupon_that_the_book_adds_to_a_stored_subscription_are_refused_by_name(
    documents: Documents, tmp_path: Path
) -> None:
    bring(documents, a_small_book(tmp_path, coupons=""))
    bill(documents, as_of="2026-03-01")
    a_small_book(tmp_path, charges="s-1,old,Old,1.00,2026-02-01\ns-1,visit,Visit,10.00,2026-03-15\n")
    with pytest.raises(BookConflicts) as refused:
        bring(documents, tmp_path)
    assert [str(each) for each in refused.value.differences] == [
        "subscription s-1: discounts: stored nothing, given half",
        "subscription s-1: one_time: stored nothing, given visit",
    ]


def test_a_charge_that_the_book_adds_before_the_first_bill_is_refused_as_well(
    documents: Documents, tmp_path: Path
) -> None:
    bring(documents, a_small_book(tmp_path))
    a_small_book(tmp_path, charges="s-1,setup,Set-up,1.00,2026-02-01\n")
    with pytest.raises(BookConflicts, match="subscription s-1: one_time: stored nothing, given setup"):
        bring(documents, tmp_path)


def test_late_usage_is_lowered_by_no_coupon_and_counts_for_no_commitment(documents: Documents, tmp_path: Path) -> None:
    plan = changed(PLAN, addons=..., minimum_commitment="10.00")
    bring(documents, a_small_book(tmp_path, plan=plan, coupons="half"))
    # February: 3.00 of calls less a half, and 7.00 to the commitment
    assert bill(documents, as_of="2026-03-01")["s-1"].total == 850
    late = ReportedUsage(
        id="late", subscription_id="s-1", meter="calls", occurred_at=utc("2026-02-27T12:00"), quantity=200
    )
    record_usage(documents, tenant_id="acme", events=[late], recorded_at=utc("2026-03-04"))
    (late_line, *others) = sorted(bill(documents, as_of="2026-04-01")["s-1"].lines, key=lambda line: line.period.start)
    # 2.00 late; all of March's 10.00 are missing; nothing is left for the coupon
    assert late_line.amount == 200
    assert [line.amount for line in others] == [1000]


def test_a_published_coupon_never_changes(documents: Documents, tmp_path: Path) -> None:
    bring(documents, a_small_book(tmp_path))
    write(tmp_path, "coupons.json", [{"coupon_id": "half", "name": "Half", "percent": 60, "periods": 2}])
    with pytest.raises(BookConflicts, match="coupon half: percent: stored 50, given 60"):
        bring(documents, tmp_path)


def test_an_allowance_and_a_commitment_of_a_book_are_billed(documents: Documents, tmp_path: Path) -> None:
    plan = changed(PLAN, addons=..., usage=[changed(CALLS, included=100)], minimum_commitment="10.00")
    bring(documents, a_small_book(tmp_path, plan=plan, coupons=""))
    assert amounts(bill(documents, as_of="2026-03-01")["s-1"].lines) == {
        "Calls - included": 0,
        "Calls": 200,
        "Basic - minimum commitment": 800,
    }


def test_usage_of_a_trial_is_recorded_and_never_billed_whenever_it_is_reported(
    documents: Documents, tmp_path: Path
) -> None:
    plan = changed(PLAN, addons=..., trial_days=2, cycle={"unit": "month"})
    usage = "customer_id,date,metric,quantity\nc-1,2026-02-01,calls,1000\nc-1,2026-02-03,calls,300\n"
    bring(documents, a_small_book(tmp_path, plan=plan, usage=usage, coupons=""))
    first = bill(documents, as_of="2026-03-03")["s-1"]
    assert (str(first.period.start)[:10], amounts(first.lines)) == ("2026-02-03", {"Calls": 300})
    late = ReportedUsage(
        id="late", subscription_id="s-1", meter="calls", occurred_at=utc("2026-02-02T23:59"), quantity=77
    )
    record_usage(documents, tenant_id="acme", events=[late], recorded_at=utc("2026-03-04"))
    assert amounts(bill(documents, as_of="2026-04-03")["s-1"].lines) == {"Calls": 0}


def test_usage_before_and_after_the_hour_at_which_a_trial_ends_is_told_apart() -> None:
    world = World(documents=SqliteDocuments(":memory:", indexes=INDEXES))
    plan = world.plan(a_plan(metered=[a_meter("1.00")], anchor_day=1, trial_days=2))
    world.customer("acct-1")
    bare = subscribed("s-1", "acct-1", plan=plan, start=utc("2026-02-01T12:00"), zone="UTC")
    subscription = replace(bare, next_billing_at=first_bill_for(bare, {plan.ref: plan}))
    world.documents.commit([Subscriptions.of(world.documents, "acme").creation(subscription)])
    events = [
        ReportedUsage(
            id=hour, subscription_id="s-1", meter="calls", occurred_at=utc(f"2026-02-03T{hour}:00"), quantity=quantity
        )
        for hour, quantity in (("08", 1000), ("12", 200), ("23", 30))
    ]
    record_usage(world.documents, tenant_id="acme", events=events, recorded_at=utc("2026-02-04"))
    world.travels_to("2026-03-01")
    world.runs_billing()
    (invoice,) = world.invoices()
    assert [(line.description, line.quantity) for line in invoice.lines] == [("Calls", Decimal(230))]
