"""Invoices are mailed as a customer wants them, and once more on request, over HTTP into the folder of a laptop."""

import email
import json
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from billing.domain.member import Role
from tests.functions.api_books import ApiBooks, running_api
from tests.functions.running_door import Answered

SEND = "/api/billing/invoices/INV-2026-02-0001/send"
LUMEN = "/api/billing/customers/lumen"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiBooks]:
    with running_api(tmp_path) as running:
        yield running


def mailed(tmp_path: Path) -> list[EmailMessage]:
    found = []
    for file in sorted((tmp_path / "mail" / "new").glob("*")):
        message = email.message_from_bytes(file.read_bytes(), policy=default)
        assert isinstance(message, EmailMessage)
        found.append(message)
    return found


def sends(api: ApiBooks, body: object = None, *, role: Role = Role.STAFF, **sent: str) -> Answered:
    headers = {name.replace("_", "-"): value for name, value in sent.items()}
    return api.ask("POST", SEND, body=body, role=role, sent=headers)


def has_a_sender(api: ApiBooks) -> None:
    settings = {"settings": {"mail_sender": "billing@acme.test"}}
    assert api.ask("PATCH", "/api/billing/settings", body=settings).status == 200


def test_an_invoice_is_sent_once_per_key_with_its_pdf(api: ApiBooks, tmp_path: Path) -> None:
    has_a_sender(api)
    first, again = (sends(api, Idempotency_Key="copy-1") for _ in range(2))
    assert (first.status, again.body) == (200, first.body), first.body
    answer = json.loads(first.body)
    assert (answer["number"], answer["to"]) == ("INV-2026-02-0001", "ap@lumen.test")
    [mail] = mailed(tmp_path)
    assert (mail["Message-ID"], mail["To"]) == (f"<{answer['message_id']}>", "ap@lumen.test")
    [pdf] = list(mail.iter_attachments())
    assert (pdf.get_filename(), pdf.get_content()[:5]) == ("INV-2026-02-0001.pdf", b"%PDF-")
    [record] = api.read("/api/billing/audit?event=invoice.sent")["data"]
    assert answer["message_id"] in record["reason"]


def test_each_request_without_a_key_is_a_mail_and_may_go_elsewhere(api: ApiBooks, tmp_path: Path) -> None:
    has_a_sender(api)
    assert [sends(api).status, sends(api, {"to": "books@elsewhere.test"}).status] == [200, 200]
    mails = mailed(tmp_path)
    assert sorted(mail["To"] for mail in mails) == ["ap@lumen.test", "books@elsewhere.test"]
    assert len({mail["Message-ID"] for mail in mails}) == 2


def test_what_can_not_be_sent_says_why_and_mails_nobody(api: ApiBooks, tmp_path: Path) -> None:
    def refused(answered: Answered) -> tuple[int, str]:
        return answered.status, json.loads(answered.body)["code"]

    assert refused(sends(api)) == (409, "no_mail_sender")
    has_a_sender(api)
    assert refused(sends(api, role=Role.VIEWER)) == (403, "forbidden")
    for wrong in ({"to": "nobody"}, {"to": "a@b.test\r\nBcc: eve@evil.test"}, {"cc": "x@y.test"}):
        assert refused(sends(api, wrong)) == (422, "invalid_input")
    assert api.ask("PATCH", LUMEN, body={"party": {"email": ""}}).status == 200
    assert refused(sends(api)) == (409, "nobody_to_send_to")
    assert api.ask("POST", SEND.replace("send", "void"), body={"reason": "wrong"}).status == 200
    assert refused(sends(api, {"to": "ap@lumen.test"})) == (409, "invoice_not_sendable")
    assert refused(api.ask("POST", "/api/billing/invoices/INV-0/send")) == (404, "not_found")
    assert mailed(tmp_path) == []


def test_how_a_customer_wants_its_invoices_is_one_thing_to_both_surfaces(api: ApiBooks) -> None:
    assert api.read(LUMEN)["invoice_delivery"] == "email"
    changed = api.ask("PATCH", LUMEN, body={"invoice_delivery": "portal"}, role=Role.STAFF)
    assert (changed.status, json.loads(changed.body)["invoice_delivery"]) == (200, "portal")
    tenant = {"X-Tenant-ID": "acme"}
    record = json.loads(api.ask("GET", "/api/customer-billing/lumen", sent=tenant).body)
    assert record["invoicePreferences"] == {"delivery": "portal"}
    update = {"invoicePreferences": {"delivery": "both"}}
    assert api.ask("PUT", "/api/customer-billing/lumen", body=update, sent=tenant).status == 200
    assert api.read(LUMEN)["invoice_delivery"] == "both"
    assert api.ask("PATCH", LUMEN, body={"invoice_delivery": "pigeon"}).status == 422


def test_a_new_customer_says_how_it_wants_its_invoices(api: ApiBooks) -> None:
    party = {"name": "Portia Ltd", "country": "DE"}
    body = {"id": "portia", "party": party, "currency": "USD", "invoice_delivery": "portal"}
    made = [api.ask("POST", "/api/billing/customers", body=body) for _ in range(2)]
    assert [(each.status, each.json["invoice_delivery"]) for each in made] == [(201, "portal")] * 2
    other = api.ask("POST", "/api/billing/customers", body=body | {"invoice_delivery": "both"})
    assert (other.status, other.json["code"]) == (409, "other_customer")
