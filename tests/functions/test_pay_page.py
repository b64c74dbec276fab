"""The pay page says what is due, how it can be paid, and why where it cannot."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.invoice import CollectionMethod, InvoiceStatus
from billing.usecases.void_invoice import void_invoice
from tests.builders import a_fee, a_plan, a_tenant, utc
from tests.functions.pay_pages import BANK, call, changes, heading, text, transfers
from tests.functions.proxy import Proxy, owes, running_proxy


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    with running_proxy(tmp_path) as running:
        yield running


def test_the_page_says_what_is_due_until_when_and_what_for(proxy: Proxy) -> None:
    owes(proxy)
    page = proxy.get(proxy.link())
    said = text(page)
    assert (page.status, heading(page)) == (200, "Pay invoice INV-2026-02-0001")
    for part in (
        "Acme API Platform Inc.",
        "$58.31 Amount due · due by March 31, 2026",
        "Pay $58.31 by card",
        "Base (monthly) 1 $49.00 19% $49.00",
        "VAT 19% on $49.00 $9.31",
        "Supply period February 1, 2026 – February 28, 2026",
        "Questions? Write to help@acme.test",
    ):
        assert part in said, part


def test_an_overdue_invoice_says_since_when(proxy: Proxy) -> None:
    owes(proxy)
    proxy.clock.at = utc("2026-04-01")
    assert "This invoice was due on March 31, 2026." in text(proxy.get(proxy.link()))


def test_it_speaks_the_customers_language(proxy: Proxy) -> None:
    for customer_id, locale, title in (
        ("de", "de_DE", "Rechnung INV-2026-02-0001 bezahlen"),
        ("fr", "fr_FR", "Payer la facture INV-2026-02-0002"),
        ("es", "es_ES", "Pagar la factura INV-2026-02-0003"),
        ("ja", "ja_JP", "Pay invoice INV-2026-02-0004"),
    ):
        owes(proxy, customer_id, locale=locale)
        page = proxy.get(proxy.link(customer_id))
        assert heading(page) == title
        assert f'<html lang="{"en" if customer_id == "ja" else locale.replace("_", "-")}">' in page.body.decode()


def test_a_euro_invoice_shows_the_account_the_reference_and_both_codes(tmp_path: Path) -> None:
    tenant = a_tenant(gateway="stripe", currency="EUR", bank=BANK)
    with running_proxy(tmp_path, tenant=tenant) as proxy:
        proxy.world.plan(a_plan(plan_id="monthly", currency="EUR"))
        proxy.world.plans["monthly@1"] = proxy.world.plan(
            a_plan(plan_id="monthly", version=2, currency="EUR", fees=[a_fee("49.00")])
        )
        owes(proxy, currency="EUR")
        page = proxy.get(proxy.link())
        assert "IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFFXXX Reference INV-2026-02-0001" in text(page)
        labels = re.findall(r'<svg role="img" aria-label="([^"]+)"', page.body.decode())
        assert labels == ["Scan with your banking app", "Open this page on your phone"]


def test_an_automatic_charge_that_can_not_be_made_can_be_transferred(tmp_path: Path) -> None:
    with running_proxy(tmp_path, tenant=a_tenant(bank=BANK)) as proxy:  # no gateway
        owes(proxy, collection_method=CollectionMethod.CHARGE_AUTOMATICALLY)
        assert "IBAN DE89 3704 0044 0532 0130 00" in text(proxy.get(proxy.link()))


@pytest.mark.parametrize(("due", "by_card"), [(5831, False), (5000, True)])
def test_an_amount_that_no_card_is_charged_is_transferred_and_another_one_is_not(
    tmp_path: Path, due: int, by_card: bool
) -> None:
    refused = PaymentAttempt(
        number=1,
        attempted_at=utc("2026-03-01"),
        amount=5831,
        status=AttemptStatus.DECLINED,
        code="amount_too_large",
    )
    with running_proxy(tmp_path, tenant=a_tenant(gateway="stripe", bank=BANK)) as proxy:
        owes(proxy, collection_method=CollectionMethod.CHARGE_AUTOMATICALLY)
        changes(proxy, attempts=(refused,), amount_paid=5831 - due)
        said = text(proxy.get(proxy.link()))
        assert ("by card" in said) is by_card
        assert "IBAN DE89 3704 0044 0532 0130 00" in said


def test_the_pdf_is_the_one_that_was_filed(proxy: Proxy) -> None:
    invoice = owes(proxy)
    answered = proxy.get(f"{proxy.link()}/invoice.pdf")
    assert answered.body == proxy.engine.objects.get(invoice.attachments[0].key)
    assert answered.headers["content-type"] == "application/pdf"
    assert answered.headers["content-disposition"] == 'inline; filename="INV-2026-02-0001.pdf"'
    assert proxy.call("HEAD", f"{proxy.link()}/invoice.pdf").headers["content-length"] == str(len(answered.body))


def test_before_the_pdf_is_filed_the_page_offers_none(proxy: Proxy) -> None:
    owes(proxy)
    changes(proxy, attachments=())
    assert "PDF" not in text(proxy.get(proxy.link()))
    assert proxy.get(f"{proxy.link()}/invoice.pdf").status == 404


def test_a_part_that_was_paid_leaves_the_rest(proxy: Proxy) -> None:
    owes(proxy)
    transfers(proxy, 831)
    said = text(proxy.get(proxy.link()))
    assert "$8.31 of $58.31 is settled already. This is the rest." in said
    assert "Pay $50.00 by card" in said


@pytest.mark.parametrize(
    ("fields", "title", "sentence"),
    [
        ({"status": InvoiceStatus.PAID, "amount_paid": 5831}, "Invoice {n} is paid", "Nothing is due any more."),
        ({"status": InvoiceStatus.PAID, "amount_credited": 5831}, "Invoice {n} has been credited", "A credit note"),
        ({"status": InvoiceStatus.VOID}, "Invoice {n} is void", "Please do not pay it."),
        ({"status": InvoiceStatus.UNCOLLECTIBLE}, "Invoice {n} is closed", "It can no longer be paid here."),
        (
            {
                "attempts": (
                    PaymentAttempt(number=1, attempted_at=utc("2026-03-01"), amount=5831, status=AttemptStatus.PENDING),
                )
            },
            "Invoice {n} is being charged",
            "$58.31 is being charged to your saved payment method right now.",
        ),
    ],
    ids=["paid", "credited", "void", "written off", "being charged"],
)
def test_what_is_not_to_be_paid_says_why_and_cannot_be_paid(
    proxy: Proxy, fields: dict[str, Any], title: str, sentence: str
) -> None:
    owes(proxy)
    changes(proxy, **fields)
    page = proxy.get(proxy.link())
    assert heading(page) == title.format(n="INV-2026-02-0001")
    assert sentence in text(page)
    assert "<form" not in page.body.decode()
    assert proxy.call("POST", f"{proxy.link()}/checkout").headers["location"] == f"{proxy.base}{proxy.link()}"
    assert proxy.invoice().checkout_id == ""


def test_a_debit_that_is_under_way_is_on_its_way_and_nothing_else_is_asked_for(proxy: Proxy) -> None:
    owes(proxy)
    changes(proxy, page_payment_id="pi_1")
    page = proxy.get(proxy.link())
    assert heading(page) == "Your payment is on its way"
    assert "INV-2026-02-0001" in text(page)
    assert "<form" not in page.body.decode()


def test_a_voided_invoice_is_void_on_its_page(proxy: Proxy) -> None:
    invoice = owes(proxy)
    void_invoice(proxy.world.documents, invoice.number, reason="wrong price", call=call(proxy))
    assert heading(proxy.get(proxy.link())) == "Invoice INV-2026-02-0001 is void"


def test_a_tenant_without_a_gateway_offers_no_card(tmp_path: Path) -> None:
    with running_proxy(tmp_path, tenant=a_tenant(bank=BANK)) as proxy:
        owes(proxy)
        page = proxy.get(proxy.link())
        assert "by card" not in text(page)
        assert "IBAN" in text(page)
        assert proxy.call("POST", f"{proxy.link()}/checkout").headers["location"] == f"{proxy.base}{proxy.link()}"
