"""A wrong setting, plan or price of a book is refused; the error names the field and what was expected."""

from pathlib import Path
from typing import Any

import pytest

from tests.book_faults import ID
from tests.book_folder import CALLS, PLAN, TENANT, book_folder, changed, errors_of


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"currency": "XYZ"}, "tenant.json:5: currency: expected an ISO 4217 code such as USD, got 'XYZ'"),
        (
            {"time_zone": "Mars/Base"},
            "tenant.json:6: time_zone: expected an IANA time zone such as Europe/Berlin, got 'Mars/Base'",
        ),
        (
            {"time_zone": "../../etc/passwd"},
            "tenant.json:6: time_zone: expected an IANA time zone such as Europe/Berlin, got '../../etc/passwd'",
        ),
        ({"locale": "english"}, "tenant.json:7: locale: expected a locale such as en_US or de_DE, got 'english'"),
        ({"country": "UK"}, "tenant.json:4: country: expected the ISO 3166-1 code GB, got 'UK'"),
        ({"country": "ZZ"}, "tenant.json:4: country: expected an ISO 3166-1 code such as DE, got 'ZZ'"),
        ({"state": "XX"}, "tenant.json:8: state: expected a two-letter US state such as NY, got 'XX'"),
        ({"tenant_id": "../x"}, "tenant.json:2: tenant_id: expected 1 to 63 letters, digits, - or _, got '../x'"),
        (
            {"legal_name": "A\x07B"},
            "tenant.json:3: legal_name: expected at most 500 characters without control characters, got 'A\\x07B'",
        ),
        ({"legal_name": 5}, "tenant.json:3: legal_name: expected text, got 5"),
        (
            {"email": "nobody"},
            "tenant.json:8: email: expected an e-mail address such as billing@example.com, got 'nobody'",
        ),
        ({"email": ""}, None),
        ({"guard": {"factor": "1.5", "floor": "10.50"}, "approval": "yes"}, None),
        ({"guard": {"factor": 1}}, "tenant.json:9: guard.factor: expected more than 1, got '1'"),
        ({"guard": {}}, "tenant.json:8: guard.factor: the key is missing"),
        (
            {"guard": {"factor": 3, "floor": "0.005"}},
            "tenant.json:10: guard.floor: expected at most 2 decimals, got '0.005'",
        ),
        ({"guard": {"factor": 3, "floor": "-1"}}, "tenant.json:10: guard.floor: expected 0 or more, got '-1'"),
        ({"guard": {"factor": 3, "most": 1}}, "tenant.json:10: guard.most: unknown key; known are factor, floor"),
        ({"approval": "maybe"}, "tenant.json:8: approval: expected true, yes, on, 1, false, no, off or 0, got 'maybe'"),
        (
            {"skip_zero_invoices": "maybe"},
            "tenant.json:8: skip_zero_invoices: expected true, yes, on, 1, false, no, off or 0, got 'maybe'",
        ),
        ({"bank": {"account_holder": "A", "iban": "DE89370400440532013000", "bic": ""}}, None),
        ({"legal_name": " "}, "tenant.json:3: legal_name: expected text that is not empty, got ' '"),
        (
            {"legal_name": "\ud800"},
            "tenant.json:3: legal_name: expected at most 500 characters without control characters, got '\\ud800'",
        ),
        ({"payment_terms_days": "30"}, "tenant.json:8: payment_terms_days: expected a whole number, got '30'"),
        ({"payment_terms_days": -1}, "tenant.json:8: payment_terms_days: expected greater than or equal to 0, got -1"),
        ({"rounding": "down"}, "tenant.json:8: rounding: expected one of 'half_up' or 'half_even', got 'down'"),
        ({"accent_colour": "red"}, "tenant.json:8: accent_colour: expected a colour such as #1f3a5f, got 'red'"),
        ({"paper": "a5"}, "tenant.json:8: paper: expected one of 'a4' or 'letter', got 'a5'"),
        (
            {"logo_key": "branding/../invoices/x.png"},
            "tenant.json:8: logo_key: expected a key such as branding/logo.png, got 'branding/../invoices/x.png'",
        ),
        ({"legal_name": ...}, "tenant.json:1: legal_name: the key is missing"),
        (
            {"bank": {"account_holder": "A", "iban": "DE89370400440532013001"}},
            (
                "tenant.json:10: bank.iban: expected an IBAN (The number's checksum or check digit is invalid.), "
                "got 'DE89370400440532013001'"
            ),
        ),
        (
            {"bank": {"account_holder": "A", "iban": "DE89370400440532013000", "bic": "COBA"}},
            "tenant.json:11: bank.bic: expected a BIC (The number has an invalid length.), got 'COBA'",
        ),
        (
            {"invoice_number": {"format": "INV-{sequence}"}},
            (
                "tenant.json:9: invoice_number.format: expected {month}, {year} in it, as the sequence restarts each "
                "month, got 'INV-{sequence}'"
            ),
        ),
        (
            {"credit_note_number": {"format": "CN-{year}"}},
            (
                "tenant.json:9: credit_note_number.format: expected {month}, {sequence} in it, as the sequence "
                "restarts each month, got 'CN-{year}'"
            ),
        ),
        (
            {"bank": {"account_holder": "A", "iban": "DE89370400440532013000", "swift": "X"}},
            (
                "tenant.json:11: bank.swift: unknown key; known are account_holder, iban, bic, bank_name, "
                "account_number, routing_number"
            ),
        ),
    ],
)
def test_a_wrong_setting_is_refused(tmp_path: Path, changes: dict[str, Any], expected: str | None) -> None:
    assert errors_of(book_folder(tmp_path, tenant=changed(TENANT, **changes))) == ([expected] if expected else [])


