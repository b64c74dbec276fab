"""What a customer's taxation rests on is one with its address: its place, and its VAT id (semantics 6)."""

from dataclasses import replace

from billing.domain.customer import Customer
from billing.domain.errors import InvalidInput
from billing.domain.invoice import Party
from billing.domain.tax import TaxParty


def taxed_where_it_is(customer: Customer) -> Customer:
    """The customer, taxed by the place and the VAT id of its address.

    InvalidInput (`tax.exempt`, `party.tax_id`) for a reason of what is not so, and for a VAT id that the register is
    said to know where there is none.
    """
    party, tax = customer.party, customer.tax
    if tax.exemption_reason and not tax.exempt:
        raise InvalidInput("tax.exempt", expected="true beside an exemption_reason", given=False)
    if tax.vat_id_valid and not party.tax_id:
        raise InvalidInput("party.tax_id", expected="a VAT id, as the register is said to know it", given="")
    here = replace(tax, country=party.country, state=party.state, postal_code=party.postal_code, vat_id=party.tax_id)
    return replace(customer, tax=here)


def with_party(before: Customer, *, party: Party, tax: TaxParty, register_asked: bool) -> Customer:
    """The customer at another address and with other taxation.

    `register_asked` says that `tax` tells what the register knows of the VAT id by now; another id was asked about by
    nobody yet otherwise, and counts as not valid. Raises InvalidInput as `taxed_where_it_is`.
    """
    if party.tax_id != before.party.tax_id and not register_asked:
        tax = replace(tax, vat_id_valid=False)
    return taxed_where_it_is(replace(before, party=party, tax=tax))
