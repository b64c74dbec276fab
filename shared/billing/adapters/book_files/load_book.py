"""Read a book from its folder: every file is checked, alone and against the others, before anything is written."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from billing.adapters.book_files.cell_types import FIRST_DAY, LAST_DAY
from billing.adapters.book_files.coupon_file import read_coupons
from billing.adapters.book_files.customer_rows import read_customers
from billing.adapters.book_files.error_log import ErrorLog
from billing.adapters.book_files.exchange_rows import read_exchange_rates
from billing.adapters.book_files.first_bill import BillingStart, billing_start, with_first_bill
from billing.adapters.book_files.plan_files import PlanFiles, read_plans
from billing.adapters.book_files.subscription_rows import BookedSubscription, SubscriptionFiles, read_subscriptions
from billing.adapters.book_files.tax_rows import read_tax_rates
from billing.adapters.book_files.tenant_file import read_tenant
from billing.adapters.book_files.usage_rows import UsageContext, read_usage
from billing.domain.book import Book, BookError, BookErrors
from billing.domain.customer import Customer
from billing.domain.errors import InvalidInput
from billing.domain.invoice import Party
from billing.domain.numbering import NumberSeries
from billing.domain.policy_warnings import policy_warnings
from billing.domain.subscription import Subscription
from billing.domain.tenant import Tenant

_TABLES = (
    *("customers.csv", "subscriptions.csv", "addons.csv", "one_time_charges.csv", "usage.csv"),
    *("tax_rates.csv", "exchange_rates.csv"),
)
_WAY_OUT = "a book is a folder with tenant.json, plan.json, customers.csv and subscriptions.csv: docs/guides/import.md"

# So that the other files are checked even where tenant.json is broken; it never leaves this module.
_UNREADABLE = Tenant(
    id="unreadable",
    seller=Party(name=""),
    currency="USD",
    zone="UTC",
    locale="en_US",
    payment_terms_days=0,
    numbers=NumberSeries(),
)


def load_book(folder: Path, *, bill_from: date | None = None) -> Book:
    """The book in a folder, sound in itself; `bill_from` is the first local day whose bills are made here.

    Without it the book's own date decides (docs/adr/0011). Raises BookErrors with every error of every file.
    """
    _require_book(folder)
    if bill_from is not None and not FIRST_DAY <= bill_from <= LAST_DAY:
        raise InvalidInput("bill_from", expected=f"a day from {FIRST_DAY} to {LAST_DAY}", given=str(bill_from))
    log = ErrorLog()
    booked_tenant = read_tenant(folder / "tenant.json", log=log)
    tenant = _UNREADABLE if booked_tenant is None else booked_tenant.value
    plans = _read_plans(folder, log)
    taxes = read_tax_rates(folder / "tax_rates.csv", log=log)
    exchange = read_exchange_rates(folder / "exchange_rates.csv", log=log)
    customer_rows, customers = read_customers(folder / "customers.csv", tenant=booked_tenant, log=log)
    coupons = read_coupons(folder / "coupons.json", log=log)
    files = SubscriptionFiles(
        tenant=tenant, plans=plans, customer_rows=customer_rows, customers=customers, coupons=coupons, log=log
    )
    rows, booked = read_subscriptions(folder, files)
    complete = plans.whole and rows.whole and len(booked) == rows.count
    context = UsageContext(
        zone=tenant.zone, customer_rows=customer_rows, subscriptions=booked, complete=complete, log=log
    )
    usage = read_usage(folder / "usage.csv", context)
    log.raise_if_any()
    start = billing_start(booked, usage, zone=tenant.zone, bill_from=bill_from)
    subscriptions = tuple(with_first_bill(each, start) for each in booked)
    book = Book(
        tenant=tenant,
        tax_rates=taxes,
        exchange_rates=exchange,
        plans=tuple(plans.by_ref.values()),
        customers=_counted(customers.values(), subscriptions),
        subscriptions=subscriptions,
        usage=usage,
        coupons=tuple(coupons.by_id.values()),
        notes=(*_notes(start, booked, subscriptions), *policy_warnings(tenant.dunning)),
    )
    return book if booked_tenant is None or booked_tenant.names_shards else book.in_shards_by_size()


def _require_book(folder: Path) -> None:
    if not folder.is_dir():
        raise BookErrors([BookError(file=str(folder), message=f"there is no such folder; {_WAY_OUT}")])
    if not (folder / "tenant.json").is_file():
        raise BookErrors([BookError(file="tenant.json", message=f"the file is missing; {_WAY_OUT}")])


def _read_plans(folder: Path, log: ErrorLog) -> PlanFiles:
    """The plans; a table or a JSON file of another name is refused, as a misspelt usage.csv would be usage unbilled."""
    paths = sorted(folder.glob("plan*.json"))
    if not paths:
        log.add("plan.json", "the file is missing; it holds one plan or a list of plans")
    single = ("tenant.json", "coupons.json")
    known = {*single, *_TABLES, *(path.name for path in paths)}
    for path in sorted([*folder.glob("*.csv"), *folder.glob("*.json")]):
        if path.name not in known:
            names = ", ".join((*single, "plan*.json", *_TABLES))
            message = f"no file of a book: known are {names}; rename or move it"
            log.add(path.name, message)
    return read_plans(paths, log=log)


def _counted(customers: Iterable[Customer], subscriptions: Sequence[Subscription]) -> tuple[Customer, ...]:
    billed = Counter(each.customer_id for each in subscriptions if each.next_billing_at is not None)
    return tuple(replace(each, active_subscriptions=billed[each.id]) for each in customers)


def _notes(
    start: BillingStart, booked: Sequence[BookedSubscription], subscriptions: Sequence[Subscription]
) -> tuple[str, ...]:
    own = sum(each.bill_from is not None for each in booked)
    elsewhere = sum(len(each.value.one_time) for each in booked) - sum(len(each.one_time) for each in subscriptions)
    notes = (
        start.reason,
        f"for {own} subscriptions their row's bill_from decides" if own else "",
        f"one-time charges on bills for earlier days count as made elsewhere: {elsewhere}" if elsewhere else "",
    )
    return tuple(note for note in notes if note)
