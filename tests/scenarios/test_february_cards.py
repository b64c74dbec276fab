"""The February book's 142 cards, charged at the sandbox: 136 invoices are paid at once, 6 are not, and all know why.

Of the 136 nothing is due on one.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

import pytest

from billing.adapters.book_files import load_book
from billing.adapters.environment_secrets import EnvironmentSecrets
from billing.domain.customer import Customer
from billing.domain.invoice import CollectionMethod, Invoice, InvoiceStatus
from billing.domain.run_report import RunReport
from billing.engine import Engine
from billing.ports import Gateway
from billing.sandbox.server import RunningSandbox, running_sandbox
from billing.store.invoices import Invoices
from billing.store.tenants import Tenants
from billing.usecases.call import Call
from billing.usecases.import_book import import_book
from billing.usecases.run_context import RunRequest
from billing.usecases.saved_methods import customer_at_gateway, keep_saved_method
from billing.wiring import LOCAL_MAIL, local_engine
from tests.sandbox_client import StandingClock

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
CALL = Call(tenant_id="acme-api", actor="test", recorded_at=MARCH)
FAILURES = {"expired_card": 3, "insufficient_funds": 2, "generic_decline": 1}


def opened(folder: Path, sandbox: RunningSandbox) -> Engine:
    """The book with its cards on file, and a tenant that charges and mails."""
    secrets = EnvironmentSecrets({"STRIPE_API_KEY": "sk_test_february"})
    local = local_engine(folder, payment_link_base="http://127.0.0.1:8080")
    engine = replace(local, secrets=secrets, stripe_base_url=sandbox.url)
    book = load_book(Path(__file__).parents[2] / "samples" / "february-2026")
    import_book(engine.documents, book, recorded_at=MARCH, progress=lambda _stage, _done, _total: None)
    tenant = replace(
        Tenants(engine.documents).get("acme-api"),
        gateway="stripe",
        mail_sender="billing@acme.example.com",
        billing_contact="owner@acme.example.com",
    )
    engine.documents.commit([Tenants(engine.documents).saving(tenant)])
    gateway = engine.gateway(tenant)
    assert gateway is not None
    with ThreadPoolExecutor(8) as pool:
        cards = [each for each in book.customers if each.test_card]
        list(pool.map(lambda each: saves_card(engine, gateway, sandbox, each), cards))
    return engine


def saves_card(engine: Engine, gateway: Gateway, sandbox: RunningSandbox, customer: Customer) -> None:
    known = customer_at_gateway(engine.documents, gateway, customer.id, call=CALL)
    method = gateway.save_method(known, method="pm_card_visa", key=f"{customer.id}/card")
    if customer.test_card != "ok":
        sandbox.control("POST", f"payment_methods/{method.id}/decline", {"code": customer.test_card})
    keep_saved_method(engine.documents, customer.id, method, gateway_id=known, call=CALL)


@pytest.fixture(scope="module")
def billed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Path, RunReport]]:
    folder = tmp_path_factory.mktemp("february")
    with running_sandbox(clock=StandingClock(MARCH)) as sandbox:
        engine = opened(folder, sandbox)
        yield engine, folder / LOCAL_MAIL / "new", engine.generate_invoices(a_run("first"))


def a_run(run_id: str) -> RunRequest:
    return RunRequest(tenant_id="acme-api", as_of=MARCH, recorded_at=MARCH, run_id=run_id, actor="test")


def by_card(engine: Engine) -> list[Invoice]:
    invoices = [*Invoices.of(engine.documents, "acme-api").all()]
    return [each for each in invoices if each.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY]


def mails(folder: Path) -> list[EmailMessage]:
    parser = BytesParser(policy=policy.default)
    return [parser.parsebytes(each.read_bytes()) for each in folder.iterdir()]


@pytest.mark.slow
def test_136_invoices_of_cards_are_paid_at_once_and_6_fail_with_their_reasons(
    billed: tuple[Engine, Path, RunReport],
) -> None:
    engine, _, report = billed
    assert (len(report.invoices), report.unsettled) == (187, 0)
    assert (report.collected.charged, dict(report.collected.failed)) == (135, FAILURES)
    invoices = by_card(engine)
    paid = [each for each in invoices if each.status is InvoiceStatus.PAID]
    assert (len(invoices), len(paid), sum(each.total == 0 for each in paid)) == (142, 136, 1)
    assert report.collected.amounts == {"USD": sum(each.total for each in paid)}
    declined = [each for each in invoices if each.status is InvoiceStatus.ISSUED]
    assert Counter(each.attempts[0].code for each in declined) == FAILURES
    assert all(each.amount_due == each.total > 0 for each in declined)


@pytest.mark.slow
def test_everybody_gets_the_mail_that_fits(billed: tuple[Engine, Path, RunReport]) -> None:
    engine, folder, report = billed
    sent = mails(folder)
    kinds = Counter((mail["Message-ID"] or "").split(".")[1].split("@")[0] for mail in sent)
    assert kinds == {
        "receipt": 135,
        "update_payment_method": 3,
        "payment_failed": 3,
        "tenant_payment_failed": 6,
        "invoice_issued": 46,  # 45 who pay by transfer, and the card that nothing was due from
    }
    assert report.collected.mailed == 193
    assert sum(mail["To"] == "owner@acme.example.com" for mail in sent) == 6
    expired = {
        each.buyer.email for each in by_card(engine) if any(attempt.code == "expired_card" for attempt in each.attempts)
    }
    assert {str(mail["To"]) for mail in sent if ".update_payment_method@" in mail["Message-ID"]} == expired
    receipt = next(mail for mail in sent if ".receipt@" in mail["Message-ID"])
    [pdf] = list(receipt.iter_attachments())
    assert pdf.get_content()[:5] == b"%PDF-"


@pytest.mark.slow
def test_the_next_run_charges_and_mails_nobody_again(billed: tuple[Engine, Path, RunReport]) -> None:
    engine, folder, _ = billed
    again = engine.generate_invoices(a_run("second"))
    assert (again.collected.charged, again.collected.mailed, len(mails(folder))) == (0, 0, 193)
