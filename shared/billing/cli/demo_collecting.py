"""What the demo collects after its run: cards are saved at the sandbox and charged, a month's transfers reconciled."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from rich.console import Console

from billing.adapters.bank_statements import read_statements
from billing.cli.billing_run import BillingRun
from billing.cli.directory import ACTOR
from billing.cli.local_gateway import LOCAL_STRIPE_KEY, SANDBOX_FILE, LocalStripe, taking_cards
from billing.cli.reconcile import other_ways
from billing.cli.screen import Json
from billing.cli.summary import reason_text
from billing.domain.bank_account import OtherAccount
from billing.domain.book import Book
from billing.domain.customer import Customer
from billing.domain.invoice import CollectionMethod, Invoice
from billing.domain.reconciliation import Booked
from billing.domain.tenant import Tenant
from billing.engine import Engine
from billing.ports import Gateway
from billing.sandbox.server import RunningSandbox, running_sandbox
from billing.store.customers import Customers
from billing.store.invoices import Invoices
from billing.store.tenants import Tenants
from billing.usecases.call import Call
from billing.usecases.change_tenant import change_tenant
from billing.usecases.reconcile import ReconcileOptions, reconcile
from billing.usecases.saved_methods import keep_saved_method

_GATEWAY = "stripe"
_CARD = "pm_card_visa"
_STATEMENT = Path("bank-statements", "march-2026.xml")
_AT_ONCE = 10
_IDS_A_READ = 200
_GOOD = "ok"
_DECLINES = {
    "expired_card": "expired card",
    "insufficient_funds": "insufficient funds",
    "generic_decline": "declined",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCollected:
    """What came in: `charged` counts the card invoices that were paid, `nothing_due` those of them that owed nothing.

    `failed` is by decline code, `reconciled` counts transfers, `seconds` is the time of all this, the run not included.
    """

    charged: int
    nothing_due: int
    failed: Counter[str]
    reconciled: int
    seconds: float


def has_cards(book: Book) -> bool:
    """Whether customers of the book pay by a card of the sandbox."""
    return any(_pays_by_card(each) for each in book.customers)


def with_choices(engine: Engine, book: Book, *, mails: bool) -> Book:
    """The book of a tenant as a demo has set it up: by what it has chosen already, or by what is usual here.

    That is stripe, the sandbox, for a book that pays by card, and with `mails` addresses to mail from and to.
    """
    given, stored = book.tenant, Tenants(engine.documents).find(book.tenant.id)
    usual = replace(given, gateway=_GATEWAY if has_cards(book) else "")
    if mails:
        domain = f"{given.id}.example.com"
        usual = replace(usual, mail_sender=f"billing@{domain}", billing_contact=f"owner@{domain}")
    chosen = stored or usual
    return replace(
        book,
        tenant=replace(
            given,
            gateway=given.gateway or chosen.gateway,
            mail_sender=given.mail_sender or chosen.mail_sender,
            billing_contact=given.billing_contact or chosen.billing_contact,
        ),
    )


def prepare_collecting(engine: Engine, tenant: Tenant) -> Engine:
    """Give the tenant a gateway, so that its invoices are charged; the engine for a run that only files them."""
    call = Call(tenant_id=tenant.id, actor=ACTOR, recorded_at=engine.clock.now())
    change_tenant(engine.documents, lambda found: replace(found, gateway=found.gateway or _GATEWAY), call=call)
    return replace(engine, files_only=True, crew=None)


def collect(engine: Engine, run: BillingRun, *, book: Book, folder: Path, directory: Path) -> DemoCollected:
    """Save the cards of the book, charge and mail what waits, and import the statement beside the book's `folder`.

    What came of the charges is added to the run's report. Nothing is done twice. Raises Unavailable while another
    process runs the directory's sandbox.
    """
    started, report = perf_counter(), run.report
    call = Call(tenant_id=book.tenant.id, actor=ACTOR, recorded_at=engine.clock.now())
    tenant = Tenants(engine.documents).get(book.tenant.id)
    with _at_the_sandbox(engine, tenant, directory=directory) as (able, sandbox):
        _save_cards(able, tenant, _without_card(able, book), sandbox=sandbox, call=call)
        settled = able.settle_rest(tenant.id)
        reconciled = _reconcile(able, tenant, folder.resolve().parent / _STATEMENT, call=call)
    report.add_settled(settled)
    nothing_due = sum(_owed_nothing(each) for each in run.invoices)
    return DemoCollected(
        charged=settled.collected.charged + nothing_due,
        nothing_due=nothing_due,
        failed=settled.collected.failed,
        reconciled=reconciled,
        seconds=perf_counter() - started,
    )


def save_cards(engine: Engine, book: Book, *, directory: Path) -> None:
    """Save the cards of a stored book that are not saved yet, and charge nothing.

    Raises Unavailable while another process runs the directory's sandbox.
    """
    call = Call(tenant_id=book.tenant.id, actor=ACTOR, recorded_at=engine.clock.now())
    tenant = Tenants(engine.documents).get(book.tenant.id)
    with _at_the_sandbox(engine, tenant, directory=directory) as (able, sandbox):
        _save_cards(able, tenant, _without_card(able, book), sandbox=sandbox, call=call)


def nothing_collected() -> DemoCollected:
    """What a demo collects that did it before."""
    return DemoCollected(charged=0, nothing_due=0, failed=Counter(), reconciled=0, seconds=0)


def collected_json(collected: DemoCollected) -> Json:
    """The figures as JSON, with each decline that a book may ask for."""
    return {
        "charged": collected.charged,
        "nothing_due": collected.nothing_due,
        "failed": {**dict.fromkeys(_DECLINES, 0), **collected.failed},
        "reconciled": collected.reconciled,
        "seconds": round(collected.seconds, 3),
    }


def print_collected(collected: DemoCollected, console: Console) -> None:
    """The figures in words."""
    failed = collected.failed
    if not (collected.charged or failed or collected.reconciled):
        console.print("Nothing was left to collect.")
        return
    reasons = [f"{failed[code]} {words}" for code, words in _DECLINES.items() if failed[code]]
    reasons += [f"{failed[code]} {reason_text(code)}" for code in sorted(failed.keys() - _DECLINES.keys())]
    why = f" ({', '.join(reasons)})" if reasons else ""
    console.print(f"{collected.charged:,} charged, {failed.total():,} failed{why}")
    if collected.nothing_due:
        console.print(f"  of the charged, {collected.nothing_due:,} with nothing due: paid at issue", style="dim")
    console.print(f"{collected.reconciled:,} transfers reconciled")
    console.print(f"{collected.seconds:.2f} seconds, cards by the sandbox", style="dim")


@contextmanager
def _at_the_sandbox(engine: Engine, tenant: Tenant, *, directory: Path) -> Iterator[tuple[Engine, RunningSandbox]]:
    """The engine with the directory's sandbox for its cards, and that sandbox, while the block runs."""
    with running_sandbox(clock=engine.clock, file=directory / SANDBOX_FILE) as sandbox:
        stripe = LocalStripe(key=LOCAL_STRIPE_KEY, url=sandbox.url)
        with taking_cards(engine, tenant=tenant, directory=directory, stripe=stripe) as able:
            yield able, sandbox


