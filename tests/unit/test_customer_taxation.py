"""A customer is taxed where its address is, by the VAT id that stands there, and nothing of that contradicts itself."""

from dataclasses import replace

import pytest

from billing.domain.customer import Customer
from billing.domain.customer_taxation import taxed_where_it_is, with_party
from billing.domain.errors import InvalidInput
from billing.domain.tax import TaxParty
from billing.store.collection import Stored
from billing.usecases.call import Call
from billing.usecases.change_customer import change_customer
from billing.usecases.create_customer import create_customer
from tests.builders import a_customer, a_party
from tests.world import World

GERMAN, AUSTRIAN = "DE136695976", "ATU13585627"
CHECKED = a_customer(
    party=a_party(country="DE", postal_code="50667", tax_id=GERMAN),
    tax=TaxParty(country="DE", postal_code="50667", vat_id=GERMAN, vat_id_valid=True),
)


def test_place_and_vat_id_are_those_of_the_address() -> None:
    party = a_party(country="US", state="NY", postal_code="10001", tax_id="")
    customer = taxed_where_it_is(a_customer(party=party, tax=TaxParty(country="DE", vat_id=GERMAN, business=False)))
    assert customer.tax == TaxParty(country="US", state="NY", postal_code="10001", business=False)


@pytest.mark.parametrize(
    ("tax_id", "tax", "message"),
    [
        (
            GERMAN,
            TaxParty(country="DE", exemption_reason="NATO"),
            "tax.exempt: expected true beside an exemption_reason",
        ),
        ("", TaxParty(country="DE", vat_id_valid=True), "party.tax_id: expected a VAT id, as the register"),
    ],
)
def test_what_contradicts_itself_is_refused(tax_id: str, tax: TaxParty, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        taxed_where_it_is(a_customer(party=a_party(country="DE", tax_id=tax_id), tax=tax))


def test_another_vat_id_counts_as_valid_only_where_the_register_was_asked_about_it() -> None:
    moved = replace(CHECKED.party, country="AT", tax_id=AUSTRIAN)
    unasked = with_party(CHECKED, party=moved, tax=CHECKED.tax, register_asked=False).tax
    assert (unasked.country, unasked.vat_id, unasked.vat_id_valid) == ("AT", AUSTRIAN, False)
    assert with_party(CHECKED, party=moved, tax=CHECKED.tax, register_asked=True).tax.vat_id_valid


def test_the_same_vat_id_at_another_address_stays_valid() -> None:
    moved = replace(CHECKED.party, postal_code="10115")
    tax = with_party(CHECKED, party=moved, tax=CHECKED.tax, register_asked=False).tax
    assert (tax.postal_code, tax.vat_id_valid) == ("10115", True)


def test_every_door_to_a_customer_holds_to_that() -> None:
    world = World()
    call = Call(tenant_id=world.tenant.id, actor="ada", recorded_at=world.now)
    loose = replace(CHECKED, id="c1", tax=replace(CHECKED.tax, country="AT", vat_id=AUSTRIAN))
    assert create_customer(world.documents, loose, call=call).customer.tax == CHECKED.tax

    def moved(stored: Stored[Customer]) -> Customer:
        return replace(stored.value, party=replace(stored.value.party, tax_id=""))

    with pytest.raises(InvalidInput, match=r"party\.tax_id"):
        change_customer(world.documents, "c1", moved, call=call)
