"""Older clients that send our numbers as theirs: one number is one document. 49.00 and 20.00 with 19 % are 82.11."""

from decimal import Decimal
from typing import Any

import pytest

from tests.functions.proxy import Proxy
from tests.functions.s0_client import S0Client
from tests.functions.s0_surface import FIBER, NUMBER, client, errors, proxy

__all__ = ["client", "proxy"]

OURS = {"invoiceNumber": NUMBER, "amount": 82.11, "dueDate": "2026-03-31"}


@pytest.fixture
def billed(proxy: Proxy, client: S0Client) -> Any:  # noqa: ANN401 - any JSON
    """The record of `lumen` after its first invoice; `other` is another customer."""
    proxy.world.customer("other")
    client.posts("", FIBER, status=201)
    client.posts("/generate-invoices")
    return client.gets("/lumen")


@pytest.mark.parametrize("form", [NUMBER, "inv-2026-03-0001", " INV 2026 03 0001 ", "INV/2026/03/0001"])
def test_the_number_of_an_invoice_of_ours_is_that_invoice(client: S0Client, billed: Any, form: str) -> None:  # noqa: ANN401
    assert client.posts("/lumen/invoices", {**OURS, "invoiceNumber": form}, status=201) == billed


def test_with_paid_what_is_open_of_it_is_paid_once(client: S0Client, billed: Any) -> None:  # noqa: ANN401
    client.posts("/lumen/payments", {"amount": 2.11, "invoiceId": NUMBER}, status=201)

    record = client.posts("/lumen/invoices", {**OURS, "status": "paid"}, status=201)

    [invoice] = record["invoices"]
    assert (invoice["invoiceId"], invoice["status"]) == (billed["invoices"][0]["invoiceId"], "paid")
    assert sorted(each["amount"] for each in record["paymentHistory"]) == [Decimal("2.11"), 80]
    assert record["balance"]["current"] == 0
    assert client.posts("/lumen/invoices", {**OURS, "status": "paid"}, status=201) == record


def test_with_cancelled_it_is_void(client: S0Client, billed: Any) -> None:  # noqa: ANN401
    record = client.posts("/lumen/invoices", {**OURS, "status": "cancelled"}, status=201)

    assert [each["status"] for each in record["invoices"]] == ["cancelled"]
    assert (billed["balance"]["current"], record["balance"]["current"]) == (Decimal("82.11"), 0)


def test_with_another_amount_it_is_409_and_nothing_changes(proxy: Proxy, client: S0Client, billed: Any) -> None:  # noqa: ANN401
    before = proxy.world.everything()

    status, sentence = errors(client.calls("POST", "/lumen/invoices", {**OURS, "amount": 80}))

    assert (status, sentence.partition(":")[0]) == (409, f"{NUMBER} was invoiced as {NUMBER} with 82.11 USD")
    assert (client.gets("/lumen"), proxy.world.everything()) == (billed, before)


def test_a_void_one_that_was_issued_anew_is_the_new_one(client: S0Client, billed: Any) -> None:  # noqa: ANN401
    name = billed["invoices"][0]["invoiceId"]
    client.posts(f"/api/billing/invoices/{name}/void", {"reason": "wrong address"})
    client.posts(f"/api/billing/invoices/{name}/reissue", {}, status=201)

    record = client.posts("/lumen/invoices", {**OURS, "status": "paid"}, status=201)

    assert {each["invoiceNumber"]: each["status"] for each in record["invoices"]} == {
        NUMBER: "cancelled",
        "INV-2026-03-0002": "paid",
    }


@pytest.mark.parametrize("form", [NUMBER, "inv 2026-03-0001"])
def test_the_number_of_another_customer_s_invoice_is_409(
    proxy: Proxy,
    client: S0Client,
    billed: Any,  # noqa: ANN401
    form: str,
) -> None:
    before = proxy.world.everything()

    status, sentence = errors(client.calls("POST", "/other/invoices", {**OURS, "invoiceNumber": form}))

    assert (status, sentence.partition(":")[0]) == (409, f"{form} is the number of an invoice of customer lumen")
    assert (client.gets("/lumen"), proxy.world.everything()) == (billed, before)


def test_the_number_of_a_credit_note_is_409(client: S0Client, billed: Any) -> None:  # noqa: ANN401
    name = billed["invoices"][0]["invoiceId"]
    asked = {"invoice": name, "what": {"kind": "whole"}, "reason": "a gift"}
    note = client.posts("/api/billing/credit-notes", asked, status=201)["credit_note"]

    for customer in ("lumen", "other"):
        body = {**OURS, "invoiceNumber": note["number"].lower()}
        status, sentence = errors(client.calls("POST", f"/{customer}/invoices", body))
        assert (status, "is the number of a credit note" in sentence) == (409, True)


def test_a_number_of_signs_alone_is_the_client_s_own(client: S0Client, billed: Any) -> None:  # noqa: ANN401
    record = client.posts("/lumen/invoices", {**OURS, "invoiceNumber": "##"}, status=201)

    assert len(record["invoices"]) == len(billed["invoices"]) + 1


def test_a_number_in_the_form_of_ours_that_no_document_has_is_the_client_s_own(client: S0Client, billed: Any) -> None:  # noqa: ANN401
    record = client.posts("/lumen/invoices", {**OURS, "invoiceNumber": "INV-2026-03-0047"}, status=201)

    assert {each["invoiceNumber"] for each in record["invoices"]} == {NUMBER, "INV-2026-03-0047"}
    assert {each["documentNumber"] for each in record["invoices"]} == {NUMBER, "INV-2026-03-0002"}
