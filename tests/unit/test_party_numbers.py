"""Numbers and addresses that stand for a party: VAT identifiers, and where e-invoices are delivered."""

import pytest

from billing.domain.electronic_address import address_of, electronic_address
from billing.domain.errors import InvalidInput
from billing.domain.invoice import Party
from billing.domain.value_added import is_value_added
from billing.domain.vat_number import vat_identifier
from tests.e_invoice_samples import INVOICES


@pytest.mark.parametrize(
    ("country", "tax_id", "vat_id"),
    [
        ("DE", "DE 123 456 788", "DE123456788"),
        ("GR", "EL123456789", "EL123456789"),
        ("CH", "CHE123456788", "CHE123456788"),
        ("GB", "XI123456789", "XI123456789"),
        ("US", "DE123456788", "DE123456788"),
        ("US", "EU372000041", ""),
        ("JP", "T1234567890123", ""),
        ("DE", "123/456/78901", ""),
        ("DE", "DE", ""),
        ("DE", "", ""),
    ],
)
def test_a_vat_identifier_starts_with_a_country_that_gave_it(country: str, tax_id: str, vat_id: str) -> None:
    assert vat_identifier(Party(name="X", country=country, tax_id=tax_id)) == vat_id


def test_an_electronic_address_is_a_scheme_and_an_identifier() -> None:
    assert electronic_address("0088:4012345000009") == ("0088", "4012345000009")
    assert electronic_address("EM: ap@example.com ") == ("EM", "ap@example.com")


@pytest.mark.parametrize("text", ["", "0088", "0088:", "0088: ", "gln:4012345000009", "4012345000009", "em:a@b.c"])
def test_what_is_no_electronic_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"a scheme of the EAS list"):
        electronic_address(text)


def test_a_party_without_an_electronic_address_is_reached_by_e_mail_or_not_at_all() -> None:
    mail = Party(name="X", email="ap@example.com")
    assert address_of(mail) == ("EM", "ap@example.com")
    assert address_of(Party(name="X")) is None
    assert address_of(Party(name="X", email="ap@example.com", electronic_address="0204:991-1234-56")) == (
        "0204",
        "991-1234-56",
    )


@pytest.mark.parametrize(
    ("name", "value_added"),
    [
        ("two rates", True),
        ("zero and standard rate", True),
        ("reverse charge", True),
        ("outside the scope", True),
        ("two US sales taxes", False),
        ("inclusive US sales taxes", False),
    ],
)
def test_a_value_added_tax_has_one_row_for_each_line(name: str, value_added: bool) -> None:
    invoice = INVOICES[name]
    assert is_value_added(invoice.lines, invoice.tax_lines) is value_added
