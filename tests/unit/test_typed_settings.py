"""Settings as they are typed: read by the rules of tenant.json, nothing lost on the way through them."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.adapters.book_files.typed_settings import with_settings
from billing.domain.book import BookErrors
from billing.domain.dunning_policy import WhileSuspended
from billing.domain.errors import InvalidInput
from billing.domain.kept_anchor import Anchor
from billing.domain.tenant import EInvoiceFormat, Guard, Paper, Tenant, UnconfirmedVatId
from billing.domain.tenant_settings import SetElsewhere, UnknownSetting
from tests.builders import a_tenant
from tests.unit.test_tenant_settings import OTHER

AWAY = replace(OTHER, seller=replace(OTHER.seller, state=""))


@pytest.mark.parametrize("tenant", [a_tenant(), OTHER, AWAY])
def test_a_tenant_comes_through_the_rules_unchanged(tenant: Tenant) -> None:
    assert with_settings(tenant, {}) == tenant


@pytest.mark.parametrize(
    ("typed", "changes"),
    [
        ({"approval": ["on"]}, {"approval": True}),
        ({"skip_zero_invoices": ["off"]}, {"skip_zero_invoices": False}),
        ({"payment_terms_days": ["7"]}, {"payment_terms_days": 7}),
        ({"payment_terms_days": [""]}, {"payment_terms_days": 30}),
        ({"guard.factor": ["2.5"]}, {"guard": Guard(factor=Decimal("2.5"), floor=5000)}),
        ({"guard.floor": ["0.01"]}, {"guard": Guard(factor=Decimal(3), floor=1)}),
        ({"guard": ["off"]}, {"guard": None}),
        ({"guard": [""], "guard.factor": ["4"]}, {"guard": Guard(factor=Decimal(4), floor=0)}),
        ({"bank": [""]}, {"bank": None}),
        ({"notes": ["Danke.", "Bis bald."]}, {"notes": ("Danke.", "Bis bald.")}),
        ({"notes": [""]}, {"notes": ()}),
        ({"e_invoices": ["ubl", "factur-x"]}, {"e_invoices": (EInvoiceFormat.UBL, EInvoiceFormat.FACTUR_X)}),
        ({"unconfirmed_vat_id": ["hold"]}, {"unconfirmed_vat_id": UnconfirmedVatId.HOLD}),
        ({"unconfirmed_vat_id": [""]}, {"unconfirmed_vat_id": UnconfirmedVatId.CHARGE}),
        ({"paper": ["a4"]}, {"paper": Paper.A4}),
        ({"footer": ["a=b"]}, {"footer": "a=b"}),
        ({"gateway": [""], "gateway_account": [""]}, {"gateway": "", "gateway_account": ""}),
        ({"mail_sender": ["a@b.example"]}, {"mail_sender": "a@b.example"}),
        ({"event_url": ["https://b.example:8443/e?k=1"]}, {"event_url": "https://b.example:8443/e?k=1"}),
        ({"event_url": ["https://8.8.8.8/e"]}, {"event_url": "https://8.8.8.8/e"}),
        ({"event_url": ["https://fade.be/"]}, {"event_url": "https://fade.be/"}),
        ({"event_url": ["http://[::1]:8080/"]}, {"event_url": "http://[::1]:8080/"}),
        ({"event_secret_name": ["ACME_2"]}, {"event_secret_name": "ACME_2"}),
        ({"interval_change": ["keep"]}, {"interval_change": Anchor.KEEP}),
        ({"while_suspended": ["skip"]}, {"while_suspended": WhileSuspended.SKIP}),
        ({"while_suspended": [""]}, {"while_suspended": WhileSuspended.BILL}),
    ],
)
def test_a_typed_value_becomes_the_setting_and_nothing_else_changes(typed: dict, changes: dict) -> None:
    assert with_settings(OTHER, typed) == replace(OTHER, **changes)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"guard.factor": ["1"]}, "guard.factor: expected more than 1, got '1'"),
        ({"guard.floor": ["0.001"]}, "guard.floor: expected at most 2 decimals, got '0.001'"),
        ({"payment_terms_days": ["soon"]}, "payment_terms_days: expected a whole number, got 'soon'"),
        ({"payment_terms_days": ["366"]}, "payment_terms_days: expected less than or equal to 365, got 366"),
        ({"approval": ["maybe"]}, "approval: expected true, yes, on, 1, false, no, off or 0, got 'maybe'"),
        ({"accent_colour": ["green"]}, "accent_colour: expected a colour such as #1f3a5f, got 'green'"),
        ({"gateway": ["paypal"]}, "gateway: expected stripe, or nothing, got 'paypal'"),
        ({"gateway_account": ["acme!"]}, "gateway_account: expected capitals, digits and _ such as ACME, got 'acme!'"),
        ({"event_secret_name": ["whsec_x"]}, "event_secret_name: expected capitals, digits and _ such as ACME"),
        *(
            ({"event_url": [f"https://{host}/x"]}, "event_url: expected an address on the public internet")
            for host in ("10.0.0.1", "[::1]", "100.64.0.1", "169.254.169.254", "[fd00::1]", "127.1", "0x7f000001")
        ),
        *(
            ({"event_url": [url]}, "event_url: expected an https:// address")
            for url in (
                "http://b.example/events",
                "ftp://b.example",
                "https://",
                "https://user@b.example",
                "https://b.example/#x",
                "https://b.example/a b",
                "https://b.example\\@c.example",
                "https://b.example:port/",
                "https://[::1/",
                "b.example",
                "https://bücher.example",
            )
        ),
        ({"unconfirmed_vat_id": ["on"]}, "unconfirmed_vat_id: expected one of 'charge' or 'hold', got 'on'"),
        ({"while_suspended": ["wait"]}, "while_suspended: expected one of 'bill', 'skip' or 'catch_up', got 'wait'"),
        (
            {"bank.iban": [""], "bank.account_number": [""]},
            "bank.iban: expected an IBAN, or account_number where there is none",
        ),
        ({"legal_name": [""]}, "legal_name: the key is missing"),
        ({"mail_sender": ["a@b\r\nBcc: c@d"]}, "mail_sender: expected at most 500 characters without control"),
    ],
)
def test_what_breaks_a_rule_of_tenant_json_is_refused_by_name(typed: dict, message: str) -> None:
    with pytest.raises(BookErrors) as raised:
        with_settings(OTHER, typed)
    [error] = raised.value.errors
    assert str(error).startswith(message)


def test_a_floor_without_a_guard_asks_for_its_factor() -> None:
    with pytest.raises(BookErrors, match=r"guard\.factor: the key is missing"):
        with_settings(a_tenant(), {"guard.floor": ["5"]})


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(BookErrors) as raised:
        with_settings(OTHER, {"paper": ["a3"], "locale": ["xx_YY"]})
    assert {each.column for each in raised.value.errors} == {"paper", "locale"}


def test_two_values_of_a_setting_that_takes_one_are_refused() -> None:
    with pytest.raises(InvalidInput, match="paper: expected one value"):
        with_settings(OTHER, {"paper": ["a4", "letter"]})


@pytest.mark.parametrize("name", ["guard", "gaurd.factor", "seller.name", ""])
def test_a_name_that_no_setting_has_is_refused(name: str) -> None:
    with pytest.raises(UnknownSetting):
        with_settings(OTHER, {name: ["3"]})


def test_dunning_is_set_by_a_command_of_its_own() -> None:
    with pytest.raises(SetElsewhere) as raised:
        with_settings(OTHER, {"dunning": ["gentle"]})
    assert str(raised.value) == "dunning is not set by one value; use `billing dunning policy set FILE`"