def _pays_by_card(customer: Customer) -> bool:
    return customer.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY and bool(customer.test_card)


def _owed_nothing(invoice: Invoice) -> bool:
    return invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY and invoice.total == 0


def _without_card(engine: Engine, book: Book) -> list[Customer]:
    """Those whose card is not saved yet, as they are stored."""
    customers = Customers.of(engine.documents, book.tenant.id)
    ids = [each.id for each in book.customers if _pays_by_card(each)]
    pages = [customers.get(ids[start : start + _IDS_A_READ]) for start in range(0, len(ids), _IDS_A_READ)]
    return [each.value for page in pages for each in page if each is not None and not each.value.payment_method_id]


def _save_cards(
    engine: Engine, tenant: Tenant, customers: Sequence[Customer], *, sandbox: RunningSandbox, call: Call
) -> None:
    gateway = engine.gateway(tenant)
    assert gateway is not None  # noqa: S101 - the tenant was given one

    def save(customer: Customer) -> None:
        _save_card(engine, gateway, customer, sandbox=sandbox, call=call)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(save, customers))


def _save_card(engine: Engine, gateway: Gateway, customer: Customer, *, sandbox: RunningSandbox, call: Call) -> None:
    key = f"{call.tenant_id}/{customer.id}"
    party = customer.party
    known = gateway.save_customer(
        key=key, customer_id=customer.id, email=party.email, name=party.name, known=customer.gateway_id
    )
    method = gateway.save_method(known, method=_CARD, key=f"{key}/card")
    if customer.test_card != _GOOD:
        sandbox.control("POST", f"payment_methods/{method.id}/decline", {"code": customer.test_card})
    keep_saved_method(engine.documents, customer.id, method, gateway_id=known, call=call)


def _reconcile(engine: Engine, tenant: Tenant, statement: Path, *, call: Call) -> int:
    """How many transfers were booked: none without a statement of this tenant, or before anything is billed."""
    is_billed = any(Invoices.of(engine.documents, tenant.id).all())
    if not statement.is_file() or tenant.bank is None or not is_billed:
        return 0
    options = ReconcileOptions(close=other_ways(engine, tenant, call=call).close)
    try:
        report = reconcile(engine.documents, read_statements(statement), call=call, options=options)
    except OtherAccount:
        return 0
    return report.count(Booked)
