"""Customers as they are sent: each value by the rules of a book's `customers.csv`."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from billing.adapters.book_files.cell_types import (
    Country,
    Currency,
    DeliveryAddress,
    Email,
    LocaleName,
    Name,
    Text,
    VatId,
    Zone,
    require_state,
)
from billing.api.routes.models import GivenModel, Id
from billing.domain.customer import Customer
from billing.domain.customer_preferences import InvoiceDelivery
from billing.domain.customer_taxation import taxed_where_it_is, with_party
from billing.domain.errors import InvalidInput
from billing.domain.invoice import CollectionMethod, Party
from billing.domain.tax import TaxParty
from billing.usecases.record_change import RecordChange, with_preferences


class GivenParty(GivenModel):
    """A name with its address; `country` is ISO 3166-1 alpha-2, `tax_id` a VAT id."""

    name: Name
    country: Country
    street: Text = ""
    city: Text = ""
    state: Text = ""
    postal_code: Text = ""
    email: Email = ""
    tax_id: VatId = ""
    registration: Text = ""
    electronic_address: DeliveryAddress = ""


class GivenPartyChange(GivenParty):
    """What changes of it; what is not named stays."""

    name: Name = ""
    country: Country = ""


class GivenTax(GivenModel):
    """What taxation rests on beside the address: `vat_id_valid` says that the register was asked."""

    vat_id_valid: bool = False
    exempt: bool = False
    exemption_reason: Text = ""
    business: bool = True


class GivenCustomer(GivenModel):
    """A new customer."""

    id: Id | None = None
    party: GivenParty
    tax: GivenTax = GivenTax()
    currency: Currency
    locale: LocaleName = ""
    collection_method: CollectionMethod = CollectionMethod.SEND_INVOICE
    invoice_delivery: InvoiceDelivery = InvoiceDelivery.EMAIL
    buyer_reference: Text = ""
    time_zone: Zone | None = None
    segment: Annotated[str, Field(max_length=200, pattern=r"^([A-Za-z0-9][A-Za-z0-9._@:~+-]*)?$")] = ""
    dunning_policy: Annotated[str, Field(max_length=200)] = ""


class GivenCustomerChange(GivenModel):
    """What changes of a customer; what is not named stays."""

    party: GivenPartyChange | None = None
    tax: GivenTax | None = None
    locale: LocaleName | None = None
    collection_method: CollectionMethod | None = None
    invoice_delivery: InvoiceDelivery | None = None
    buyer_reference: Text | None = None
    time_zone: Zone | None = None


def new_customer(given: GivenCustomer, *, customer_id: str, at: datetime) -> Customer:
    """The customer that is asked for at a UTC instant; InvalidInput for what can't be."""
    party = _in_a_state(Party(**given.party.model_dump()))
    tax = TaxParty(country=party.country, **given.tax.model_dump())
    customer = Customer(
        id=customer_id,
        party=party,
        tax=tax,
        currency=given.currency,
        locale=given.locale,
        collection_method=given.collection_method,
        buyer_reference=given.buyer_reference,
        time_zone=given.time_zone or "",
        segment=given.segment,
        dunning_policy=given.dunning_policy,
    )
    return taxed_where_it_is(with_preferences(customer, RecordChange(delivery=given.invoice_delivery), at=at))


def changed_customer(before: Customer, given: GivenCustomerChange, *, at: datetime) -> Customer:
    """The customer with what was named at a UTC instant; InvalidInput for what can't be."""
    named: dict[str, Any] = given.model_dump(exclude_unset=True, exclude_none=True)
    party = _in_a_state(replace(before.party, **named.pop("party", {})))
    tax = replace(before.tax, **named.pop("tax", {}))
    asked = "vat_id_valid" in (given.tax or GivenTax()).model_fields_set
    if (delivery := named.pop("invoice_delivery", None)) is not None:
        before = with_preferences(before, RecordChange(delivery=delivery), at=at)
    return replace(with_party(before, party=party, tax=tax, register_asked=asked), **named)


def _in_a_state(party: Party) -> Party:
    """The party; InvalidInput for a state that is none."""
    try:
        require_state(party.country, party.state)
    except InvalidInput as error:
        raise InvalidInput("party.state", expected=error.expected, given=error.given) from None
    return party
