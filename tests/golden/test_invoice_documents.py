"""Whole documents as they were last looked at as pictures. `make golden` writes them anew."""

from dataclasses import replace
from pathlib import Path

import pytest

from billing.domain.invoice import InvoiceStatus, Party
from billing.render.invoice_pdf import Branding, render_invoice
from tests.golden.read_pdf import page_texts, unpacked
from tests.golden.sample_invoices import ACCOUNT_1047, logo_png, with_lines

FOLDER = Path(__file__).parent / "invoices"
MANY_SCRIPTS = Party(
    name="株式会社 Ωmega Łódź Россия",
    street="1-2-3 梅田\n北区",
    city="大阪",
    postal_code="530-0001",
    country="JP",
    email="keiri@example.jp",
)
BRANDED = Branding(logo_png=logo_png(), accent="#7a1f3d", footer="Amtsgericht Charlottenburg HRB 123456")
DOCUMENTS = {
    "two-lines": (with_lines(2), BRANDED),
    "account-1047-in-german": (replace(ACCOUNT_1047, locale="de_DE"), Branding()),
    "twenty-lines": (with_lines(20), BRANDED),
    "two-hundred-lines": (with_lines(200), Branding()),
    "osaka-paid": (
        replace(ACCOUNT_1047, buyer=MANY_SCRIPTS, status=InvoiceStatus.PAID, amount_paid=312_91, locale="ja_JP"),
        Branding(),
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_still_what_was_approved(name: str, renew_golden: bool) -> None:
    invoice, branding = DOCUMENTS[name]
    pdf = render_invoice(invoice, branding=branding)
    text = "\n\f\n".join(page_texts(pdf)) + "\n"
    if renew_golden:
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{name}.pdf").write_bytes(pdf)
        (FOLDER / f"{name}.txt").write_text(text, encoding="utf-8")
    assert text == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert unpacked(pdf) == unpacked((FOLDER / f"{name}.pdf").read_bytes())