def tiered(*tiers: dict[str, Any], model: str = "graduated") -> dict[str, Any]:
    return {"usage": [{"metric": "calls", "name": "Calls", "model": model, "tiers": list(tiers)}]}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            tiered({"up_to": 100}, {"up_to": 50}, {"up_to": None}),
            "usage[0].tiers[1].up_to: expected more than 100, got '50'",
        ),
        (
            tiered({"up_to": 100}, {"up_to": 100}, {"up_to": None}),
            "usage[0].tiers[1].up_to: expected more than 100, got '100'",
        ),
        (tiered({"up_to": 100}), "usage[0].tiers[0].up_to: expected null in the last tier, got '100'"),
        (
            tiered({"up_to": None}, {"up_to": None}),
            "usage[0].tiers[0].up_to: expected null only in the last tier, got null",
        ),
        (tiered({"up_to": 0}, {"up_to": None}), "usage[0].tiers[0].up_to: expected more than 0, got '0'"),
        (tiered(), "usage[0].tiers: expected at least one tier, got 'none'"),
        (tiered({"up_to": None, "unit_price": "-1"}), "usage[0].tiers[0].unit_price: expected 0 or more, got '-1'"),
        (
            tiered({"up_to": None, "unit_price": "1"}, model="stairstep"),
            "usage[0].tiers[0].unit_price: expected no unit price in a stairstep, got '1'",
        ),
        (
            tiered({"up_to": None, "price": "1"}),
            "usage[0].tiers[0].price: unknown key; known are name, up_to, unit_price, flat_fee",
        ),
        (
            {"usage": [changed(CALLS, model="flat")]},
            "usage[0].model: expected a price of usage; a fixed price goes to fees or addons, got 'flat'",
        ),
        ({"usage": [changed(CALLS, unit_price=...)]}, "usage[0].unit_price: expected an exact decimal, got null"),
        ({"usage": [changed(CALLS, unit_price="NaN")]}, None),
        ({"usage": [changed(CALLS, unit_price="Infinity")]}, None),
        ({"usage": [changed(CALLS, unit_price=True)]}, None),
        (
            {"usage": [changed(CALLS, package_size=5)]},
            "usage[0].package_size: expected only tiers, unit_price in a per_unit price, got '5'",
        ),
        (
            {"usage": [changed(CALLS, model="package")]},
            "usage[0].package_size: expected an exact decimal, got null",
        ),
        (
            {"usage": [changed(CALLS, model="package", package_size=0)]},
            "usage[0].package_size: expected more than 0, got '0'",
        ),
        ({"usage": [CALLS, CALLS]}, "usage[1]: expected a name used once, got 'calls'"),
        ({"usage": [changed(CALLS, metric="a/b")]}, f"usage[0].metric: expected {ID.replace('100', '64')}, got 'a/b'"),
        ({"plan_id": 5}, "plan_id: expected an id as text, got 5"),
        (
            {"usage": [changed(CALLS, model="package", package_size=5, package_price="1")]},
            "usage[0].package_price: expected the block's price once, got ['0.01', '1']",
        ),
        (
            {"usage": [changed(CALLS, unit_price=..., tiers=[{"up_to": None, "flat_fee": 1}])]},
            "usage[0].tiers: expected unit_price alone, or one tier without end or fee, got 1",
        ),
        ({"plan_id": "a@b"}, "plan_id: expected a plan id without @, which sets off the version, got 'a@b'"),
        (
            {"plan_id": "by-hand.usd"},
            (
                "plan_id: expected a plan id that does not begin with by-hand., which is kept for "
                "invoices made by hand, got 'by-hand.usd'"
            ),
        ),
        ({"plan_id": "../x"}, f"plan_id: expected {ID}, got '../x'"),
        ({"currency": "usd"}, "currency: expected an ISO 4217 code such as USD, got 'usd'"),
        (
            {"cycle": {"unit": "day", "anchor_day": 1}},
            "cycle.anchor_day: expected a cycle of months or years, got 'day'",
        ),
        ({"cycle": {"unit": "month", "anchor_day": 32}}, "cycle.anchor_day: expected 1 to 31, got 32"),
        ({"cycle": {"unit": "month", "every": 0}}, "cycle.every: expected a whole number from 1 to 10000, got 0"),
        (
            {"cycle": {"unit": "fortnight"}},
            "cycle.unit: expected one of 'hour', 'day', 'week', 'month' or 'year', got 'fortnight'",
        ),
        ({"version": 0}, "version: expected greater than or equal to 1, got 0"),
        (
            {"fees": [{"fee_id": "support", "name": "S", "price": "1"}]},
            "addons[1]: expected a name used once, got 'support'",
        ),
        (
            {"seats": 5},
            (
                "seats: unknown key; known are id, plan_id, version, name, currency, cycle, first_period, "
                "minimum_commitment, trial_days, usage, fees, addons"
            ),
        ),
    ],
)
def test_a_wrong_price_is_refused(tmp_path: Path, changes: dict[str, Any], expected: str | None) -> None:
    (error,) = errors_of(book_folder(tmp_path, plan=changed(PLAN, **changes)))
    given = changes["usage"][0]["unit_price"] if expected is None else ""
    shown = "true" if given is True else repr(given)
    exact = f'usage[0].unit_price: expected an exact decimal as text such as "12.50", never a float, got {shown}'
    assert error.partition(": ")[2] == (expected or exact)
