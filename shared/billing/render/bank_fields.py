"""A seller's account as a document and a mail show it, for a transfer."""

from types import MappingProxyType
from typing import Final

from billing.domain.invoice import Invoice
from billing.render.document_view import Field
from billing.render.words import Words

# What a bank's number is called there, in whatever language: it is looked for on a form of that country.
_OWN_TERMS: Final = MappingProxyType({"US": "Routing number", "GB": "Sort code", "IE": "Sort code"})


def account_fields(invoice: Invoice, *, words: Words) -> tuple[Field, ...]:
    """Where a transfer goes: holder, IBAN and BIC, the account's number and its bank's, each where there is one."""
    bank = invoice.bank
    if bank is None:
        return ()
    fields = (
        Field(label=words.account_holder, value=bank.account_holder),
        Field(label="IBAN", value=_grouped(bank.iban)),
        Field(label=words.account_number, value=bank.account_number),
        Field(label=_OWN_TERMS.get(invoice.seller.country, words.bank_code), value=bank.routing_number),
        Field(label="BIC", value=bank.bic),
    )
    return tuple(field for field in fields if field.value)


def _grouped(iban: str) -> str:
    plain = "".join(iban.split())
    return " ".join(plain[place : place + 4] for place in range(0, len(plain), 4))
